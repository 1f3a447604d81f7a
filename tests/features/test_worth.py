"""What a recalled text may be worth at most."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion.recall import Recalled
from hunch_features.completion.worth import worth_of

logprobs = st.lists(st.floats(-20, 0), min_size=2, max_size=12).map(tuple)
chances = st.lists(st.floats(0, 1), max_size=4)


@given(chances, logprobs, st.data())
def test_worth_is_never_above_its_bound_and_what_is_known_narrows_it(
    found: list[float], written: tuple[float, ...], data: st.DataObject
) -> None:
    recalled = [Recalled(f"text{place}", chance) for place, chance in enumerate(found)]
    worth = worth_of(recalled)
    scores = [*((prior, data.draw(logprobs)) for prior in worth.priors), (worth.own + worth.written, written)]
    for prior, score in scores:
        bounds = [worth.most(prior, len(score) - 1, score[:known]) for known in range(len(score))]
        assert worth.of(prior, score) <= bounds[-1] + 1e-9
        assert all(later <= earlier + 1e-9 for earlier, later in pairwise(bounds))


def test_what_memory_finds_likelier_is_worth_more() -> None:
    first, second, third = worth_of([Recalled("a", 0.6), Recalled("b", 0.3), Recalled("c", 0.0)]).priors
    assert first > second > third
