"""Text of open documents: a line buffer with code-point positions, and frozen snapshots of it.

Lines end at `\\n`, `\\r\\n` and `\\r` only, as LSP says; `str.splitlines` also splits at form feeds, U+2028 and more,
which shifts every position below. An edit costs the changed lines and a list splice, never a copy of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class Position(NamedTuple):
    """0-based line and column; columns are code points from the start of the line."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `start`…`end` by `text`. Positions out of range are clamped."""

    start: Position
    end: Position
    text: str


def split_lines(text: str) -> list[str]:
    """Lines with their ends; the last one has none and may be empty, so there is always at least one."""
    lines = _LINE.findall(text)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return lines


def _content(line: str) -> str:
    return line.rstrip("\r\n")


class Lines:
    """Reading access over a list of lines (with their ends). Offsets are code points from the start of the text."""

    __slots__ = ("_lines", "_starts", "language", "path", "version")

    def __init__(self, lines: list[str] | tuple[str, ...], path: str, language: str, version: int) -> None:
        self._lines = lines
        self._starts: list[int] | None = None
        self.path = path
        self.language = language
        self.version = version

    @property
    def line_count(self) -> int:
        """At least 1."""
        return len(self._lines)

    def line(self, number: int) -> str:
        """A line without its end. Raises IndexError beyond the last."""
        return _content(self._lines[number])

    def line_with_end(self, number: int) -> str:
        """A line with its end."""
        return self._lines[number]

    def _line_starts(self) -> list[int]:
        if self._starts is None:
            self._starts = list(accumulate(map(len, self._lines), initial=0))
        return self._starts

    @property
    def char_count(self) -> int:
        """Length of the text in code points."""
        return self._line_starts()[-1]

    def line_start(self, number: int) -> int:
        """Offset of a line's first character."""
        return self._line_starts()[number]

    def clamp(self, position: Position) -> Position:
        """The nearest position that exists; a column never lies behind the line's end characters."""
        if position.line < 0:
            return Position(0, 0)
        if position.line >= len(self._lines):
            last = len(self._lines) - 1
            return Position(last, len(self.line(last)))
        return Position(position.line, max(0, min(position.column, len(self.line(position.line)))))

    def offset_at(self, position: Position) -> int:
        """Offset of a position (clamped)."""
        line, column = self.clamp(position)
        return self._line_starts()[line] + column

    def position_at(self, offset: int) -> Position:
        """Position of an offset (clamped); an offset inside a line end counts as the line's end."""
        starts = self._line_starts()
        offset = max(0, min(offset, starts[-1]))
        line = min(bisect_right(starts, offset) - 1, len(self._lines) - 1)
        return Position(line, min(offset - starts[line], len(self.line(line))))

    def text(self) -> str:
        """The whole text."""
        return "".join(self._lines)

    def slice(self, start: int, end: int) -> str:
        """The code points `start`…`end`; touches only the lines in between."""
        starts = self._line_starts()
        start, end = max(0, start), min(end, starts[-1])
        if start >= end:
            return ""
        first = bisect_right(starts, start) - 1
        last = bisect_right(starts, end - 1) - 1
        joined = "".join(self._lines[first : last + 1])
        return joined[start - starts[first] : end - starts[first]]


class Snapshot(Lines):
    """A frozen state of a document; features work on it while editing goes on."""

    __slots__ = ("_text",)

    def __init__(self, lines: tuple[str, ...], path: str, language: str, version: int) -> None:
        super().__init__(lines, path, language, version)
        self._text: str | None = None

    def text(self) -> str:
        """The whole text, put together once."""
        if self._text is None:
            self._text = super().text()
        return self._text


class Document(Lines):
    """A document that changes. `path` is what the model sees (relative, with `/`); `language` an LSP language id."""

    __slots__ = ("_snapshot",)

    _lines: list[str]

    def __init__(self, text: str, path: str = "", language: str = "plaintext", version: int = 0) -> None:
        super().__init__(split_lines(text), path, language, version)
        self._snapshot: Snapshot | None = None

    def apply(self, edit: Edit) -> None:
        """Apply one edit and count the version up by one."""
        start, end = self.clamp(edit.start), self.clamp(edit.end)
        if end < start:
            start, end = end, start
        first, last = start.line, end.line
        middle = self._lines[first][: start.column] + edit.text + self._lines[last][end.column :]
        # A lone \\r before or \\n after the edit may become one line end with what is now beside it.
        if first > 0 and self._lines[first - 1].endswith("\r") and middle.startswith("\n"):
            first -= 1
            middle = self._lines[first] + middle
        if last + 1 < len(self._lines) and middle.endswith("\r") and self._lines[last + 1].startswith("\n"):
            last += 1
            middle += self._lines[last]
        new = split_lines(middle)
        if last + 1 < len(self._lines) and not new[-1]:
            new.pop()
        self._lines[first : last + 1] = new
        self.version += 1
        self._starts = None
        self._snapshot = None

    def snapshot(self) -> Snapshot:
        """The present state; the same object until the next edit."""
        if self._snapshot is None or self._snapshot.version != self.version:
            frozen = Snapshot(tuple(self._lines), self.path, self.language, self.version)
            frozen._starts = self._line_starts()
            self._snapshot = frozen
        return self._snapshot
