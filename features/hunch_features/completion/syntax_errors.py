"""How many syntax errors a completion would add."""

from __future__ import annotations

from collections.abc import Callable

from hunch_features.completion.multiline import TreeOf
from hunch_features.syntax import TreeCache
from hunch_features.text import Position, Snapshot

UNFINISHED_ENDS = (",", "(", "[", "{", ":", "\\", "+", "-", "*", "/", "|", "&", "=", ".", "and", "or", "not", "in")


def error_counter(snapshot: Snapshot, position: Position, trees: TreeCache, tree: TreeOf) -> Callable[[str], int]:
    """A function from a text to the number of errors that inserting it at `position` would add."""
    offset = snapshot.line_start(position.line) + position.column

    def new_errors(text: str) -> int:
        after = None if is_unfinished(text) else trees.with_insertion(snapshot, offset, text)
        if after is None or not after.has_errors:
            return 0
        before = tree()
        if before is None:
            return 0
        # Of what both looked at: a long text that is wrong may have been parsed in part.
        grown = len(after.source) - len(before.source)
        start, end = max(before.covers[0], after.covers[0]), min(before.covers[1], after.covers[1] - grown)
        return after.errors_in(start, end + grown) - before.errors_in(start, end)

    return new_errors


def is_unfinished(text: str) -> bool:
    """Whether text ends in the middle of something, so that syntax errors say nothing about it."""
    body = text.rstrip()
    if body.endswith(UNFINISHED_ENDS):
        return True
    return any(body.count(opening) > body.count(closing) for opening, closing in ("()", "[]", "{}"))
