"""What the completion engine asks of a repository's memory: how a line goes on, without any model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from hunch_features.text import Position, Snapshot


class Recalled(NamedTuple):
    """A rest of the line, and the probability that it is exactly right."""

    text: str
    probability: float


class Recall(Protocol):
    """Repository memory, as seen from here. Called on a thread; answers within a few ms."""

    def continuations(self, snapshot: Snapshot, position: Position) -> Sequence[Recalled]:
        """Rests of the caret's line, the likeliest first; empty where nothing like it is known."""
        ...

    def unknown_call(self, snapshot: Snapshot, position: Position, text: str) -> str:
        """In words, what a completion calls that does not exist; empty where all may. On the event loop, < 1 ms."""
        ...


class NoRecall:
    """No repository memory."""

    def continuations(self, _snapshot: Snapshot, _position: Position) -> Sequence[Recalled]:
        """Nothing."""
        return ()

    def unknown_call(self, _snapshot: Snapshot, _position: Position, _text: str) -> str:
        """Nothing is known of names."""
        return ""


MODEL_WORTH = (0.39, 0.7, -0.19)
"""Log-odds that a model's text is exactly right: a constant, per unit of summed log-probability, per token. Fitted on
600 holes of two repositories (httpx, Flask) with the bundled model; the sum alone is far too sure of short texts."""


def better(recalled: Sequence[Recalled], token_logprobs: Sequence[float]) -> Recalled | None:
    """The recalled text where it is likelier to be right than what the model wrote with these log-probabilities."""
    if not recalled:
        return None
    base, per_unit, per_token = MODEL_WORTH
    odds = base + per_unit * sum(token_logprobs) + per_token * len(token_logprobs)
    model = 1 / (1 + math.exp(-min(max(odds, -30.0), 30.0))) if token_logprobs else 0.0
    return recalled[0] if recalled[0].probability > model else None
