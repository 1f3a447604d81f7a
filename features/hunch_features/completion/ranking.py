"""Which of several texts goes on here: what the repository's memory recalls and what the model wrote, in one order.

A forest of decision trees looks at what memory and model say of every text and at how it fits the lines around it
(`traits`). It is fitted by `tests/benchmarks/ranking.py`; to what, and how well, stands in `ranking.json` beside it.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hunch_features.completion.recall import Recalled
from hunch_features.completion.traits import NAMES, Around, traits
from hunch_models.errors import ModelError
from hunch_models.forests.forest import Description, Forest

log = logging.getLogger(__name__)

MOST_SCORED = 4
"""Recalled texts that the model is asked about; later ones are seldom right and cost time."""
WEIGHTS = Path(__file__).with_name("ranking.onnx")
VERSION = 1
BOUND = 30.0


class Ranked(NamedTuple):
    """A text, whether the model wrote it or memory recalled it, and the probability that it is exactly right."""

    text: str
    by_model: bool
    probability: float


def ranked(
    around: Around, recalled: Sequence[Recalled], written: str | None, scores: Sequence[Sequence[float]]
) -> list[Ranked]:
    """All texts, the likeliest first. `written`: what the model wrote, None where none was asked.

    `scores`: the model's log-probabilities of each recalled text's tokens and of its end, and last of `written`
    (`GenerationResult.scores`); empty for texts that it was not asked about. Without the forest, what memory says has
    memory's order, and nothing of it comes before what a model wrote.
    """
    texts, rows = traits(around, recalled, written, scores)
    trees = forest()
    if trees is None:
        return [] if written else [Ranked(one.text, by_model=False, probability=one.probability) for one in recalled]
    if not texts:
        return []
    odds = np.clip(trees.log_odds(rows), -BOUND, BOUND)
    found = [
        Ranked(text, text == written, probability)
        for text, probability in zip(texts, (1 / (1 + np.exp(-odds))).tolist(), strict=True)
    ]
    return sorted(found, key=lambda one: -one.probability)


@functools.cache
def forest() -> Forest[Description] | None:
    """The shipped forest, loaded once; None, and a line in the log, where it is damaged."""
    try:
        return Forest(WEIGHTS, Description, VERSION, NAMES)
    except ModelError as error:
        log.error("texts of memory and model are not put in order: %s", error)
        return None
