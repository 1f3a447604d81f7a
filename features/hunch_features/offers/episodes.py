"""The edit just made, put together from changes at one place: its file before the first of them, and now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hunch_features.next_edit.edit import EditJustMade
from hunch_features.text import Document, Snapshot
from hunch_features.traces.changes import Change

NEAR_LINES = 8
"""Changes further away than this from what was changed before begin another edit."""
FRESH_MS = 60_000
"""So does a longer pause."""
LARGEST = 300_000
"""Longer texts (code points) are not compared."""


@dataclass(frozen=True, slots=True)
class Episode:
    """An edit: the text after its first change message, those changes, and the text now. For any thread."""

    begun: Snapshot
    changes: tuple[Change, ...]
    now: Snapshot

    def edit(self) -> EditJustMade | None:
        """The edit, None where nothing is different (any more). Costs milliseconds in a long file."""
        before, after = undone(self.begun, self.changes), self.now.text()
        if before == after:
            return None
        return EditJustMade(self.now.path, self.now.language, before, after)


class Episodes:
    """The last edit of one workspace. Holds one text; cheap enough for every key."""

    def __init__(self) -> None:
        self.path = ""
        self._begun: tuple[Snapshot, tuple[Change, ...]] | None = None
        self._first = self._last = 0
        self._at = 0

    def changed(self, document: Document, changes: Sequence[Change], at: int) -> None:
        """One change message; `document` has the text after it."""
        if not changes:
            return
        low = min(change.start.line for change in changes)
        high = max(change.inserted_end.line for change in changes)
        if self._continues(document.path, low, high, at):
            added = sum(change.inserted_end.line - change.removed_end.line for change in changes)
            self._first, self._last = min(self._first, low), max(self._last + added, high)
        else:
            self.path, self._first, self._last = document.path, low, high
            whole = document.char_count <= LARGEST and all(
                change.end is None or _is_whole(change) for change in changes
            )
            self._begun = (document.snapshot(), tuple(changes)) if whole else None
        self._at = at

    def _continues(self, path: str, low: int, high: int, at: int) -> bool:
        near = self._first - NEAR_LINES <= high and low <= self._last + NEAR_LINES
        return path == self.path and near and at - self._at <= FRESH_MS

    def episode(self, document: Document) -> Episode | None:
        """The last edit if it was made in this document and is not too large to be looked at."""
        if document.path != self.path or self._begun is None or document.char_count > LARGEST:
            return None
        return Episode(*self._begun, document.snapshot())


def _is_whole(change: Change) -> bool:
    """Whether all of the removed text is there: `describe` cuts it where it is very long."""
    return change.end is not None and Change(change.start, change.removed, "").removed_end == change.end


def undone(after: Snapshot, changes: Sequence[Change]) -> str:
    """The text before changes that were made one after the other."""
    text: Snapshot | Document = after
    for number, change in enumerate(reversed(changes)):
        whole = text.text()
        start = text.offset_at(change.start)
        before = whole[:start] + change.removed + whole[start + len(change.inserted) :]
        if number == len(changes) - 1:
            return before
        text = Document(before)
    return after.text()
