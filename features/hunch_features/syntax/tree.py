"""Syntax trees that follow a text: what two states have in common is not parsed again.

The edit between two states is found by comparing their bytes, so the path of a keystroke carries no bookkeeping.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from hunch_features.syntax.languages import grammar
from hunch_features.text import Snapshot

MAX_PARSED_BYTES = 1_000_000
KEPT_TREES = 16


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """A parsed text. Offsets in `tree` are bytes of `source` (UTF-8)."""

    language: str
    source: bytes
    tree: tree_sitter.Tree
    ascii: bool

    @property
    def root(self) -> tree_sitter.Node:
        """The root node."""
        return self.tree.root_node

    def byte_offset(self, snapshot: Snapshot, offset: int) -> int:
        """Byte offset of a code-point offset of the snapshot that was parsed."""
        return offset if self.ascii else len(snapshot.slice(0, offset).encode("utf-8", "replace"))

    def errors(self, limit: int = 1000) -> int:
        """Number of error and missing nodes, counted up to `limit`; subtrees without errors are skipped."""
        count = 0
        pending = [self.root]
        while pending and count < limit:
            node = pending.pop()
            if not node.has_error:
                continue
            if node.is_error or node.is_missing:
                count += 1
            pending.extend(node.children)
        return count

    def ancestors(self, byte_offset: int) -> Iterator[tree_sitter.Node]:
        """Nodes around an offset, innermost first."""
        node = self.root.descendant_for_byte_range(byte_offset, byte_offset)
        while node is not None:
            yield node
            node = node.parent


def parse(language: str, source: bytes, previous: SyntaxTree | None = None) -> SyntaxTree | None:
    """Parse, reusing what `previous` shares; None for unknown languages and for texts over 1 MB."""
    lexicon = grammar(language)
    if lexicon is None or len(source) > MAX_PARSED_BYTES:
        return None
    old = None
    if previous is not None and previous.language == language:
        if previous.source == source:
            return previous
        old = previous.tree.copy()
        _tell_edit(old, previous.source, source)
    parser = tree_sitter.Parser(lexicon)
    tree = parser.parse(source, old) if old is not None else parser.parse(source)
    return SyntaxTree(language, source, tree, source.isascii())


def _tell_edit(tree: tree_sitter.Tree, old: bytes, new: bytes) -> None:
    """Tell the old tree which range was replaced between two texts."""
    start = _common_prefix(old, new)
    tail = _common_suffix(old, new, start)
    old_end, new_end = len(old) - tail, len(new) - tail
    tree.edit(start, old_end, new_end, _point(old, start), _point(old, old_end), _point(new, new_end))


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


def _point(source: bytes, offset: int) -> tuple[int, int]:
    return source.count(b"\n", 0, offset), offset - (source.rfind(b"\n", 0, offset) + 1)


class TreeCache:
    """The last tree of each document, for incremental parsing. Keeps the 16 most recently used."""

    def __init__(self) -> None:
        self._trees: OrderedDict[str, SyntaxTree] = OrderedDict()

    def tree(self, snapshot: Snapshot) -> SyntaxTree | None:
        """The tree of a snapshot; None where the language is unknown or the text is too large."""
        if grammar(snapshot.language) is None or snapshot.char_count > MAX_PARSED_BYTES:
            return None
        source = snapshot.text().encode("utf-8", "replace")
        tree = parse(snapshot.language, source, self._trees.get(snapshot.path))
        if tree is not None:
            self._trees[snapshot.path] = tree
            self._trees.move_to_end(snapshot.path)
            if len(self._trees) > KEPT_TREES:
                self._trees.popitem(last=False)
        return tree

    def forget(self, path: str) -> None:
        """Drop a document's tree."""
        self._trees.pop(path, None)
