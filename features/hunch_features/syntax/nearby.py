"""Which part of a text to parse when the rest is known: the statements around what changed and around a position."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tree_sitter

Span = tuple[int, int]
"""Bytes from the first up to the second."""
MOST = 0.5
"""A part larger than this share of the text is not worth it."""
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
        """Bytes of the text as it was, of which the edit is a part, in the text as it is."""
        return span[0], span[1] - self.old_end + self.new_end


def common(old: bytes, new: bytes) -> tuple[int, int, int]:
    """Where two texts begin to differ, and where that ends in the old and in the new one."""
    start = _common_prefix(old, new)
    tail = _common_suffix(old, new, start)
    return start, len(old) - tail, len(new) - tail


def nearby(root: tree_sitter.Node, size: int, edited: Edited) -> Span | None:
    """The top-level statements of the old text with the edit and the position, and one more on either side.

    None where that is most of the text, or where it cannot be told where a statement begins.
    """
    first, last = min(edited.start, edited.then), max(edited.old_end, edited.then)
    cursor = root.walk()
    # One byte early: what is typed at the end of a statement belongs to it.
    if cursor.goto_first_child_for_byte(max(0, first - 1)) is None and not cursor.goto_last_child():
        return None
    start = 0
    if cursor.goto_previous_sibling():
        found = _beginning(cursor, cursor.goto_previous_sibling)
        if found is None:
            return None
        start = found
    cursor.reset(root)
    end = size
    if cursor.goto_first_child_for_byte(last) is not None and cursor.goto_next_sibling() and cursor.goto_next_sibling():
        found = _beginning(cursor, cursor.goto_next_sibling)
        if found is None:
            return None
        end = found
    return (start, end) if end - start <= MOST * size else None


def _beginning(cursor: tree_sitter.TreeCursor, move: Callable[[], bool]) -> int | None:
    """The first byte of the next statement that begins a line and is sound."""
    for _ in range(TRIED):
        node = cursor.node
        if node is not None and not node.start_point.column and not node.is_error and node.is_named:
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
