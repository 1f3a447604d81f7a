"""A draft of the argument that only the person knows: asked of the completion model, for a hole in a call."""

from __future__ import annotations

import re

from hunch_features.next_edit.calls import Hole
from hunch_features.next_edit.source import Source
from hunch_models.backend import GenerationRequest, Priority, StopRule, TokenBudget

MAX_TOKENS = 16
PREFIX_CHARS, SUFFIX_CHARS = 6_000, 1_500
_PLACEHOLDER = re.compile(r"\$\{1:(?:[^\\}]|\\.)*\}")
_ESCAPED = re.compile(r"\\(.)")
_OPEN, _CLOSED = "([{", ")]}"


def request_for(source: Source, hole: Hole, time_limit_ms: float = 2_000.0) -> GenerationRequest | None:
    """What to ask the model; None where more than one argument is missing."""
    if len(hole.names) != 1:
        return None
    ahead, behind = (_ESCAPED.sub(r"\1", part) for part in _PLACEHOLDER.split(hole.snippet, maxsplit=1))
    at = source.start_of(hole.position.line) + hole.position.column
    return GenerationRequest(
        prefix=source.text[max(0, at - PREFIX_CHARS) : at] + ahead,
        suffix=behind + source.text[at : at + SUFFIX_CHARS],
        path=source.path,
        budget=TokenBudget(prefix=512, suffix=128),
        stop=StopRule(single_line=True),
        max_tokens=MAX_TOKENS,
        time_limit_ms=time_limit_ms,
        priority=Priority.HELP,
    )


def argument_in(text: str) -> str:
    """The first argument that a generated text begins with; empty where it has no end that can be seen."""
    depth, quote, escaped = 0, "", False
    for at, char in enumerate(text):
        if quote:
            quote = quote if escaped or char != quote else ""
            escaped = char == "\\" and not escaped
        elif char in "\"'`":
            quote = char
        elif char in _OPEN:
            depth += 1
        elif depth == 0 and (char == "," or char in _CLOSED):
            return text[:at].strip()
        elif char in _CLOSED:
            depth -= 1
        elif char == "\n":
            break
    return "" if quote or depth else text.split("\n", 1)[0].strip()
