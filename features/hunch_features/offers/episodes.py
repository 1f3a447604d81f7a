"""The edit just made, put together from changes at one place: its file before the first of them, and now."""

from __future__ import annotations

from collections.abc import Sequence

from hunch_features.next_edit.edit import EditJustMade
from hunch_features.text import Document
from hunch_features.traces.changes import Change

NEAR_LINES = 8
"""Changes further away than this from what was changed before begin another edit."""
FRESH_MS = 60_000
"""So does a longer pause."""
LARGEST = 300_000
"""Longer texts (code points) are not compared."""


class Episodes:
    """The last edit of one workspace. Holds one text."""

    def __init__(self) -> None:
        self.path = ""
        self._before = ""
        self._first = self._last = 0
        self._at = 0

    def changed(self, document: Document, changes: Sequence[Change], at: int) -> None:
        """One change message; `document` has the text after it. Costs the text's length where an edit begins."""
        if not changes:
            return
        low = min(change.start.line for change in changes)
        high = max(change.inserted_end.line for change in changes)
        if not self._continues(document.path, low, high, at):
            self.path, self._first, self._last = document.path, low, high
            whole = document.char_count <= LARGEST and all(
                change.end is None or _is_whole(change) for change in changes
            )
            self._before = undone(document, changes) if whole else ""
            if not whole:
                self.path = ""
        else:
            added = sum(change.inserted_end.line - change.removed_end.line for change in changes)
            self._first, self._last = min(self._first, low), max(self._last + added, high)
        self._at = at

    def _continues(self, path: str, low: int, high: int, at: int) -> bool:
        near = self._first - NEAR_LINES <= high and low <= self._last + NEAR_LINES
        return path == self.path and near and at - self._at <= FRESH_MS

    def edit(self, document: Document) -> EditJustMade | None:
        """The edit in this document, if the last one was made there and something is different."""
        if document.path != self.path or document.char_count > LARGEST:
            return None
        after = document.text()
        if after == self._before:
            return None
        return EditJustMade(document.path, document.language, self._before, after)

    def forget(self) -> None:
        """The next change begins an edit."""
        self.path = self._before = ""


def _is_whole(change: Change) -> bool:
    """Whether all of the removed text is there: `describe` cuts it where it is very long."""
    return change.end is not None and Change(change.start, change.removed, "").removed_end == change.end


def undone(document: Document, changes: Sequence[Change]) -> str:
    """The text before changes that were made one after the other."""
    before = Document(document.text(), path=document.path, language=document.language)
    for change in reversed(changes):
        start = before.offset_at(change.start)
        text = before.text()
        end = start + len(change.inserted)
        before = Document(text[:start] + change.removed + text[end:], path=document.path, language=document.language)
    return before.text()
