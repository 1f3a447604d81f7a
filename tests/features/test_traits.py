"""What is told of texts that may go on at a caret."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion.recall import Recalled
from hunch_features.completion.traits import BELOW_CHARS, LINE_CHARS, NAMES, Around, traits
from hunch_features.memory.continuation import Support
from hunch_features.text import Document

CODE = """\
def area(width, height):
    total = width * height
    if total > limit:
        print("too (large")
    return round(|)


def volume(depth):
    return area(1, 2) * depth
"""


def around(text: str, language: str = "python") -> Around:
    before, _, after = text.partition("|")
    document = Document(before + after, path="a.py", language=language, version=1)
    return Around.caret(document.snapshot(), document.position_at(len(before)))


def told(text: str, code: str = CODE, **known: object) -> dict[str, float]:
    """The row of one recalled text."""
    support = Support(0.5, 3.0, 4, 5, 1, 2, 1, True, 2, False, False)
    texts, rows = traits(around(code), [Recalled(text, 0.4, support)], None, ())
    assert texts == [text]
    return dict(zip(NAMES, rows[0].tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("total", {"depth": 1, "depth_before": 1, "names": 1, "not_near": 0, "nowhere": 0, "chars": 5}),
        ("total)", {"depth": 0, "lowest": 0}),
        ("total))", {"depth": -1, "lowest": -1}),
        ("'total)", {"depth": 1, "quote": 1, "names": 0}),
        ("depth", {"not_near": 1, "not_above": 1, "nowhere": 0}),
        ("missing + total", {"names": 2, "nowhere": 1, "nowhere_share": 0.5}),
        ("not total", {"names": 1}),
    ],
)
def test_brackets_strings_and_names(text: str, expected: dict[str, float]) -> None:
    found = told(text)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("a = 1\nb = 2\n|\nc = 3\n", "b = 2", {"seen": 1, "seen_lines_ago": 1, "is_last": 1, "is_next": 0}),
        ("a = 1\nb = 2\n|\nc = 3\n", "a = 1", {"seen": 1, "seen_lines_ago": 2, "is_last": 0}),
        ("a = 1\n|\nc = 3\n", "c = 3", {"seen": 0, "seen_below": 1, "is_next": 1}),
        ("if |\n    pass\n", "ready:", {"opens_deeper": 1, "closed_deeper": 0}),
        ("if |\n    pass\n", "ready", {"opens_deeper": 0, "closed_deeper": 1}),
        # A next line that is no deeper says nothing: the block may only just be begun.
        ("if |\nother = 1\n", "ready:", {"opens_deeper": 0, "closed_deeper": 0}),
        ("    return |  # done\n", "total", {"indent": 4, "behind": 1}),
    ],
)
def test_the_lines_around(code: str, text: str, expected: dict[str, float]) -> None:
    found = told(text, code)
    assert {name: found[name] for name in expected} == expected


def test_memory_and_model_speak_for_what_they_know() -> None:
    recalled = [Recalled("total)", 0.4), Recalled("total, 2)", 0.3), Recalled("limit)", 0.1)]
    scores = [(-0.1, -0.2, -0.1), (), (-3.0, -1.0, -0.5), (-0.5, -0.5, -0.2)]
    texts, rows = traits(around(CODE), recalled, "area(1)", scores)
    assert texts == ["total)", "total, 2)", "limit)", "area(1)"]
    column = {name: rows[:, NAMES.index(name)] for name in NAMES}
    assert column["place"].tolist()[:3] == [0, 1, 2]
    assert math.isnan(column["recalled"][3]), "memory did not say that"
    assert column["same_token"].tolist() == pytest.approx([0.875, 0.875, 0.125, 0.0])
    assert math.isnan(column["sum"][1]), "the model was not asked about it"
    assert column["sum"].tolist()[2:] == [-4.0, -1.0]
    assert column["model_place"].tolist()[2:] == [2, 1]
    assert column["own"].tolist() == [0, 0, 0, 1]


def test_a_text_of_both_is_one() -> None:
    texts, rows = traits(around(CODE), [Recalled("total)", 0.4)], "total)", [(-0.1, -0.1), (-0.1, -0.1)])
    assert texts == ["total)"]
    assert rows[0, NAMES.index("own")] == 1
    assert rows[0, NAMES.index("recalled")] == pytest.approx(0.4)


def test_a_model_that_does_not_tell_ends_still_has_a_place() -> None:
    _, rows = traits(around(CODE), [Recalled("total)", 0.4)], "area(1)", [(), (-0.5, -0.5, math.nan)])
    own = dict(zip(NAMES, rows[1].tolist(), strict=True))
    assert (own["sum"], own["model_place"], own["model_gap"]) == (-1.0, 0, 0)
    assert math.isnan(own["end"])


def test_lines_without_end_are_cut() -> None:
    """A minified file has one; every text is held against the caret's line."""
    found = around("x = [" + "1, " * 400_000 + "|" + "2, " * 400_000 + "]\n" + "y = 3\n" * 100_000)
    assert len(found.line) == len(found.behind) == LINE_CHARS
    assert len(found.below) == BELOW_CHARS


logprobs = st.lists(st.floats(-50, 0), max_size=6).map(tuple)
supports = st.none() | st.builds(
    Support, st.floats(0, 1), st.floats(0, 1e6), *[st.integers(0, 60)] * 5, st.booleans(), st.integers(0, 40),
    st.booleans(), st.booleans(),
)  # fmt: skip


@given(
    st.text(max_size=60),
    st.text(max_size=60),
    st.lists(st.builds(Recalled, st.text(min_size=1, max_size=8), st.floats(0, 1), supports), max_size=4),
    st.none() | st.text(max_size=8),
    st.data(),
)
def test_any_text_has_one_row_of_numbers(
    before: str, after: str, recalled: list[Recalled], written: str | None, data: st.DataObject
) -> None:
    document = Document(before + after, path="a.py", language="python", version=1)
    place = Around.caret(document.snapshot(), document.position_at(len(before)))
    scores = data.draw(st.lists(logprobs, min_size=len(recalled) + 1, max_size=len(recalled) + 1))
    texts, rows = traits(place, recalled, written, scores)
    assert set(texts) == {one.text for one in recalled} | ({written} if written else set())
    assert len(set(texts)) == len(texts)
    assert rows.shape == (len(texts), len(NAMES))
    assert not any(math.isinf(value) for value in rows.ravel().tolist())
