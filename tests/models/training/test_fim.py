"""Holes put back together give the text; samples have the two documented forms and fit their limit."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tokenizers")

from hunch_models.training.config import FimConfig
from hunch_models.training.fim import Hole, cut, fim_tokens, keep_end, pieces, sample
from hunch_models.training.special import END, FILE, MIDDLE, PREFIX, SUFFIX, special_ids

IDS = special_ids()
FIRST_CHARACTER = 100
CODE = st.text(alphabet=st.sampled_from("ab_(): =\n\t0é中😀    "), max_size=400)


def encode(text: str) -> list[int]:
    """One token per code point, so that tokens can be read back."""
    return [FIRST_CHARACTER + ord(character) for character in text]


def decode(tokens: list[int]) -> str:
    return "".join(chr(token - FIRST_CHARACTER) for token in tokens if token >= FIRST_CHARACTER)


def between(tokens: list[int], left: str, right: str) -> list[int]:
    return tokens[tokens.index(IDS[left]) + 1 : tokens.index(IDS[right])]


@given(CODE, st.integers())
def test_a_hole_put_together_again_is_the_text(text: str, seed: int) -> None:
    hole = cut(text, FimConfig(), random.Random(seed))
    assert hole.prefix + hole.middle + hole.suffix == text


@given(CODE, st.integers(), st.integers(min_value=10, max_value=200))
def test_pieces_cover_the_text_in_order(text: str, limit: int, seed: int) -> None:
    limit = abs(limit) % 300 + 10
    spans = pieces(text, limit, random.Random(seed))
    assert "".join(text[start:end] for start, end in spans) == text
    assert all(0 < end - start <= limit for start, end in spans)


@given(CODE, CODE, CODE)
def test_both_orders_hold_all_three_parts(prefix: str, middle: str, suffix: str) -> None:
    hole = Hole(prefix, middle, suffix)
    psm = fim_tokens(hole, encode, suffix_first=False, header=[], limit=5000)
    assert decode(between(psm, PREFIX, SUFFIX)) == prefix
    assert decode(between(psm, SUFFIX, MIDDLE)) == suffix
    assert decode(between(psm, MIDDLE, END)) == middle
    spm = fim_tokens(hole, encode, suffix_first=True, header=[IDS[FILE]], limit=5000)
    assert spm[:3] == [IDS[FILE], IDS[PREFIX], IDS[SUFFIX]]
    assert decode(between(spm, SUFFIX, MIDDLE)) == suffix
    assert decode(between(spm, MIDDLE, END)) == prefix + middle


def test_rest_of_line_leaves_the_newline_to_the_suffix() -> None:
    config = FimConfig(rest_of_line=1.0, lines=0.0, block=0.0)
    text = "def f(a, b):\n    return a + b\n"
    for seed in range(200):
        hole = cut(text, config, random.Random(seed))
        assert hole.suffix.startswith("\n")
        assert "\n" not in hole.middle


def test_a_block_ends_before_what_is_indented_less() -> None:
    config = FimConfig(rest_of_line=0.0, lines=0.0, block=1.0)
    text = "def f():\n    a = 1\n    b = 2\n\ndef g():\n    pass"
    middles = {cut(text, config, random.Random(seed)).middle.strip() for seed in range(300)}
    assert "a = 1\n    b = 2" in middles
    assert not any(middle.startswith("a = 1") and "def g" in middle for middle in middles)


@given(CODE, st.integers(), st.integers(min_value=40, max_value=300), st.booleans())
def test_samples_fit_their_limit(text: str, seed: int, limit: int, is_end: bool) -> None:
    tokens = sample("pkg/module.py", text, is_end, encode, FimConfig(), limit, random.Random(seed))
    assert len(tokens) <= limit


def test_a_long_prefix_loses_whole_lines_from_its_beginning() -> None:
    text = "".join(f"line {number}\n" for number in range(100))
    kept = decode(keep_end(text, 50, encode))
    assert text.endswith(kept)
    assert kept.startswith("line ")
    assert 30 < len(kept) <= 50
