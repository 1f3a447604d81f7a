"""Parsing gives back the memory of the text that it read, whatever the installed py-tree-sitter does with it."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable

import pytest

from hunch_features.memory.extract import extract
from hunch_features.syntax import TreeCache
from hunch_features.syntax.reading import CHUNK_BYTES, Reading
from hunch_features.syntax.tree import parse
from hunch_features.text import Document, Edit

LINE = "def area(width, height):\n    return width * height  # é\n\n\n"
TEXT = LINE * 400


def typed() -> None:
    """A key and the tree for it, in a document of its own."""
    document = Document(TEXT, "a.py", "python")
    trees = TreeCache()
    trees.tree(document.snapshot(), 0)
    document.apply(Edit(document.position_at(30), document.position_at(30), "x"))
    assert trees.tree(document.snapshot(), 0) is not None


@pytest.mark.parametrize("work", [typed, lambda: extract("python", TEXT.encode())], ids=["tree", "extract"])
def test_parsing_again_and_again_costs_no_memory(work: Callable[[], object]) -> None:
    for _ in range(3):
        work()
    tracemalloc.start()
    try:
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            work()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    # One text kept per parse would be 20 times its size.
    assert grown < len(TEXT), grown


@pytest.mark.parametrize("size", [0, 1, 2, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES + 1])
def test_every_size_is_read_whole(size: int) -> None:
    source = (b"a + b\n" * (size // 6 + 1))[:size]
    reading = Reading(source)  # never released: pieces that others than a parser got must not be
    seen = bytearray()
    while piece := reading.read(len(seen), None):
        seen += piece
    assert seen == source
    tree = parse("python", source, clock=lambda: 0.0)
    assert tree is not None
    assert tree.tree.root_node.end_byte == size
