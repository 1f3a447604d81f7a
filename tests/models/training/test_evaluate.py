"""Holes are cut where the contract says, the copy baseline copies, and the scores are what they are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tokenizers")

from hunch_models.training.corpus import Document
from hunch_models.training.evaluate import (
    LineHole,
    code_positions,
    copy_baseline,
    edit_similarity,
    line_holes,
    score,
)

SOURCE = '''"""A module."""
import os
from sys import path

# a comment
def join(left, right):
    """Join them.

    With a second paragraph.
    """
    return left + right  # said
'''
TEXT = st.text(alphabet="ab c", max_size=12)


def rest(position: int) -> str:
    return SOURCE[position:].split("\n", 1)[0]


def test_positions_are_code_only() -> None:
    rests = [rest(position) for position in code_positions(SOURCE, first_only=False)]
    assert "join(left, right):" in rests
    assert "right  # said" in rests
    for left_out in ("import", "os", "sys", "module", "comment", "# said", "paragraph"):
        assert not any(text.startswith(left_out) for text in rests)
    lines = [rest(position) for position in code_positions(SOURCE, first_only=True)]
    assert lines == ["def join(left, right):", "return left + right  # said"]


def test_holes_are_reproducible_and_at_most_two_a_file() -> None:
    documents = [Document("p", f"p/{number}.py", SOURCE) for number in range(5)]
    holes = line_holes(documents, "rest", 100, seed=1)
    assert holes == line_holes(documents, "rest", 100, seed=1)
    assert len(holes) == 10
    assert all(hole.prefix + hole.middle + hole.suffix == SOURCE for hole in holes)


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("self.width = width\nself.height = height\nself.w", "idth = width"),
        ("print(a)\nlog(b)\nprint(", "a)"),
        ("x = first\ny = 2\nx = second\nx = ", "second"),
        ("abc", ""),
        ("", ""),
    ],
)
def test_copy_after_the_longest_match(prefix: str, expected: str) -> None:
    assert copy_baseline(LineHole("m.py", prefix, "", "")) == expected


@given(TEXT, TEXT)
def test_edit_similarity(left: str, right: str) -> None:
    value = edit_similarity(left, right)
    assert value == edit_similarity(right, left)
    assert 0.0 <= value <= 1.0
    assert (value == 1.0) == (left == right)


def test_edit_similarity_counts_edits() -> None:
    assert edit_similarity("kitten", "sitting") == pytest.approx(1 - 3 / 7)


def test_score_strips_and_gives_intervals() -> None:
    figures = score([("a ", "a"), ("b", "c"), ("d", "d"), ("e", "")])
    assert figures["exact_match"] == 0.5
    assert figures["answered"] == 0.75
    low, high = figures["exact_match_interval"]
    assert 0.0 < low < 0.5 < high < 1.0
