"""The decision: ask for a suggestion or not, show it or not, with the probability behind it."""

from __future__ import annotations

import logging
import math
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hunch_features.gating.features import (
    REQUEST_FEATURES,
    SHOW_FEATURES,
    VERSION,
    request_values,
    row,
    show_values,
)
from hunch_features.gating.history import History
from hunch_features.gating.learning import Personal
from hunch_features.gating.levels import GateSettings, least_worth
from hunch_features.gating.rightness import RIGHT, offset
from hunch_features.gating.situation import Place, Suggested
from hunch_features.gating.styles import CAUTION, Conduct, style_of
from hunch_models.errors import ModelError
from hunch_models.gate.tree_model import REQUEST, SHOW, TreeModel

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided. `p`: probability that the person takes it, `least`: what it needs; None where no model ran.

    `log_odds`: the score without the person's shift; `offset`: the part of it that is for being right (`rightness`).
    `chance`: the probability with which this verdict was given (below 1 only for one that is shown to learn).
    """

    allowed: bool
    p: float | None = None
    least: float | None = None
    log_odds: float | None = None
    offset: float = 0.0
    exploring: bool = False
    chance: float = 1.0
    values: Mapping[str, float] = field(default_factory=dict)
    took_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class GateModels:
    """Both models. `detail` says what is missing; the gate then lets everything pass that the plain rules let pass."""

    request: TreeModel | None
    show: TreeModel | None
    detail: str = ""

    @classmethod
    def load(cls, request: Path = REQUEST, show: Path = SHOW) -> GateModels:
        """The shipped models, or what is left of them."""
        found: list[TreeModel | None] = []
        problems = []
        for path, names in ((request, REQUEST_FEATURES), (show, SHOW_FEATURES)):
            try:
                found.append(TreeModel(path, VERSION, names))
            except ModelError as error:
                log.warning("gate: %s", error.one_line())
                problems.append(error.one_line())
                found.append(None)
        return cls(found[0], found[1], "; ".join(problems))


class Gate:
    """Both stages for one person."""

    def __init__(
        self,
        models: GateModels,
        settings: GateSettings,
        personal: Personal | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.models = models
        self.settings = settings
        self.personal = personal or Personal()
        self.history = History()
        self._chance = chance or random.Random()  # noqa: S311 - not for secrets

    @property
    def ready(self) -> bool:
        """Whether at least one model decides."""
        return self.models.request is not None or self.models.show is not None

    @property
    def degraded(self) -> str:
        """Why it decides by plain rules only; empty when it does not."""
        return self.models.detail

    def ask(self, place: Place) -> Verdict:
        """Whether a suggestion is worth making here. Never raises."""
        return self._decide(self.models.request, place, None, "request")

    def judge(self, place: Place, suggested: Suggested) -> Verdict:
        """Whether a suggestion is worth showing. Never raises."""
        return self._decide(self.models.show, place, suggested, "show")

    def _decide(self, model: TreeModel | None, place: Place, suggested: Suggested | None, stage: str) -> Verdict:
        started = time.perf_counter()
        level = self.settings.level
        if model is None or level == "off":
            return Verdict(allowed=True)
        try:
            if suggested is None:
                values = request_values(place, self.history)
            else:
                values = show_values(place, suggested, self.history)
            right = None if suggested is None else suggested.logprobs.right
            added = offset(right)
            score = float(model.log_odds(row(values, model.about.features)[None, :])[0]) + added
        except Exception:  # a suggestion must never be lost to a fault of the gate
            log.exception("the gate could not decide")
            return Verdict(allowed=True)
        least = self._least(model, level, suggested)
        learns = self.settings.learn and stage == "show"
        seen = self.personal.adapted(score) if learns else score
        allowed = place.explicit or seen >= least
        exploring = not allowed and stage == "show" and self._chance.random() < self.settings.explore
        return Verdict(
            allowed=allowed or exploring,
            p=_probability(seen),
            least=_probability(least),
            log_odds=score,
            offset=added,
            exploring=exploring,
            chance=self.settings.explore if exploring else 1.0,
            values=values if right is None else {**values, RIGHT: right},
            took_ms=(time.perf_counter() - started) * 1000,
        )

    def _least(self, model: TreeModel, level: str, suggested: Suggested | None) -> float:
        """The score that is needed: what keeps the level's promise, or less where the text is worth reading anyway."""
        lost = model.about.lost.get(level, 0.0)
        if suggested is None:
            return _quantile(model.about.taken, lost)
        if not self.settings.learn:
            found = _quantile(model.about.taken, lost)
        else:
            style = style_of(Conduct(self.history.decided, self.history.taken))
            found = self.personal.least(model.about.taken, lost * (CAUTION[style] if style else 1.0))
        return min(found, _log_odds(least_worth(len(suggested.text))))

    def shown(self, place: Place, text: str) -> None:
        """A suggestion is on the screen."""
        self.history.shown(place, text)

    def decided(
        self, place: Place, text: str, verdict: Verdict, *, taken: bool, at_s: float, seen_s: float | None
    ) -> None:
        """What became of it; `seen_s`: how long it was on the screen, where that is known."""
        self.history.decided_on(text, verdict.values, taken=taken, at_s=at_s, seen_s=seen_s, explicit=place.explicit)
        if verdict.log_odds is not None and self.settings.learn:
            self.personal.learn(verdict.log_odds, taken=taken, seen_s=seen_s, chance=verdict.chance)


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))


def _log_odds(probability: float) -> float:
    bounded = max(1e-6, min(1 - 1e-6, probability))
    return math.log(bounded / (1 - bounded))


def _quantile(ascending: tuple[float, ...], share: float) -> float:
    return float(np.quantile(ascending, share, method="lower")) if ascending else -math.inf
