"""What the completion engine asks of a repository's memory: how a line goes on, without any model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from hunch_features.memory.continuation import Support
from hunch_features.text import Position, Snapshot


class Recalled(NamedTuple):
    """A rest of the line, and how probable memory finds it."""

    text: str
    probability: float
    support: Support | None = None


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
