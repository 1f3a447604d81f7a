"""The type-through cache: what it gives back always continues what was typed, for the same text after the cursor."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion.cache import TypeThroughCache
from hunch_features.text import Document, Snapshot
from tests.features.marks import marked

TEXT = st.text(alphabet="ab (\n😀é", min_size=1, max_size=12)


def put(cache: TypeThroughCache, text: str, completion: str) -> None:
    snapshot, position = marked(text)
    cache.put(snapshot, position, completion, -0.5, multiline="\n" in completion)


def get(cache: TypeThroughCache, text: str) -> str | None:
    snapshot, position = marked(text)
    hit = cache.get(snapshot, position)
    return hit.text if hit else None


@given(before=TEXT, completion=TEXT, after=TEXT, typed=st.integers(0, 11))
def test_what_is_typed_and_what_is_left_make_the_whole(before: str, completion: str, after: str, typed: int) -> None:
    cache = TypeThroughCache()
    put(cache, f"{before}<cursor>\n{after}", completion)
    rest = get(cache, f"{before}{completion[:typed]}<cursor>\n{after}")
    if typed < len(completion):
        assert rest is not None
        assert completion[:typed] + rest == completion
    else:
        assert rest is None or rest != ""


@given(before=TEXT, completion=TEXT, other=TEXT)
def test_other_typing_is_never_answered_with_it(before: str, completion: str, other: str) -> None:
    cache = TypeThroughCache()
    put(cache, f"{before}<cursor>", completion)
    rest = get(cache, f"{before}{other}<cursor>")
    if rest is not None:
        assert (before + other + rest).endswith(completion) or (before + completion).startswith(before + other)


def test_the_text_after_the_cursor_must_be_the_same() -> None:
    cache = TypeThroughCache()
    put(cache, "print(<cursor>)\nrest()", "total")
    assert get(cache, "print(to<cursor>)\nrest()") == "tal"
    assert get(cache, "print(to<cursor>))\nrest()") is None
    assert get(cache, "print(to<cursor>)\nother()") is None


def test_the_lines_above_must_be_the_same() -> None:
    cache = TypeThroughCache()
    put(cache, "import os\nprint(<cursor>", "os.sep)")
    assert get(cache, "import os\nprint(o<cursor>") == "s.sep)"
    assert get(cache, "import sys\nprint(o<cursor>") is None


def test_several_lines_are_typed_through() -> None:
    cache = TypeThroughCache()
    put(cache, "def f():<cursor>\n", "\n    a = 1\n    return a")
    assert get(cache, "def f():\n    a = 1\n    re<cursor>\n") == "turn a"


def test_the_newest_answer_at_a_place_wins() -> None:
    cache = TypeThroughCache()
    put(cache, "x = <cursor>", "first()")
    put(cache, "x = <cursor>", "second()")
    assert get(cache, "x = <cursor>") == "second()"
    assert len(cache) == 1


def test_it_forgets_the_oldest_first_and_a_closed_document_at_once() -> None:
    cache = TypeThroughCache(capacity=3)
    for name in "abcd":
        put(cache, f"{name} = <cursor>", "value")
    assert len(cache) == 3
    assert get(cache, "a = <cursor>") is None
    assert get(cache, "d = <cursor>") == "value"
    cache.forget("main.py")
    assert len(cache) == 0


def test_another_document_is_another_place() -> None:
    cache = TypeThroughCache()
    put(cache, "x = <cursor>", "value")
    other: Snapshot = Document("x = ", path="other.py", language="python").snapshot()
    assert cache.get(other, other.position_at(4)) is None
