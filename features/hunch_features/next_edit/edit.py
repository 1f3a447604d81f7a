"""The edit that was just made, as blocks of lines and the tokens that changed in them, and what may be edited next."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property

from hunch_features.next_edit.source import Source, Token, tokens_of
from hunch_features.text import Edit, Position

MAX_BLOCK_TOKENS = 400
MAX_DIFFED_LINES = 600
SIMILAR = 0.4
"""Lines that share less than this of their tokens are a deletion and an insertion, not one changed line."""


@dataclass(frozen=True, slots=True)
class EditJustMade:
    """One file before and after a burst of edits. `path` is relative to the root, with `/`."""

    path: str
    language: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NextEdit:
    """A place to edit next. `confidence` is meant as the share of such offers that are right.

    `edits` (in `path`) are empty where only the place is known. Places that belong to one change share `change`.
    """

    path: str
    start: Position
    end: Position
    symbol: str
    confidence: float
    kind: str
    change: str
    title: str
    why: str
    edits: tuple[Edit, ...] = ()
    content_confidence: float = 0.0
    snippet: str = ""
    """Where the place is all that is known: what to write at `start`, with placeholders (LSP's snippet syntax)."""


@dataclass(frozen=True, slots=True)
class Replacement:
    """Tokens `old` of one line became `new`; `left` and `right` are the tokens beside them, nearest last / first."""

    line: int
    old: tuple[Token, ...]
    new: tuple[Token, ...]
    left: tuple[Token, ...]
    right: tuple[Token, ...]
    old_text: str
    new_text: str


@dataclass(frozen=True, slots=True)
class ChangedLine:
    """A line that changed: its number in the new text, and both texts."""

    number: int
    old: str
    new: str
    replacements: tuple[Replacement, ...]
    likeness: float
    """Share of tokens that both have."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines `old_start`…`old_end` became `new_start`…`new_end` (ends excluded)."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int
    changed: tuple[ChangedLine, ...] = ()
    added: tuple[int, ...] = ()
    """Numbers of new lines that have no old line."""
    removed: tuple[int, ...] = ()
    """Numbers of old lines that have no new line."""


@dataclass
class Delta:
    """An edit taken apart."""

    edit: EditJustMade
    before: Source = field(init=False)
    after: Source = field(init=False)

    def __post_init__(self) -> None:
        self.before = Source(self.edit.path, self.edit.language, self.edit.before)
        self.after = Source(self.edit.path, self.edit.language, self.edit.after, self.before)

    @cached_property
    def blocks(self) -> list[Block]:
        """What changed, in order."""
        old, new = self.before.lines, self.after.lines
        start = 0
        while start < min(len(old), len(new)) and old[start] == new[start]:
            start += 1
        tail = 0
        while tail < min(len(old), len(new)) - start and old[-1 - tail] == new[-1 - tail]:
            tail += 1
        old_part, new_part = old[start : len(old) - tail], new[start : len(new) - tail]
        if not old_part and not new_part:
            return []
        if max(len(old_part), len(new_part)) > MAX_DIFFED_LINES:
            return [Block(start, start + len(old_part), start, start + len(new_part))]
        matcher = SequenceMatcher(None, old_part, new_part, autojunk=False)
        return [
            self._block(start + i1, start + i2, start + j1, start + j2)
            for tag, i1, i2, j1, j2 in matcher.get_opcodes()
            if tag != "equal"
        ]

    def _block(self, i1: int, i2: int, j1: int, j2: int) -> Block:
        old = [tokens_of(line) for line in self.before.lines[i1:i2]]
        new = [tokens_of(line) for line in self.after.lines[j1:j2]]
        if sum(map(len, old)) + sum(map(len, new)) > 4 * MAX_BLOCK_TOKENS:
            return Block(i1, i2, j1, j2, (), tuple(range(j1, j2)), tuple(range(i1, i2)))
        changed: list[ChangedLine] = []
        added: list[int] = []
        removed = set(range(i1, i2))
        at = 0
        for number, tokens in enumerate(new):
            best, place = SIMILAR, -1
            for other in range(at, len(old)):
                ratio = _similarity(old[other], tokens)
                if ratio > best:
                    best, place = ratio, other
            if place < 0:
                added.append(j1 + number)
                continue
            at = place + 1
            removed.discard(i1 + place)
            old_line, new_line = self.before.lines[i1 + place], self.after.lines[j1 + number]
            found = replacements(old_line, new_line, i1 + place)
            changed.append(ChangedLine(j1 + number, old_line, new_line, found, best))
        return Block(i1, i2, j1, j2, tuple(changed), tuple(added), tuple(sorted(removed)))

    @cached_property
    def touched(self) -> frozenset[int]:
        """Numbers of the new text's lines that were just written."""
        return frozenset(line for block in self.blocks for line in range(block.new_start, block.new_end))

    @cached_property
    def center(self) -> int:
        """The last line that was just written: where the caret may be."""
        return max(self.blocks[-1].new_start, self.blocks[-1].new_end - 1) if self.blocks else 0


def _similarity(old: list[Token], new: list[Token]) -> float:
    if not old or not new:
        return 0.0
    matcher = SequenceMatcher(None, [t.text for t in old], [t.text for t in new], autojunk=False)
    return matcher.ratio() if matcher.quick_ratio() > SIMILAR else 0.0


def replacements(old_line: str, new_line: str, number: int) -> tuple[Replacement, ...]:
    """What changed between two states of a line, token by token."""
    old, new = tokens_of(old_line), tokens_of(new_line)
    matcher = SequenceMatcher(None, [t.text for t in old], [t.text for t in new], autojunk=False)
    found = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        old_text = old_line[old[i1].start : old[i2 - 1].end] if i2 > i1 else ""
        new_text = new_line[new[j1].start : new[j2 - 1].end] if j2 > j1 else ""
        left, right = tuple(old[max(0, i1 - 6) : i1]), tuple(old[i2 : i2 + 6])
        found.append(Replacement(number, tuple(old[i1:i2]), tuple(new[j1:j2]), left, right, old_text, new_text))
    return tuple(found)
