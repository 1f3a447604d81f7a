"""Texts of memory and model in one order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion.ranking import ranked
from hunch_features.completion.recall import Recalled

SURE, UNSURE = (-0.01, -0.02, -0.01), (-4.0, -5.0, -3.0)


def order(recalled: list[Recalled], written: str, scores: list[tuple[float, ...]]) -> list[str]:
    return [one.text for one in ranked(recalled, written, scores)]


def test_what_the_model_finds_likely_comes_before_what_memory_thought_first() -> None:
    recalled = [Recalled("close()", 0.3), Recalled("open()", 0.25)]
    assert order(recalled, "stop()", [UNSURE, SURE, UNSURE]) == ["open()", "close()", "stop()"]


def test_a_certain_memory_needs_no_model() -> None:
    assert order([Recalled("close()", 0.97)], "stop()", [(-1.0, -1.0, -0.5), (-0.8, -0.8, -0.5)])[0] == "close()"


def test_the_model_alone_and_both_of_one_mind() -> None:
    assert order([], "stop()", [SURE]) == ["stop()"]
    (both,) = ranked([Recalled("stop()", 0.5)], "stop()", [SURE, SURE])
    (alone,) = ranked([], "stop()", [SURE])
    assert both.by_model
    assert both.probability > alone.probability


def test_what_was_not_scored_is_left_out() -> None:
    assert order([Recalled("a", 0.9), Recalled("b", 0.1)], "", [(), SURE, ()]) == ["b"]
    assert order([Recalled("a", 0.9)], "b", []) == []


logprobs = st.lists(st.floats(-50, 0), min_size=0, max_size=6).map(tuple)


@given(st.lists(st.tuples(st.text(max_size=8), st.floats(0, 1)), max_size=4), st.text(max_size=8), st.data())
def test_any_scores_give_probabilities_in_order(
    pairs: list[tuple[str, float]], written: str, data: st.DataObject
) -> None:
    scores = data.draw(st.lists(logprobs, min_size=len(pairs) + 1, max_size=len(pairs) + 1))
    found = [one.probability for one in ranked([Recalled(*pair) for pair in pairs], written, scores)]
    assert found == sorted(found, reverse=True)
    assert all(0 < probability < 1 for probability in found)
