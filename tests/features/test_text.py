"""The line buffer against plain string editing."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.text import Document, Edit, Position, split_lines

# Line ends of all kinds, things that str.splitlines takes for one, characters outside the BMP, a lone surrogate.
PIECES = ["\n", "\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "😀", "é", "a", " ",
          "\ud800", "", "word", "\t"]  # fmt: skip
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
small = st.integers(min_value=-2, max_value=12)
positions = st.builds(Position, small, small)
edits = st.builds(Edit, positions, positions, texts)


def line_spans(text: str) -> list[tuple[int, int]]:
    """Start and end (without the line end) of every line, read plainly from the specification."""
    spans, start = [], 0
    for match in re.finditer(r"\r\n|\r|\n", text):
        spans.append((start, match.start()))
        start = match.end()
    return [*spans, (start, len(text))]


def plain_offset(text: str, position: Position) -> int:
    """Offset of a position, clamped as LSP demands."""
    spans = line_spans(text)
    if position.line < 0:
        return 0
    if position.line >= len(spans):
        return len(text)
    start, end = spans[position.line]
    return start + max(0, min(position.column, end - start))


def same(document: Document, text: str) -> None:
    spans = line_spans(text)
    assert document.text() == text
    assert document.char_count == len(text)
    assert document.line_count == len(spans)
    assert [document.line(n) for n in range(document.line_count)] == [text[a:b] for a, b in spans]
    assert [document.line_start(n) for n in range(document.line_count)] == [a for a, _ in spans]


@given(texts, st.lists(edits, max_size=8))
def test_editing_equals_plain_string_editing(text: str, changes: list[Edit]) -> None:
    document = Document(text, version=3)
    for change in changes:
        start, end = sorted((plain_offset(text, change.start), plain_offset(text, change.end)))
        text = text[:start] + change.text + text[end:]
        document.apply(change)
        same(document, text)
    assert document.version == 3 + len(changes)


@given(texts)
def test_positions_and_offsets_are_inverse(text: str) -> None:
    document = Document(text)
    for line, (start, end) in enumerate(line_spans(text)):
        for column in range(end - start + 1):
            assert document.offset_at(Position(line, column)) == start + column
            assert document.position_at(start + column) == (line, column)


@given(texts, positions)
def test_positions_out_of_range_are_clamped(text: str, position: Position) -> None:
    document = Document(text)
    assert document.offset_at(position) == plain_offset(text, position)
    assert document.position_at(-5) == (0, 0)
    assert document.position_at(len(text) + 5) == document.position_at(len(text))


@given(texts, st.integers(-3, 40), st.integers(-3, 40))
def test_slice_equals_string_slice(text: str, start: int, end: int) -> None:
    assert Document(text).slice(start, end) == text[max(0, start) : max(0, end)]


@pytest.mark.parametrize(
    ("before", "edit", "after", "lines"),
    [
        # A position never lies between \r and \n, so typing "at the end" of a CRLF line leaves the line end whole.
        ("a\r\nb", Edit(Position(0, 9), Position(0, 9), "x"), "ax\r\nb", 2),
        # What is typed can complete a line end with a neighbour on either side …
        ("a\rb", Edit(Position(1, 0), Position(1, 0), "\n"), "a\r\nb", 2),
        ("a\nb", Edit(Position(0, 1), Position(0, 1), "\r"), "a\r\nb", 2),
        ("a\r", Edit(Position(1, 0), Position(1, 0), "\nb"), "a\r\nb", 2),
        # … and so can a deletion that brings the two together.
        ("a\rX\nb", Edit(Position(1, 0), Position(1, 1), ""), "a\r\nb", 2),
        # A replacement over a CRLF splits what it leaves.
        ("a\r\nb\r\nc", Edit(Position(0, 1), Position(2, 0), "\n"), "a\nc", 2),
        ("", Edit(Position(0, 0), Position(0, 0), "\r\n"), "\r\n", 2),
        ("😀\r\n😀x", Edit(Position(1, 1), Position(1, 2), "é"), "😀\r\n😀é", 2),
        ("a\x0cb\u2028c", Edit(Position(0, 5), Position(0, 5), "!"), "a\x0cb\u2028c!", 1),
    ],
)
def test_line_ends_that_edits_make_and_break(before: str, edit: Edit, after: str, lines: int) -> None:
    document = Document(before)
    document.apply(edit)
    same(document, after)
    assert document.line_count == lines


def test_a_snapshot_stays_as_it_was() -> None:
    document = Document("one\ntwo\n", path="a.py", language="python", version=7)
    first = document.snapshot()
    assert first is document.snapshot()
    assert (first.path, first.language, first.version) == ("a.py", "python", 7)
    document.apply(Edit(Position(0, 0), Position(1, 0), ""))
    assert first.text() == "one\ntwo\n"
    assert first.offset_at(Position(1, 1)) == 5
    second = document.snapshot()
    assert second.text() == "two\n"
    assert (second.version, second.line_count) == (8, 2)


def test_a_version_set_by_the_editor_is_the_snapshots() -> None:
    document = Document("x", version=1)
    document.apply(Edit(Position(0, 1), Position(0, 1), "y"))
    document.version = 40
    assert document.snapshot().version == 40


@given(texts)
def test_split_lines_loses_nothing_and_ends_lines_only_where_lsp_does(text: str) -> None:
    lines = split_lines(text)
    assert "".join(lines) == text
    assert len(lines) == len(line_spans(text))
