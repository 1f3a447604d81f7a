"""Rejected text, remembered so that it is not offered again at the same place.

A place is the code around it, not a line number, so it moves along with edits.
"""

from __future__ import annotations

from collections import OrderedDict

from hunch_features.text import Position, Snapshot

REMEMBERED = 20  # Copilot's


class RejectionMemory:
    """The last 20 rejected texts."""

    def __init__(self) -> None:
        self._rejected: OrderedDict[tuple[str, str, str], None] = OrderedDict()

    def add(self, place: tuple[str, str], line: str) -> None:
        """Remember a rejection. `place`: from `place_of`; `line`: the whole text offered, line start included."""
        key = (*place, line.strip())
        self._rejected[key] = None
        self._rejected.move_to_end(key)
        if len(self._rejected) > REMEMBERED:
            self._rejected.popitem(last=False)

    def __contains__(self, key: tuple[tuple[str, str], str]) -> bool:
        place, line = key
        return (*place, line.strip()) in self._rejected


def place_of(snapshot: Snapshot, position: Position) -> tuple[str, str]:
    """The document and the nearest non-blank line above."""
    for number in range(position.line - 1, max(-1, position.line - 50), -1):
        line = snapshot.line(number).strip()
        if line:
            return snapshot.path, line
    return snapshot.path, ""
