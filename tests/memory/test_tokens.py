"""Tokens as numbers: the same for one token and for many, and the text comes back."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.memory.tokens import (
    NAME,
    NEWLINE,
    SPACE,
    Told,
    cut,
    cut_line,
    split_name,
    split_words,
    text_of,
    token_id,
    tokenize,
    tokenize_bytes,
)  # fmt: skip

STABLE = [1837129490, 1837129491, 77524560]
CODE = st.text(st.sampled_from("ab_Z09é \n\t(.=+\"'#"), max_size=60)


@given(CODE)
def test_many_at_once_are_the_same_as_one_by_one(text: str) -> None:
    found = tokenize(text, {}).tolist()
    single = [token_id(token) for token in re.findall(r"\w+|\n|[^\w\s]", text)]
    assert [number & ~SPACE for number in found] == [number & ~SPACE for number in single]


@given(CODE)
def test_a_line_is_cut_as_a_file_is(text: str) -> None:
    line, whole = cut_line(text.encode()), cut(text.encode())
    assert line.source == whole.source
    for mine, theirs in zip(line[1:], whole[1:], strict=True):
        assert (mine.dtype, mine.tolist()) == (theirs.dtype, theirs.tolist())


@given(CODE)
def test_the_text_comes_back_but_for_blanks(text: str) -> None:
    names: dict[int, str] = {}
    back = text_of(tokenize(text, names).tolist(), names)
    assert re.sub(r"[ \t]", "", back) == re.sub(r"[ \t]", "", text)


def test_a_space_is_remembered_and_indentation_is_not() -> None:
    names: dict[int, str] = {}
    ids = tokenize("if a:\n    b = c\r\n", names)
    assert text_of(ids.tolist(), names) == "if a:\nb = c\n"
    assert ids[3] == NEWLINE


@pytest.mark.parametrize(
    ("text", "named"), [("self", 0), ("import", 0), ("shop", 1), ("_x", 1), ("9", 0), ("(", 0), ("é", 1)]
)
def test_names_are_told_from_keywords_and_numbers(text: str, named: int) -> None:
    assert bool(token_id(text) & NAME) == bool(named)


@given(st.lists(CODE, max_size=6))
def test_what_was_told_is_told_once_and_nothing_is_missed(texts: list[str]) -> None:
    told, plain = Told(), dict[int, str]()
    for text in texts:
        (ids, fresh), (same, wanted) = (tokenize_bytes(text.encode(), names) for names in (told, plain))
        assert (ids.tolist(), fresh) == (same.tolist(), wanted)
    assert told == plain
    told.clear()
    assert tokenize_bytes(b"a = b", told)[1] == sorted(told)


def test_ids_are_stable() -> None:
    # They lie on disk: another value here means that every index has to be built anew.
    assert [token_id("shop"), token_id(" shop"), token_id("\n")] == STABLE


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("parseHTTPHeader_v2", ("parse", "http", "header", "v", "2")),
        ("simple", ("simple",)),
        ("__init__", ("init",)),
        ("XMLParser", ("xml", "parser")),
        ("", ()),
    ],
)
def test_words_of_a_name(name: str, words: tuple[str, ...]) -> None:
    assert split_name(name) == words
    assert split_words(name) == " ".join(words)
