"""What decided, in shares that add up: exact Shapley values over groups of features, and one sentence made from them.

A group that is "absent" has its typical values, so that a share says how much this case differs from the usual one.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hunch_features.gating.features import GROUPS, row
from hunch_features.gating.gate import GateModels, Verdict
from hunch_features.gating.rightness import RIGHT

WORDS: dict[str, str] = {
    "place": "the place in the code",
    "you": "what you did with the last suggestions",
    "rhythm": "your typing and the wait",
    "text": "the text itself",
    "model": "how sure the model was",
    "alike": "what you did with similar ones",
    "right": "how likely it is exactly right",
}
NOTABLE = 0.1
"""Log-odds; smaller shares are not worth a word."""


@dataclass(frozen=True, slots=True)
class Share:
    """How much a group moved the score, in log-odds: above zero speaks for showing."""

    group: str
    value: float


def shares(models: GateModels, verdict: Verdict) -> tuple[float, tuple[Share, ...]]:
    """The score of a usual case, and every group's share; their sum is `verdict.log_odds`. Empty without a score.

    Being right is added to what the model says of the others: its share is the verdict's offset.
    """
    model = models.show if "mean_logprob" in verdict.values else models.request
    if model is None or verdict.log_odds is None:
        return 0.0, ()
    names = model.about.features
    groups = [
        (group, columns) for group, own in GROUPS if (columns := [names.index(name) for name in own if name in names])
    ]
    here = row(verdict.values, names)
    subsets = list(itertools.product((False, True), repeat=len(groups)))
    rows = np.tile(model.typical, (len(subsets), 1))
    for number, chosen in enumerate(subsets):
        for present, (_, columns) in zip(chosen, groups, strict=True):
            if present:
                rows[number, columns] = here[columns]
    score = dict(zip(subsets, model.log_odds(rows), strict=True))
    count = len(groups)
    found = []
    for index, (group, _) in enumerate(groups):
        value = 0.0
        for chosen in subsets:
            if chosen[index]:
                continue
            size = sum(chosen)
            with_it = (*chosen[:index], True, *chosen[index + 1 :])
            value += (score[with_it] - score[chosen]) / (count * math.comb(count - 1, size))
        found.append(Share(group, float(value)))
    if verdict.offset:
        found.append(Share("right", verdict.offset))
    return float(score[(False,) * count]), tuple(found)


def because(found: Sequence[Share], values: Mapping[str, float], *, allowed: bool) -> str:
    """The two strongest reasons for what was decided, as half a sentence; empty where nothing stands out."""
    sign = 1 if allowed else -1
    strongest = sorted(
        (share for share in found if sign * share.value > NOTABLE), key=lambda share: -sign * share.value
    )
    return " and ".join(_in_words(share.group, values, allowed=allowed) for share in strongest[:2])


def _in_words(group: str, values: Mapping[str, float], *, allowed: bool) -> str:
    """A group as a reason, with the number that people know where there is one."""
    logprob = values.get("mean_logprob", math.nan)
    if group == "model" and math.isfinite(logprob):
        return f"the model was {'sure' if allowed else 'unsure'} ({math.exp(min(0.0, logprob)):.0%} per token)"
    if group == RIGHT and RIGHT in values:
        return f"it is {values[RIGHT]:.0%} likely to be exactly right"
    refused = round(math.expm1(values.get("refused_in_a_row", 0.0)))
    if group == "you" and not allowed and refused >= 2:
        return f"you turned down the last {refused}"
    if group == "you" and allowed and values.get("last_taken") == 1.0:
        return "you took the last one"
    return WORDS[group]
