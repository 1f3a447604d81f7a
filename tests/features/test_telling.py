"""Decisions in words: two figures that decided against each other never look the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion.candidates import Source
from hunch_features.completion.telling import apart, how_sure

shares = st.floats(0, 1)


@pytest.mark.parametrize(
    ("one", "other", "texts"),
    [
        (0.31, 0.55, ("31%", "55%")),
        (0.031, 0.034, ("3.1%", "3.4%")),
        (0.03114, 0.03136, ("3.11%", "3.14%")),
        (0.5, 0.5, ("50%", "50%")),
        (0.5, 0.5 + 1e-9, ("50.000%", "50.000%")),
    ],
)
def test_as_many_digits_as_it_takes(one: float, other: float, texts: tuple[str, str]) -> None:
    assert apart(one, other) == texts


@given(shares, shares)
def test_what_differs_reads_differently_and_in_order(one: float, other: float) -> None:
    texts = apart(one, other)
    told = [float(text.removesuffix("%")) for text in texts]
    assert (texts[0] != texts[1]) or abs(one - other) < 0.0001
    assert (told[0] - told[1]) * (one - other) >= 0


@pytest.mark.parametrize(
    ("source", "mean", "least", "text"),
    [
        (Source.MODEL, math.log(0.548), math.log(0.5488), "from the model, 54.8% sure per token, your least is 54.9%"),
        (Source.MODEL, math.log(0.3), math.log(0.55), "from the model, 30% sure per token, your least is 55%"),
        (Source.CACHE, math.log(0.3), None, "from the cache, 30% sure per token"),
        (
            Source.MEMORY,
            math.log(0.3),
            math.log(0.55),
            "as this repository goes on elsewhere, 30% sure, your least is 55%",
        ),
        (Source.RUNNING, None, None, "begun a key earlier"),
    ],
)
def test_how_sure_in_words(source: Source, mean: float | None, least: float | None, text: str) -> None:
    assert how_sure(source, mean, least) == text
