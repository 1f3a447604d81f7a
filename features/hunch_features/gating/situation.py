"""What the gate looks at: the place in the code, the suggestion if there is one yet, how sure its model was."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

BEFORE_CHARS, AFTER_CHARS, TEXT_CHARS = 2_000, 500, 1_000
"""How much of the text around the caret and of a suggestion is looked at: more costs time and told nothing more."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a suggestion is, or would be. `before` and `after` may be cut to what is looked at; the counts are whole.

    `after` and its count are None where they are not known. `at_s`: seconds since 1970. `idle_s`: seconds since the
    last key, `latency_ms`: how long the answer took; None where unknown.
    """

    before: str
    after: str | None
    at_s: float
    lines_before: int
    chars_before: int
    chars_after: int | None
    language: str = ""
    explicit: bool = False
    idle_s: float | None = None
    latency_ms: float | None = None

    @classmethod
    def between(cls, before: str, after: str | None, at_s: float, **known: Any) -> Place:
        """The place between two whole texts; `known`: the other fields."""
        return cls(
            before=before[-BEFORE_CHARS:],
            after=None if after is None else after[:AFTER_CHARS],
            at_s=at_s,
            lines_before=before.count("\n"),
            chars_before=len(before),
            chars_after=None if after is None else len(after),
            **known,
        )


@dataclass(frozen=True, slots=True)
class LogProbs:
    """Natural logarithms of the token probabilities of a suggestion; None where a backend does not tell."""

    mean: float | None = None
    least: float | None = None
    first: float | None = None
    last: float | None = None
    spread: float | None = None
    middle: float | None = None
    tokens: int | None = None
    right: float | None = None
    """Probability that the text is exactly what is wanted, by what the engine knows of its making; 0 to 1."""

    @classmethod
    def recalled(cls, probability: float) -> LogProbs:
        """Of a text that no model wrote, but that is right with this probability."""
        return cls(mean=math.log(probability), right=probability)

    @classmethod
    def of(cls, logprobs: tuple[float, ...]) -> LogProbs:
        """Summarises the log-probabilities of all tokens."""
        if not logprobs:
            return cls()
        ordered = sorted(logprobs)
        count = len(ordered)
        mean = sum(ordered) / count
        half = count // 2
        return cls(
            mean=mean,
            least=ordered[0],
            first=logprobs[0],
            last=logprobs[-1],
            spread=(sum((value - mean) ** 2 for value in ordered) / count) ** 0.5,
            middle=ordered[half] if count % 2 else (ordered[half - 1] + ordered[half]) / 2,
            tokens=count,
        )


@dataclass(frozen=True, slots=True)
class Suggested:
    """A suggestion that exists: its text as inserted at the caret, and what is known of its making."""

    text: str
    logprobs: LogProbs = field(default_factory=LogProbs)
