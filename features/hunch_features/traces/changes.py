"""A text change as seen by the record: what was removed, what was put in, where; and how positions move with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from hunch_features.text import Edit, Lines, Position

MAX_REMOVED = 20_000
"""Code points of removed text that are looked at."""


@dataclass(frozen=True, slots=True)
class Change:
    """`removed` was replaced by `inserted` at `start`. `end` is given where `removed` is cut at `MAX_REMOVED`."""

    start: Position
    removed: str
    inserted: str
    end: Position | None = field(default=None, compare=False)

    @property
    def removed_end(self) -> Position:
        """Where the removed text ended before the change."""
        return after(self.start, self.removed) if self.end is None else self.end

    @property
    def inserted_end(self) -> Position:
        """Where the inserted text ends now."""
        return after(self.start, self.inserted)


def after(start: Position, text: str) -> Position:
    """The position behind a text that begins at `start`."""
    lines = text.count("\n") + text.count("\r") - text.count("\r\n")
    if not lines:
        return Position(start.line, start.column + len(text))
    return Position(start.line + lines, len(text) - max(text.rfind("\n"), text.rfind("\r")) - 1)


def describe(document: Lines, edit: Edit) -> Change:
    """What an edit is about to do. Call it before the edit is applied; costs the lines it touches."""
    start, end = sorted((document.clamp(edit.start), document.clamp(edit.end)))
    if start == end:
        return Change(start, "", edit.text)
    if start.line == end.line:
        return Change(start, document.line(start.line)[start.column : end.column], edit.text)
    parts = [document.line_with_end(start.line)[start.column :]]
    size = len(parts[0])
    for number in range(start.line + 1, end.line):
        parts.append(document.line_with_end(number))
        size += len(parts[-1])
        if size > MAX_REMOVED:
            break
    else:
        parts.append(document.line(end.line)[: end.column])
    return Change(start, "".join(parts)[:MAX_REMOVED], edit.text, end)


@dataclass(frozen=True, slots=True)
class Shift:
    """How a change moves positions: what ended at `old_end` ends at `new_end` now. Made once, used for many."""

    start: Position
    old_end: Position
    new_end: Position

    @classmethod
    def of(cls, change: Change) -> Shift:
        """The shift of a change."""
        return cls(change.start, change.removed_end, change.inserted_end)

    def moved(self, position: Position, *, sticks_left: bool) -> Position:
        """Where a position is now. At the spot of an insertion it stays when `sticks_left`, else it goes along."""
        start, old_end, new_end = self.start, self.old_end, self.new_end
        if position < start or (position == start and (sticks_left or old_end > position)):
            return position
        if position < old_end:
            return start if sticks_left else new_end
        if position.line == old_end.line:
            return Position(new_end.line, new_end.column + position.column - old_end.column)
        return Position(position.line + new_end.line - old_end.line, position.column)
