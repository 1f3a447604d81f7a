"""A generation in progress, and whether it still serves what was typed meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hunch_features.completion.choosing import Chosen
from hunch_features.text import Position, Snapshot

CONTEXT_CHARS = 160


@dataclass(slots=True)
class Running:
    """One generation. `text` grows while it runs; `waiting` counts the requests that want it."""

    snapshot: Snapshot
    position: Position
    text: str = ""
    waiting: int = 0
    task: asyncio.Task[Chosen] | None = None

    def typed_since(self, snapshot: Snapshot, position: Position) -> str | None:
        """What was typed after the place it was asked for, if everything else there is the same; else None."""
        mine = self.snapshot
        if snapshot.path != mine.path or position < self.position:
            return None
        start, now = self._offset(mine, self.position), self._offset(snapshot, position)
        begin = max(0, start - CONTEXT_CHARS)
        if mine.slice(begin, start) != snapshot.slice(begin, start):
            return None
        if mine.slice(start, start + CONTEXT_CHARS) != snapshot.slice(now, now + CONTEXT_CHARS):
            return None
        return snapshot.slice(start, now).replace("\r\n", "\n")

    def still_matches(self, typed: str) -> bool:
        """Whether the text so far agrees with what was typed."""
        return self.text.startswith(typed) or typed.startswith(self.text)

    @staticmethod
    def _offset(snapshot: Snapshot, position: Position) -> int:
        return snapshot.line_start(position.line) + position.column
