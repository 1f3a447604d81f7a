"""Which part of a text to parse when the rest is known: the statements around what changed and around a position."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tree_sitter

Span = tuple[int, int]
"""Bytes from the first up to the second."""
MOST = 0.5
"""A part larger than this share of the text is not worth it."""
SMALL = 4_000
"""Statements of so many bytes need no closer look."""
LEVELS = 3
"""How deep to look: of a module, a class in it, and one in that."""
FEWEST = 4
"""Statements that a list must have to be worth leaving some out."""
BODIES = ("block", "body", "declaration_list")
"""Ends of the names that grammars have for lists of statements and members."""
TRIED = 8
"""Neighbours looked at for the beginning of a line; in a text that is wrong at the top there may be none."""


class Edited(NamedTuple):
    """The bytes `start`…`old_end` became `start`…`new_end`; `byte` is a position in the text as it is now."""

    start: int
    old_end: int
    new_end: int
    byte: int

    @property
    def then(self) -> int:
        """The position in the text as it was."""
        if self.byte <= self.start:
            return self.byte
        return max(self.old_end, self.byte - self.new_end + self.old_end)

    def now(self, span: Span) -> Span:
        """Bytes of the text as it was in the text as it is; the edit is within them, before or behind them."""
        grown = self.new_end - self.old_end
        start = span[0] + grown if span[0] >= self.old_end and span[0] > self.start else span[0]
        return start, span[1] + grown if span[1] >= self.old_end else span[1]


def common(old: bytes, new: bytes) -> tuple[int, int, int]:
    """Where two texts begin to differ, and where that ends in the old and in the new one."""
    start = _common_prefix(old, new)
    tail = _common_suffix(old, new, start)
    return start, len(old) - tail, len(new) - tail


class Part(NamedTuple):
    """The innermost statements that are looked at, and all that is left out, in order: bytes of the text as it was."""

    span: Span
    left_out: tuple[Span, ...]


def nearby(root: tree_sitter.Node, source: bytes, edited: Edited) -> Part | None:
    """The statements of the old text with the edit and the position, and one more on either side.

    Where they are large, the same again within: of a class, the methods around. What holds them is kept, so that the
    part parses as the whole would. None where that is most of the text, or where no statement's beginning is found.
    """
    first, last = min(edited.start, edited.then), max(edited.old_end, edited.then)
    span = (0, len(source))
    left_out: list[Span] = []
    level: tree_sitter.Node | None = root
    while level is not None and span[1] - span[0] > SMALL and len(left_out) < 2 * LEVELS:
        kept = _kept(level, source, first, last, whole=span if level is root else None)
        if kept is None:
            break
        (low, high), span = kept
        left_out += [gap for gap in ((low, span[0]), (span[1], high)) if gap[0] < gap[1]]
        level = _body(level, first, last)
    left_out.sort()
    looked_at = len(source) - sum(end - start for start, end in left_out)
    return Part(span, tuple(left_out)) if left_out and looked_at <= MOST * len(source) else None


def _kept(
    level: tree_sitter.Node, source: bytes, first: int, last: int, whole: Span | None
) -> tuple[Span, Span] | None:
    """From where to where statements of a level can be left out, and which of them stay."""
    if not level.named_child_count:
        return None
    head, tail = level.named_child(0), level.named_child(level.named_child_count - 1)
    column = 0 if whole else head.start_point.column
    low, high = whole or (head.start_byte, tail.end_byte)
    if source[low - column : low].strip() and not whole:
        return None  # the first begins behind something else on its line
    cursor = level.walk()
    # One byte early: what is typed at the end of a statement belongs to it.
    if cursor.goto_first_child_for_byte(max(level.start_byte, first - 1)) is None and not cursor.goto_last_child():
        return None
    start = low
    if cursor.goto_previous_sibling():
        found = _beginning(cursor, cursor.goto_previous_sibling, column)
        if found is None:
            return None
        start = max(low, found)
    cursor.reset(level)
    end = high
    if cursor.goto_first_child_for_byte(last) is not None and cursor.goto_next_sibling() and cursor.goto_next_sibling():
        end = _beginning(cursor, cursor.goto_next_sibling, column) or high
    return (low, high), (start, end)


def _body(level: tree_sitter.Node, first: int, last: int) -> tree_sitter.Node | None:
    """The next list of statements below that has the edit and the position well inside."""
    cursor = level.walk()
    while cursor.goto_first_child_for_byte(max(level.start_byte, first - 1)) is not None:
        node = cursor.node
        if node is None or node.start_byte >= first or node.end_byte <= last:
            return None
        if node.type.endswith(BODIES) and node.named_child_count >= FEWEST:
            return node
    return None


def _beginning(cursor: tree_sitter.TreeCursor, move: Callable[[], bool], column: int) -> int | None:
    """The first byte of the next statement that begins a line as its siblings do, and is sound."""
    for _ in range(TRIED):
        node = cursor.node
        if node is not None and node.start_point.column == column and not node.is_error and node.is_named:
            return node.start_byte
        if not move():
            break
    return None


def _common_prefix(a: bytes, b: bytes) -> int:
    """Length of the common prefix by bisection over slices: memory compares instead of a Python loop."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_suffix(a: bytes, b: bytes, start: int) -> int:
    low, high = 0, min(len(a), len(b)) - start
    while low < high:
        middle = (low + high + 1) // 2
        if a[len(a) - middle : len(a) - low] == b[len(b) - middle : len(b) - low]:
            low = middle
        else:
            high = middle - 1
    return low
