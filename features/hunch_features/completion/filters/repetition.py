"""Small models go in circles. Token repetition by the prefix function (KMP), limits as in Copilot's client."""

from __future__ import annotations

import re

from hunch_features.completion.filters.context import Drop, FilterContext
from hunch_features.completion.reasons import Reason

TOKEN = re.compile(r"\w+|[^\w\s]")
# (period of at most so many tokens, within so many last tokens)
LIMITS = ((1, 10), (10, 30), (20, 45), (30, 60))
SAME_LINES = 3
# A phrase of at most so many tokens, said again for at least three times and this many tokens.
PHRASE, PHRASE_RUN = 8, 9


def drop_repetition(text: str, context: FilterContext) -> str | Drop:
    """Drop text whose end repeats with a short period; cut lines that repeat three times."""
    tokens = list(TOKEN.findall(text))[::-1]
    for period, window in LIMITS:
        if len(tokens) >= window and _period(tokens[:window]) <= period:
            return Drop(Reason.REPETITIVE)
    if _goes_in_circles(tokens):
        return Drop(Reason.REPETITIVE)
    lines = [line.strip() for line in text.split("\n")]
    for index in range(len(lines) - SAME_LINES + 1):
        chunk = lines[index : index + SAME_LINES]
        if any(map(str.isalnum, chunk[0])) and len(set(chunk)) == 1:
            kept = "\n".join(text.split("\n")[: index + 1])
            return kept if index else Drop(Reason.REPETITIVE)
    return text


def _goes_in_circles(tokens: list[str]) -> bool:
    """Whether a phrase is said four times in a row anywhere in the text."""
    for period in range(1, PHRASE + 1):
        run = 0
        for index in range(period, len(tokens)):
            run = run + 1 if tokens[index] == tokens[index - period] else 0
            if run >= max(3 * period, PHRASE_RUN):
                return True
    return False


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
