"""Simpler predictions of the state, fitted and measured on the same people as the model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from hunch_features.intent.encoding import KINDS, WIDTH
from hunch_features.intent.samples import Samples
from hunch_features.intent.taxonomy import STATES

Floats = npt.NDArray[np.float32]
Fit = Callable[[Samples, Samples], Floats]
"""Probabilities for the second samples, learnt from the first."""

SMOOTHING = 0.5
"""Added to every count."""


def majority(learnt: Samples, asked: Samples) -> Floats:
    """The most frequent state, always."""
    counts = np.bincount(learnt.labels, minlength=len(STATES)) + SMOOTHING
    return np.tile((counts / counts.sum()).astype(np.float32), (len(asked.labels), 1))


def markov_events(learnt: Samples, asked: Samples) -> Floats:
    """The state after each pair of kinds of events: a chain over what can be seen."""
    table = np.full((len(KINDS) + 1, len(KINDS) + 1, len(STATES)), SMOOTHING / len(STATES), np.float32)
    for (before, last), label in zip(_kinds(learnt), learnt.labels, strict=True):
        table[before, last, label] += 1
    found = np.stack([table[before, last] for before, last in _kinds(asked)])
    return _normalised(found)


def markov_labels(learnt: Samples, asked: Samples) -> Floats:
    """The state after the person's previous *true* state. Nobody knows that live: an upper mark, no rival."""
    table = np.full((len(STATES) + 1, len(STATES)), SMOOTHING / len(STATES), np.float32)
    for before, label in zip(_previous(learnt), learnt.labels, strict=True):
        table[before, label] += 1
    found = np.stack([table[before] for before in _previous(asked)])
    return _normalised(found)


def logistic(learnt: Samples, asked: Samples) -> Floats:
    """Logistic regression on the last event's row and the row of the moment. Needs torch."""
    from hunch_models.training.intent_network import calibrated, fit_logistic  # noqa: PLC0415 - torch, for training only

    weight, bias = fit_logistic(_last_rows(learnt), learnt.labels, len(STATES))
    raw = _last_rows(asked) @ weight + bias
    return calibrated(raw, 1.0)


BASELINES: dict[str, Fit] = {
    "majority": majority,
    "markov_events": markov_events,
    "logistic_last_event": logistic,
    "markov_true_labels": markov_labels,
}


def out_of_fold(fit: Fit, data: Samples, groups: Sequence[Sequence[str]]) -> Floats:
    """Predictions for each group of people, learnt from the others."""
    found = np.zeros((len(data.labels), len(STATES)), np.float32)
    people = np.array(data.people)
    for left_out in groups:
        inside = np.isin(people, list(left_out))
        found[inside] = fit(_part(data, ~inside), _part(data, inside))
    return found


def _normalised(found: Floats) -> Floats:
    result: Floats = found / found.sum(1, keepdims=True)
    return result


def _part(data: Samples, chosen: npt.NDArray[np.bool_]) -> Samples:
    people = tuple(name for name, take in zip(data.people, chosen, strict=True) if take)
    return Samples(data.windows[chosen], data.labels[chosen], people)


def _kinds(data: Samples) -> npt.NDArray[np.int64]:
    """Kinds of the last two events before each moment, `len(KINDS)` where there was none: (n, 2)."""
    kinds = data.windows[:, -3:-1, : len(KINDS)]
    return np.where(kinds.any(2), kinds.argmax(2), len(KINDS))


def _previous(data: Samples) -> list[int]:
    found: list[int] = []
    for number, person in enumerate(data.people):
        same = number > 0 and data.people[number - 1] == person
        found.append(int(data.labels[number - 1]) if same else len(STATES))
    return found


def _last_rows(data: Samples) -> Floats:
    rows: Floats = data.windows[:, -2:].reshape(len(data.labels), 2 * WIDTH)
    return rows
