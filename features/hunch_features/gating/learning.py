"""What a person's own decisions change: a small shift of the probability, and how low a score they still take.

Both are held near the shipped model by strong priors, and the shift is used only while it has lately predicted better.
"""

from __future__ import annotations

import bisect
import math
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hunch_features.traces.events import (
    Event,
    SuggestionAccepted,
    SuggestionPartlyAccepted,
    SuggestionRejected,
    SuggestionShown,
)

PRIOR_PRECISION = 4.0
"""1 / variance of the shift between people, in log-odds: half a unit either way is common in the recorded sessions."""
FORGET = 0.995
"""Weight of older evidence per decision: habits change, slowly."""
RECENT = 0.96
"""Smoothing of the losses that are compared: about the last 25 decisions."""
PRIOR_TAKEN = 10.0
"""The shipped threshold weighs as much as this many of the person's own taken suggestions."""
KEPT_TAKEN = 60
GLANCE_S, GLANCE_WEIGHT = 0.3, 0.3
"""Text seen this short was hardly read: turning it down says little."""


SCORE, CHANCE = "gate_score", "gate_chance"
"""Names of the figures in the record from which a person's layer is built again: the shipped score, the chance."""


@dataclass(slots=True)
class Shift:
    """The shift with its precision, and the two losses that are compared."""

    value: float = 0.0
    precision: float = PRIOR_PRECISION
    loss: float = 0.0
    shipped_loss: float = 0.0
    decisions: int = 0


class Personal:
    """One person's layer over the shipped model. All scores are log-odds. In RAM only: the record is what is kept."""

    def __init__(self) -> None:
        self.shift = Shift()
        self._taken: deque[float] = deque(maxlen=KEPT_TAKEN)
        self._least: dict[float, float] = {}

    @classmethod
    def from_record(cls, events: Iterable[Event]) -> Personal:
        """Built again from recorded suggestions, in order of time."""
        found = cls()
        shown: dict[str, SuggestionShown] = {}
        for event in events:
            match event:
                case SuggestionShown():
                    shown[event.suggestion] = event
                case SuggestionAccepted() | SuggestionPartlyAccepted() | SuggestionRejected():
                    before = shown.pop(event.suggestion, None)
                    if before is not None and SCORE in before.features:
                        found.learn(
                            before.features[SCORE],
                            taken=not isinstance(event, SuggestionRejected),
                            seen_s=event.shown_ms / 1000 if event.shown_ms else None,
                            chance=before.features.get(CHANCE, 1.0),
                        )
        return found

    @property
    def helps(self) -> bool:
        """Whether the shift has lately predicted at least as well as the shipped model alone."""
        return self.shift.decisions > 0 and self.shift.loss <= self.shift.shipped_loss

    def adapted(self, log_odds: float) -> float:
        """The score with the person's shift, or as it was while the shift does not help."""
        return log_odds + self.shift.value if self.helps else log_odds

    def least(self, shipped: Sequence[float], lost: float) -> float:
        """The score below which a share `lost` of what is taken lies, by the shipped scores and the person's own.

        `shipped`: scores of suggestions that others took, ascending; together they weigh `PRIOR_TAKEN`.
        """
        if not shipped:
            return -math.inf
        if lost not in self._least:
            self._least[lost] = self._quantile(shipped, lost)
        return self._least[lost]

    def _quantile(self, shipped: Sequence[float], lost: float) -> float:
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
        state = self.shift
        hasty = not taken and seen_s is not None and seen_s < GLANCE_S
        weight = (GLANCE_WEIGHT if hasty else 1.0) * min(5.0, 1.0 / max(chance, 0.01))
        label = float(taken)
        shifted = _probability(log_odds + state.value)
        state.loss += (1 - RECENT) * (_loss(shifted, label) - state.loss)
        state.shipped_loss += (1 - RECENT) * (_loss(_probability(log_odds), label) - state.shipped_loss)
        state.decisions += 1
        # One Newton step of Bayesian logistic regression on the shift alone, its prior always at work.
        evidence = weight * shifted * (1 - shifted)
        state.precision = PRIOR_PRECISION + FORGET * (state.precision - PRIOR_PRECISION) + evidence
        pull = weight * (label - shifted) - PRIOR_PRECISION * (1 - FORGET) * state.value
        state.value = max(-2.0, min(2.0, state.value + pull / state.precision))
        if taken:
            self._taken.append(log_odds)
            self._least.clear()


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def _loss(probability: float, label: float) -> float:
    chosen = probability if label else 1 - probability
    return -math.log(max(1e-6, chosen))
