"""What a recalled text may be worth at most, against the order that follows from it."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion.ranking import ranked
from hunch_features.completion.recall import Recalled
from hunch_features.completion.worth import worth_of

logprobs = st.lists(st.floats(-20, 0), min_size=2, max_size=12).map(tuple)
chances = st.lists(st.floats(0, 1), max_size=4)


@given(chances, st.integers(0, 4), st.data())
def test_worth_is_the_log_odds_of_the_order_and_never_above_its_bound(
    found: list[float], same: int, data: st.DataObject
) -> None:
    recalled = [Recalled(f"text{place}", chance) for place, chance in enumerate(found)]
    written = recalled[same].text if same < len(recalled) else "other"
    scores = [data.draw(logprobs) for _ in recalled]
    scores.append(scores[same] if same < len(recalled) else data.draw(logprobs))
    worth = worth_of(recalled)
    priors = {written: worth.own} | {one.text: prior for one, prior in zip(recalled, worth.priors, strict=True)}
    priors[written] += worth.written
    by_text = dict(zip([*(one.text for one in recalled), written], scores, strict=True))
    for one in ranked(recalled, written, scores):
        score = by_text[one.text]
        value = worth.of(priors[one.text], score)
        assert 1 / (1 + math.exp(-max(-30.0, min(30.0, value)))) == pytest.approx(one.probability, rel=1e-6)
        bounds = [worth.most(priors[one.text], len(score) - 1, score[:known]) for known in range(len(score))]
        assert value <= bounds[-1] + 1e-9
        assert all(later <= earlier + 1e-9 for earlier, later in pairwise(bounds)), "what is known narrows it"


@given(chances.filter(lambda found: len(found) > 1), st.data())
def test_what_cannot_be_worth_more_is_never_first(found: list[float], data: st.DataObject) -> None:
    recalled = [Recalled(f"text{place}", chance) for place, chance in enumerate(found)]
    scores = [data.draw(logprobs) for _ in range(len(recalled) + 1)]
    worth = worth_of(recalled)
    best = worth.of(worth.own + worth.written, scores[-1])
    kept = [
        score if worth.most(prior, len(score) - 1) > best else ()
        for prior, score in zip(worth.priors, scores, strict=False)
    ]
    assert ranked(recalled, "other", [*kept, scores[-1]])[0] == ranked(recalled, "other", scores)[0]
