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


class NoRecall:
    """No repository memory."""

    def continuations(self, _snapshot: Snapshot, _position: Position) -> Sequence[Recalled]:
        """Nothing."""
        return ()


def better(recalled: Sequence[Recalled], token_logprobs: Sequence[float]) -> Recalled | None:
    """The recalled text where it is likelier to be right than the model's own, by the product of its tokens."""
    if not recalled:
        return None
    model = math.exp(sum(token_logprobs)) if token_logprobs else 0.0
    return recalled[0] if recalled[0].probability > model else None
