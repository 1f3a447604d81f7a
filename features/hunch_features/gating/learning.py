"""What a person's own decisions change: a small shift of the probability, and how low a score they still take.

Both are held near the shipped model by strong priors, and the shift is used only while it has lately predicted better.
"""

from __future__ import annotations

import bisect
import math
from collections import deque
from collections.abc import Sequence

import msgspec

PRIOR_PRECISION = 4.0
"""1 / variance of the shift between people, in log-odds: half a unit either way is common in the recorded sessions."""
FORGET = 0.995
"""Weight of older evidence per decision: habits change, slowly."""
RECENT = 0.96
"""Smoothing of the losses that are compared: about the last 25 decisions."""
PRIOR_TAKEN = 3.0
"""The shipped threshold weighs as much as this many of the person's own taken suggestions."""
KEPT_TAKEN = 60
GLANCE_S, GLANCE_WEIGHT = 0.3, 0.3
"""Text seen this short was hardly read: turning it down says little."""


class PersonalState(msgspec.Struct):
    """What is kept on disk. Log-odds and counts, no text."""

    shift: float = 0.0
    precision: float = PRIOR_PRECISION
    loss: float = 0.0
    shipped_loss: float = 0.0
    decisions: int = 0
    taken: list[float] = []


class Personal:
    """One person's layer over the shipped model. All scores are log-odds."""

    def __init__(self, state: PersonalState | None = None) -> None:
        self.state = state or PersonalState()
        self._taken = deque(self.state.taken[-KEPT_TAKEN:], KEPT_TAKEN)

    @property
    def helps(self) -> bool:
        """Whether the shift has lately predicted at least as well as the shipped model alone."""
        return self.state.decisions > 0 and self.state.loss <= self.state.shipped_loss

    def adapted(self, log_odds: float) -> float:
        """The score with the person's shift, or as it was while the shift does not help."""
        return log_odds + self.state.shift if self.helps else log_odds

    def least(self, shipped: Sequence[float], lost: float) -> float:
        """The score below which a share `lost` of what is taken lies, by the shipped scores and the person's own.

        `shipped`: scores of suggestions that others took, ascending; together they weigh `PRIOR_TAKEN`.
        """
        if not shipped:
            return -math.inf
        own = sorted(self._taken)
        weight = PRIOR_TAKEN / len(shipped)
        wanted = lost * (PRIOR_TAKEN + len(own))
        found = shipped[0]
        for score in sorted([*shipped, *own]):
            below = weight * bisect.bisect_left(shipped, score) + bisect.bisect_left(own, score)
            if below > wanted:
                break
            found = score
        return found

    def learn(self, log_odds: float, *, taken: bool, seen_s: float | None = None, chance: float = 1.0) -> None:
        """A decision on a suggestion of this score.

        `chance`: the probability with which it was shown; one shown only to learn counts more (inverse propensity).
        """
        if not math.isfinite(log_odds):
            return
        state = self.state
        hasty = not taken and seen_s is not None and seen_s < GLANCE_S
        weight = (GLANCE_WEIGHT if hasty else 1.0) * min(5.0, 1.0 / max(chance, 0.01))
        label = float(taken)
        shifted = _probability(log_odds + state.shift)
        state.loss += (1 - RECENT) * (_loss(shifted, label) - state.loss)
        state.shipped_loss += (1 - RECENT) * (_loss(_probability(log_odds), label) - state.shipped_loss)
        state.decisions += 1
        # One Newton step of Bayesian logistic regression on the shift alone, its prior always at work.
        evidence = weight * shifted * (1 - shifted)
        state.precision = PRIOR_PRECISION + FORGET * (state.precision - PRIOR_PRECISION) + evidence
        pull = weight * (label - shifted) - PRIOR_PRECISION * (1 - FORGET) * state.shift
        state.shift = max(-2.0, min(2.0, state.shift + pull / state.precision))
        if taken:
            self._taken.append(log_odds)
            state.taken = list(self._taken)


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def _loss(probability: float, label: float) -> float:
    chosen = probability if label else 1 - probability
    return -math.log(max(1e-6, chosen))
