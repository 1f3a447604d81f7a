"""Which of several texts goes on here: what the repository's memory recalls and what the model wrote, in one order.

The model's likelihood of every text decides together with what memory thinks of it. Weights: logistic regression on 500
holes in the newest commits of two repositories that are in no training data (beets, Pelican), with the bundled model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from hunch_features.completion.recall import Recalled

MOST_SCORED = 4
"""Recalled texts that the model is asked about; later ones are seldom right and cost time."""
LEAST_RECALLED, MOST_RECALLED = 0.002, 0.98

BASE = 0.939
WEIGHTS = {
    "recalled": 0.681,  # log-odds by memory, bounded
    "not_recalled": 0.643,
    "first_recalled": 0.669,
    "sum": -0.012,  # of the tokens' log-probabilities
    "tokens": -0.074,
    "end": 0.252,  # log-probability that the line or the text ends there
    "written": 0.878,  # the model's own choice
    "mean": 0.428,
    "least": 0.019,
}


class Ranked(NamedTuple):
    """A text, whether the model wrote it or memory recalled it, and the probability that it is exactly right."""

    text: str
    by_model: bool
    probability: float


def ranked(recalled: Sequence[Recalled], written: str, scores: Sequence[Sequence[float]]) -> list[Ranked]:
    """All texts, the likeliest first.

    `scores`: the model's log-probabilities of each recalled text's tokens and of its end, and last of `written`
    (`GenerationResult.scores`). A text without a score is left out, except by memory alone.
    """
    rank = {one.text: (place, one.probability) for place, one in enumerate(recalled)}
    found: list[Ranked] = []
    for text, score in zip([*(one.text for one in recalled), written], scores, strict=False):
        own = text == written
        if len(score) < 2 or any(text == one.text for one in found):
            continue
        place, probability = rank.get(text, (-1, 0.0))
        bounded = min(MOST_RECALLED, max(LEAST_RECALLED, probability))
        *tokens, end = score
        total = sum(tokens)
        odds = BASE + (
            WEIGHTS["recalled"] * math.log(bounded / (1 - bounded))
            + WEIGHTS["not_recalled"] * (place < 0)
            + WEIGHTS["first_recalled"] * (place == 0)
            + WEIGHTS["sum"] * total
            + WEIGHTS["tokens"] * len(tokens)
            + WEIGHTS["end"] * end
            + WEIGHTS["written"] * own
            + WEIGHTS["mean"] * total / len(tokens)
            + WEIGHTS["least"] * min(tokens)
        )
        found.append(Ranked(text, own, 1 / (1 + math.exp(-max(-30.0, min(30.0, odds))))))
    return sorted(found, key=lambda one: -one.probability)
