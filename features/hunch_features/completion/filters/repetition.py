"""Small models go in circles. Token repetition by the prefix function (KMP), limits as in Copilot's client."""

from __future__ import annotations

import re

from hunch_features.completion.filters.context import Drop, FilterContext
from hunch_features.completion.reasons import Reason

TOKEN = re.compile(r"\w+|[^\w\s]")
# (period of at most so many tokens, within so many last tokens)
LIMITS = ((1, 10), (10, 30), (20, 45), (30, 60))
SAME_LINES = 3
SHORT_LOOP = re.compile(r"(\b\w[\w.]*\b\W{1,3})\1{3,}")


def drop_repetition(text: str, context: FilterContext) -> str | Drop:
    """Drop text whose end repeats with a short period; cut lines that repeat three times."""
    tokens = list(TOKEN.findall(text))[::-1]
    for period, window in LIMITS:
        if len(tokens) >= window and _period(tokens[:window]) <= period:
            return Drop(Reason.REPETITIVE)
    if SHORT_LOOP.search(text):
        return Drop(Reason.REPETITIVE)
    lines = [line.strip() for line in text.split("\n")]
    for index in range(len(lines) - SAME_LINES + 1):
        chunk = lines[index : index + SAME_LINES]
        if chunk[0] and len(set(chunk)) == 1:
            kept = "\n".join(text.split("\n")[: index + 1])
            return kept if index else Drop(Reason.REPETITIVE)
    return text


def _period(tokens: list[str]) -> int:
    """Smallest period of a sequence."""
    border = [0] * len(tokens)
    length = 0
    for index in range(1, len(tokens)):
        while length and tokens[index] != tokens[length]:
            length = border[length - 1]
        length += tokens[index] == tokens[length]
        border[index] = length
    return len(tokens) - border[-1]
