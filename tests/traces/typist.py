"""A person at a keyboard, for tests: applies edits to a real document and reports them as a server would."""

from __future__ import annotations

from hunch_features.text import Document, Edit, Position
from hunch_features.traces.changes import describe
from hunch_features.traces.derive import Deriver
from hunch_features.traces.events import Event
from hunch_features.traces.persistence import PersistenceTracker


class Typist:
    """Types into one document; `events` is what was derived."""

    def __init__(self, text: str = "", name: str = "a.py") -> None:
        self.events: list[Event] = []
        self.deriver = Deriver(self.events.append, "w")
        self.tracker = PersistenceTracker(self.events.append, "w")
        self.document = Document(text, name, "python")
        self.at = 1_000_000
        self.deriver.viewed(name, "python", self.at)
        self.events.clear()

    def wait(self, ms: int) -> None:
        self.at += ms

    def edit(self, start: tuple[int, int], end: tuple[int, int], text: str, *more: Edit, whole: bool = False) -> None:
        """One change message."""
        changes = []
        for edit in (Edit(Position(*start), Position(*end), text), *more):
            changes.append(describe(self.document, edit))
            self.document.apply(edit)
        self.deriver.changed(self.document.path, changes, self.at, whole=whole)
        self.tracker.changed(self.document.path, changes)

    def put(self, offset: int, text: str, delete: int = 0) -> None:
        """Replace `delete` code points at an offset."""
        start, end = self.document.position_at(offset), self.document.position_at(offset + delete)
        self.edit(start, end, text)

    def type(self, offset: int, text: str, gap: int = 100) -> None:
        """Key by key."""
        for index, char in enumerate(text):
            self.put(offset + index, char)
            self.wait(gap)

    def backspace(self, offset: int, times: int = 1, gap: int = 100) -> None:
        for index in range(times):
            self.put(offset - index - 1, "", 1)
            self.wait(gap)

    def done(self) -> list[Event]:
        self.deriver.flush()
        return self.events
