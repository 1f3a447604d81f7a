"""How many syntax errors a completion would add."""

from __future__ import annotations

import re
from collections.abc import Callable

from hunch_features.completion.multiline import TreeOf
from hunch_features.syntax import TreeCache, keywords
from hunch_features.text import Position, Snapshot

UNFINISHED_ENDS = (",", "(", "[", "{", ":", "\\", "+", "-", "*", "/", "|", "&", "=", ".", "and", "or", "not", "in")

_NAME_END = re.compile(r"[^\W\d]\w*\Z")
_AFTER_NAME = re.compile(r"[\s.,:;()\[\]{}]|\Z")


def error_counter(snapshot: Snapshot, position: Position, trees: TreeCache, tree: TreeOf) -> Callable[[str], int]:
    """A function from a text to the number of errors that inserting it at `position` would add."""
    offset = snapshot.line_start(position.line) + position.column

    def new_errors(text: str) -> int:
        if only_lengthens_name(snapshot, position, text):
            return 0
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


def only_lengthens_name(snapshot: Snapshot, position: Position, text: str) -> bool:
    """Whether a name stays a name: the syntax is the same then, and nothing has to be parsed to know it."""
    line = snapshot.line(position.line)
    word = _NAME_END.search(line[: position.column])
    if word is None or not text.isidentifier() or not _AFTER_NAME.match(line, position.column):
        return False
    known = keywords(snapshot.language)
    return word.group() not in known and word.group() + text not in known


def is_unfinished(text: str) -> bool:
    """Whether text ends in the middle of something, so that syntax errors say nothing about it."""
    body = text.rstrip()
    if body.endswith(UNFINISHED_ENDS):
        return True
    return any(body.count(opening) > body.count(closing) for opening, closing in ("()", "[]", "{}"))
