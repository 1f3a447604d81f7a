"""What a recalled text may be worth at most: the model need not read those that cannot become the first in order."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hunch_features.completion.ranking import BASE, LEAST_RECALLED, MOST_RECALLED, WEIGHTS
from hunch_features.completion.recall import Recalled
from hunch_models.backend import Worth


def worth_of(recalled: Sequence[Recalled]) -> Worth:
    """The weights of `ranking.ranked` as a backend takes them, with what is known of each recalled text."""
    return Worth(
        priors=tuple(
            _known(one.probability) + WEIGHTS["first_recalled"] * (place == 0) for place, one in enumerate(recalled)
        ),
        own=_known(0.0) + WEIGHTS["not_recalled"],
        written=WEIGHTS["written"],
        total=WEIGHTS["sum"],
        tokens=WEIGHTS["tokens"],
        end=WEIGHTS["end"],
        mean=WEIGHTS["mean"],
        least=WEIGHTS["least"],
    )


def _known(probability: float) -> float:
    bounded = min(MOST_RECALLED, max(LEAST_RECALLED, probability))
    return BASE + WEIGHTS["recalled"] * math.log(bounded / (1 - bounded))
