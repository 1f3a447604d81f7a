"""Cross-validation by person: what is chosen (balance, temperature) is chosen on inner folds only. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hunch_models.intent.metrics import macro_f1
from hunch_models.training.intent_network import (
    FitConfig,
    Floats,
    Labels,
    StateNetwork,
    calibrated,
    fit,
    logits,
    offsets,
)

BALANCES = (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8)
ACCURACY_GIVEN = 0.04
"""Accuracy that is given up at most for a better macro-F1, so that rare states are said at all."""
TEMPERATURES = (0.6, 0.7, 0.8, 0.9, 1.0, 1.2, 1.5, 2.0)
INNER_FOLDS = 3
OUTER_FOLDS = 8

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Data:
    """What a fit sees: `windows`, `labels`, whose they are, and the same for the moments that are measured."""

    windows: Floats
    labels: Labels
    people: npt.NDArray[np.str_]

    def of(self, names: Sequence[str]) -> Data:
        """Only these people's."""
        chosen = np.isin(self.people, list(names))
        return Data(self.windows[chosen], self.labels[chosen], self.people[chosen])


@dataclass(frozen=True, slots=True)
class Found:
    """Predictions: `probabilities` (n, classes) and the classes `said` (n)."""

    probabilities: Floats
    said: Labels


def folds(people: Sequence[str], count: int) -> list[list[str]]:
    """People dealt into at most `count` groups, in the order of their appearance."""
    names = list(dict.fromkeys(str(name) for name in people))
    return [group for start in range(count) if (group := names[start::count])]


def choose(fitting: Data, measured: Data, classes: int, config: FitConfig) -> FitConfig:
    """Balance and temperature from predictions for people left out: best macro-F1 at a good accuracy, then likelihood.

    Raises ValueError for fewer than two people.
    """
    groups = folds(list(measured.people), INNER_FOLDS)
    if len(groups) < 2:
        raise ValueError("at least two people are needed")
    raw = np.zeros((len(measured.labels), classes), np.float32)
    priors = np.zeros_like(raw)
    for left_out in groups:
        network = _fit_without(fitting, left_out, classes, config)
        inside = np.isin(measured.people, left_out)
        raw[inside] = logits(network, measured.windows[inside])
        priors[inside] = network.log_prior.numpy()

    said = {balance: (raw - balance * priors).argmax(1) for balance in BALANCES}
    accuracy = {balance: float((found == measured.labels).mean()) for balance, found in said.items()}
    good = [one for one in BALANCES if accuracy[one] >= max(accuracy.values()) - ACCURACY_GIVEN]
    balance = max(good, key=lambda one: macro_f1(said[one], measured.labels))

    def surprise(temperature: float) -> float:
        found = calibrated(raw, temperature)
        return float(-np.log(found[np.arange(len(found)), measured.labels] + 1e-9).mean())

    return replace(config, balance=balance, temperature=min(TEMPERATURES, key=surprise))


def _fit_without(fitting: Data, left_out: Sequence[str], classes: int, config: FitConfig) -> StateNetwork:
    kept = ~np.isin(fitting.people, list(left_out))
    return fit(fitting.windows[kept], fitting.labels[kept], classes, config)


def cross_validate(
    fitting: Data, measured: Sequence[Data], classes: int, config: FitConfig, progress: Progress = lambda _line: None
) -> list[Found]:
    """Predictions for every sample of each of `measured`, from networks that never saw its person.

    What `choose` finds is found anew for every fold, on the first of `measured`.
    """
    found = [
        Found(np.zeros((len(data.labels), classes), np.float32), np.zeros(len(data.labels), np.int64))
        for data in measured
    ]
    groups = folds(list(measured[0].people), OUTER_FOLDS)
    for number, left_out in enumerate(groups):
        rest = [name for name in dict.fromkeys(measured[0].people.tolist()) if name not in left_out]
        chosen = choose(fitting.of(rest), measured[0].of(rest), classes, config)
        network = _fit_without(fitting, left_out, classes, chosen)
        for data, into in zip(measured, found, strict=True):
            inside = np.isin(data.people, left_out)
            if inside.any():
                raw = logits(network, data.windows[inside])
                chances = into.probabilities[inside] = calibrated(raw, chosen.temperature)
                into.said[inside] = (np.log(chances + 1e-9) + offsets(network, chosen)).argmax(1)
        progress(f"fold {number + 1} of {len(groups)}: balance {chosen.balance}, temperature {chosen.temperature}")
    return found
