"""UTF-16 at the edge, code points inside: conversions agree with what an editor would do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types as lsp

from hunch_features.text import Document
from hunch_server import convert

CHARS = "ab \t(\r\né€\u2028😀👩‍💻"
TEXT = st.text(alphabet=CHARS, max_size=60)
NUMBER = st.integers(0, 70)


def offset_in_utf16(text: str, position: lsp.Position) -> int:
    """The UTF-16 offset of a position, computed on the UTF-16 text as editors do; clamped."""
    units = text.encode("utf-16-le", "surrogatepass")
    lines: list[tuple[int, int]] = []
    start = at = 0
    while at < len(units):
        pair = units[at : at + 2]
        if pair == b"\r\0" and units[at + 2 : at + 4] == b"\n\0":
            lines.append((start, at))
            at = start = at + 4
        elif pair in (b"\r\0", b"\n\0"):
            lines.append((start, at))
            at = start = at + 2
        else:
            at += 2
    lines.append((start, at))
    if position.line >= len(lines):
        return len(units) // 2
    begin, end = lines[position.line]
    return min(begin // 2 + position.character, end // 2)


@given(text=TEXT, line=NUMBER, character=NUMBER)
def test_positions_agree_with_the_utf16_text(text: str, line: int, character: int) -> None:
    document = Document(text)
    there = lsp.Position(line, character)
    position = convert.position_from_lsp(document, there)
    before = text[: document.offset_at(position)]
    units = len(before.encode("utf-16-le")) // 2
    wanted = offset_in_utf16(text, there)
    # Inside a surrogate pair we round down.
    assert units == wanted or (units == wanted - 1 and text[len(before)] > "\uffff")


@given(text=TEXT, offset=NUMBER)
def test_there_and_back(text: str, offset: int) -> None:
    document = Document(text)
    position = document.position_at(min(offset, len(text)))
    assert convert.position_from_lsp(document, convert.position_to_lsp(document, position)) == position


@given(text=TEXT, changes=st.lists(st.tuples(NUMBER, NUMBER, NUMBER, NUMBER, TEXT), max_size=6))
def test_changes_end_in_the_text_that_the_editor_has(text: str, changes: list[tuple[int, int, int, int, str]]) -> None:
    document = Document(text)
    mirror = text.encode("utf-16-le")
    for line, character, end_line, end_character, inserted in changes:
        now = mirror.decode("utf-16-le")
        start = _on_character(now, offset_in_utf16(now, lsp.Position(line, character)))
        end = _on_character(now, offset_in_utf16(now, lsp.Position(end_line, end_character)))
        start, end = min(start, end), max(start, end)
        mirror = mirror[: start * 2] + inserted.encode("utf-16-le") + mirror[end * 2 :]
        there = lsp.Range(lsp.Position(line, character), lsp.Position(end_line, end_character))
        document.apply(
            convert.edit_from_lsp(document, lsp.TextDocumentContentChangePartial(range=there, text=inserted))
        )
        assert document.text() == mirror.decode("utf-16-le")


def _on_character(text: str, units: int) -> int:
    """Round down to a whole character."""
    seen = 0
    for char in text:
        width = 2 if char > "\uffff" else 1
        if seen + width > units:
            return seen
        seen += width
    return seen


def test_a_change_without_range_replaces_everything() -> None:
    document = Document("a\r\nb\n😀")
    document.apply(convert.edit_from_lsp(document, lsp.TextDocumentContentChangeWholeDocument(text="new")))
    assert document.text() == "new"


@pytest.mark.parametrize(
    ("text", "units", "points"),
    [("abc", 2, 2), ("abc", 9, 3), ("😀b", 1, 0), ("😀b", 2, 1), ("😀b", 3, 2), ("é€", 1, 1), ("", 5, 0)],
)
def test_code_points(text: str, units: int, points: int) -> None:
    assert convert.code_points(text, units) == points


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("file:///w/src/a%20b.py", "src/a b.py"),
        ("file:///w/inner/c.py", "c.py"),
        ("file:///elsewhere/d.py", "d.py"),
        ("untitled:Untitled-1", "Untitled-1"),
        ("vscode-notebook-cell:/w/n.ipynb", "n.ipynb"),
    ],
)
def test_the_model_sees_paths_below_the_innermost_root(uri: str, shown: str) -> None:
    assert convert.shown_path(uri, (Path("/w"), Path("/w/inner"))) == shown
