"""Which recalled texts the model need not read: those that cannot become the likeliest, by a rule that has a bound.

The order itself is the forest's (`ranking`), which takes a text that was not read for an unlikely one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from hunch_features.completion.recall import Recalled
from hunch_models.backend import Worth

LEAST_RECALLED, MOST_RECALLED = 0.002, 0.98
BASE, RECALLED, NOT_RECALLED, FIRST = 0.939, 0.681, 0.643, 0.669
"""Log-odds that a text is right: a constant, per log-odds of memory's, for one that memory does not know, and for its
first. With the weights below by logistic regression on 500 holes of two repositories that are in no training data
(beets, Pelican), with the bundled model."""
WEIGHTS = Worth(priors=(), own=0.0, written=0.878, total=-0.012, tokens=-0.074, end=0.252, mean=0.428, least=0.019)


def worth_of(recalled: Sequence[Recalled]) -> Worth:
    """The rule as a backend takes it, with what is known of each recalled text."""
    priors = tuple(_known(one.probability) + FIRST * (place == 0) for place, one in enumerate(recalled))
    return replace(WEIGHTS, priors=priors, own=_known(0.0) + NOT_RECALLED)


def _known(probability: float) -> float:
    bounded = min(MOST_RECALLED, max(LEAST_RECALLED, probability))
    return BASE + RECALLED * math.log(bounded / (1 - bounded))
