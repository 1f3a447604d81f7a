"""Syntax trees that follow a text: what two states have in common is not parsed again.

The edit between two states is found by comparing their bytes, so the path of a keystroke carries no bookkeeping.
Parsing holds the event loop, so it is bounded in size and in time; beyond that a text has no tree. Code that is being
typed is often wrong, and then nothing behind the cursor can be used again: so of a long text that is wrong here, only
the statements around the cursor are parsed until they are whole again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TypeVar

import tree_sitter

from hunch_features.syntax.languages import grammar
from hunch_features.syntax.nearby import Edited, Span, common, nearby
from hunch_features.syntax.reading import Reading
from hunch_features.text import Snapshot

MAX_PARSED_BYTES = 500_000
PARSE_LIMIT_S = 0.1
"""Ordinary code parses at 10–20 MB/s; grammars can be driven into seconds per 20 KB (`a<b<a<b<…` in Java)."""
MAX_DEPTH = 400
QUICK_S = 0.003
"""What following a text may cost before a part must do: most keys take below 1 ms in 100 KB, wrong ones 20 or 70."""
KEPT_TREES = 16
WHOLE_PART = 16_000
"""Bytes of a part that is whole: beyond it the whole text is parsed once, so that the next part can be small again."""
SIZE_CHANGE = 0.1
"""A text that took too long is tried again once its size has changed by this share."""

Clock = Callable[[], float]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SyntaxTree:
    """A parsed text. Offsets are bytes of `source` (UTF-8); only what `covers` spans was looked at."""

    language: str
    source: bytes
    tree: tree_sitter.Tree
    covers: Span

    @property
    def has_errors(self) -> bool:
        """Whether any part of the text does not parse."""
        return self.tree.root_node.has_error

    def errors_in(self, start: int, end: int, limit: int = 500) -> int:
        """Number of error and missing nodes that touch `start`…`end`, counted up to `limit`."""
        count = 0
        pending = [self.tree.root_node]
        cursor = self.tree.walk()
        while pending and count < limit:
            node = pending.pop()
            count += node.is_error or node.is_missing
            cursor.reset(node)
            # One byte early: a missing node has no width, and the cursor looks for nodes that reach beyond.
            more = node.has_error and cursor.goto_first_child_for_byte(max(0, start - 1)) is not None
            while more:
                child = cursor.node
                if child is None or child.start_byte > end:
                    break
                if child.has_error:
                    pending.append(child)
                more = cursor.goto_next_sibling()
        return count

    def around(self, byte: int) -> list[tree_sitter.Node]:
        """The nodes that contain the byte at an offset, innermost first; of very deep trees the outer 400."""
        cursor = self.tree.walk()
        nodes = [self.tree.root_node]
        while len(nodes) < MAX_DEPTH and cursor.goto_first_child_for_byte(byte) is not None:
            node = cursor.node
            if node is None or node.start_byte > byte:
                break
            nodes.append(node)
        nodes.reverse()
        return nodes


def byte_offset(snapshot: Snapshot, offset: int) -> int:
    """Bytes of UTF-8 before a code-point offset."""
    before = snapshot.slice(0, offset)
    return len(before) if before.isascii() else len(encoded(before))


def encoded(text: str) -> bytes:
    """UTF-8; a lone surrogate becomes one `?`."""
    return text.encode("utf-8", "replace")


def parse(
    language: str,
    source: bytes,
    previous: SyntaxTree | None = None,
    *,
    left_out: Sequence[Span] = (),
    covers: Span | None = None,
    limit_s: float = PARSE_LIMIT_S,
    clock: Clock = perf_counter,
) -> SyntaxTree | None:
    """Parse, reusing what `previous` shares. None for unknown languages, over 500 KB and after `limit_s`.

    `left_out`: bytes that are passed over (without `previous`); `covers`: what counts as looked at then.
    """
    lexicon = grammar(language)
    if lexicon is None or len(source) > MAX_PARSED_BYTES:
        return None
    old = None
    if previous is not None and previous.language == language:
        if previous.source == source:
            return previous
        old = previous.tree.copy()
        _tell_edit(old, previous.source, source)
    deadline = clock() + limit_s

    def too_late(_byte: int, _has_error: bool) -> bool:
        return clock() > deadline

    parser = tree_sitter.Parser(lexicon)
    if left_out:
        edges = [0, *(edge for gap in left_out for edge in gap), len(source)]
        points = _points(source, edges)
        spans = zip(points[::2], points[1::2], edges[::2], edges[1::2], strict=True)
        parser.included_ranges = [tree_sitter.Range(*span) for span in spans if span[2] < span[3]]
    reading = Reading(source)
    try:
        if old is not None:
            tree = parser.parse(reading.read, old, progress_callback=too_late)
        else:
            tree = parser.parse(reading.read, progress_callback=too_late)
    except ValueError:
        return None  # what py-tree-sitter raises for a parse that was ended
    finally:
        reading.release(lexicon)
    return SyntaxTree(language, source, tree, covers or (0, len(source)))


def _tell_edit(tree: tree_sitter.Tree, old: bytes, new: bytes) -> None:
    """Tell the old tree which range was replaced between two texts."""
    start, old_end, new_end = common(old, new)
    first, last = _points(old, (start, old_end))
    now = _points(new[start:new_end], (new_end - start,))[0]
    column = now[1] if now[0] else first[1] + now[1]
    tree.edit(start, old_end, new_end, first, last, (first[0] + now[0], column))


def _points(source: bytes, offsets: Sequence[int]) -> list[tuple[int, int]]:
    """Row and column of ascending offsets; every byte is looked at once."""
    points: list[tuple[int, int]] = []
    row = before = 0
    for offset in offsets:
        row += source.count(b"\n", before, offset)
        points.append((row, offset - (source.rfind(b"\n", 0, offset) + 1)))
        before = offset
    return points


def _remember(store: OrderedDict[str, T], path: str, value: T) -> None:
    store[path] = value
    store.move_to_end(path)
    if len(store) > KEPT_TREES:
        store.popitem(last=False)


class TreeCache:
    """The last tree of each document, for incremental parsing. Keeps the 16 most recently used."""

    def __init__(self, clock: Clock = perf_counter) -> None:
        self._clock = clock
        self._trees: OrderedDict[str, SyntaxTree] = OrderedDict()
        self._too_slow: OrderedDict[str, int] = OrderedDict()
        # The last part of each text that takes long to follow as a whole; None before there is one.
        self._parts: OrderedDict[str, SyntaxTree | None] = OrderedDict()

    def tree(self, snapshot: Snapshot, offset: int) -> SyntaxTree | None:
        """The tree of a snapshot, at least of the statements around a code-point offset.

        None where the language is unknown or the text is too much to parse.
        """
        return self._parse(snapshot, snapshot.char_count, offset, lambda: encoded(snapshot.text()), inserted=False)

    def with_insertion(self, snapshot: Snapshot, offset: int, text: str) -> SyntaxTree | None:
        """The tree that the snapshot would have with `text` inserted at a code-point offset, at least around it."""
        if snapshot.path not in self._trees:
            self.tree(snapshot, offset)  # what follows starts from it
        return self._parse(
            snapshot,
            snapshot.char_count + len(text),
            offset,
            lambda: encoded(snapshot.slice(0, offset) + text + snapshot.slice(offset, snapshot.char_count)),
            inserted=True,
        )

    def _parse(
        self, snapshot: Snapshot, size: int, offset: int, source: Callable[[], bytes], *, inserted: bool
    ) -> SyntaxTree | None:
        path, language = snapshot.path, snapshot.language
        if size > MAX_PARSED_BYTES or grammar(language) is None:
            return None
        slow = self._too_slow.get(path)
        if slow is not None and abs(size - slow) <= SIZE_CHANGE * slow:
            return None
        content = source()
        known = self._trees.get(path)
        tree = None
        if known is not None and known.language == language:
            tree = self._follow(path, known, content, byte_offset(snapshot, offset))
        tree = tree or parse(language, content, known, clock=self._clock)
        if tree is None:
            if len(content) <= MAX_PARSED_BYTES:
                _remember(self._too_slow, path, size)
        elif tree.covers == (0, len(content)):
            # One that was only tried is as good to start from, where nothing is wrong in it.
            if not inserted or not tree.has_errors:
                _remember(self._trees, path, tree)
                self._parts.pop(path, None)
        elif not inserted:
            _remember(self._parts, path, tree)
        return tree

    def _follow(self, path: str, known: SyntaxTree, source: bytes, byte: int) -> SyntaxTree | None:
        """The tree of a later text if that costs little; else the statements around a byte, where that will do."""
        if path not in self._parts:
            tree = parse(known.language, source, known, limit_s=QUICK_S, clock=self._clock)
            if tree is not None:
                return tree
            _remember(self._parts, path, None)
        last = self._parts[path]
        if last is not None and last.source == source and last.covers[0] <= byte <= last.covers[1]:
            return last
        return self._part(known, source, byte)

    def _part(self, known: SyntaxTree, source: bytes, byte: int) -> SyntaxTree | None:
        """The statements around a byte; None where the whole can be parsed at little cost, or must be."""
        edited = Edited(*common(known.source, source), byte)
        found = nearby(known.tree.root_node, known.source, edited)
        if found is None:
            return None
        gaps = [edited.now(gap) for gap in found.left_out]
        part = parse(known.language, source, left_out=gaps, covers=edited.now(found.span), clock=self._clock)
        if part is None or part.has_errors or len(source) - sum(end - start for start, end in gaps) <= WHOLE_PART:
            return part
        # It is whole. So is the text then, unless it was wrong elsewhere before.
        start, end = found.span
        elsewhere = known.errors_in(0, max(0, start - 1), 1) + known.errors_in(end + 1, len(known.source), 1)
        return part if elsewhere else None

    def forget(self, path: str) -> None:
        """Drop a document's tree."""
        self._trees.pop(path, None)
        self._too_slow.pop(path, None)
        self._parts.pop(path, None)
