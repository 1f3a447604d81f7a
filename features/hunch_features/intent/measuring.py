"""How good the state model is on labelled telemetry, and how good simpler predictions are on the same moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hunch_features.intent.encoding import COLUMNS, ENCODING_VERSION
from hunch_features.intent.samples import Samples, When, fingerprint, samples
from hunch_features.intent.taxonomy import STATES
from hunch_features.intent.telemetry import LabelledSession
from hunch_models.intent.metrics import Floats, interval_over_people, macro_f1, scores
from hunch_models.intent.state_model import StateModel

DIGITS = 4
MEASURED: tuple[When, ...] = ("end", "start")


def state_model(weights: Any) -> StateModel:
    """The model in a weights file, checked against the columns and states of this version. Raises ModelError."""
    return StateModel(weights, ENCODING_VERSION, COLUMNS, STATES)


def evaluate(model: StateModel, sessions: Sequence[LabelledSession]) -> dict[str, Any]:
    """The contract's JSON document for `hunch eval intent`. Raises ValueError where no interval is labelled."""
    ends, starts = (samples(sessions, (when,)) for when in MEASURED)
    if not len(ends.labels):
        raise ValueError("no interval of the file has a label")
    known = sum(fingerprint(session) in model.about.sessions for session in sessions)
    chances, first = model.probabilities(ends.windows), model.probabilities(starts.windows)
    result = report(chances, model.said(chances), ends)
    result["at_start"] = without_classes(report(first, model.said(first), starts))
    result["people"] = len(set(ends.people))
    result["sessions"] = len(sessions)
    result["sessions_in_training"] = known
    return result


def report(probabilities: Floats, said: npt.NDArray[np.int64], data: Samples) -> dict[str, Any]:
    """All figures with 95 % intervals (people drawn with replacement) for accuracy and macro-F1."""
    found = scores(probabilities, said, data.labels)

    def accuracy(chosen: npt.NDArray[np.int64]) -> float:
        return float((said[chosen] == data.labels[chosen]).mean())

    def f1(chosen: npt.NDArray[np.int64]) -> float:
        return macro_f1(said[chosen], data.labels[chosen])

    return {
        "n": found.n,
        "accuracy": round(found.accuracy, DIGITS),
        "accuracy_interval": _rounded(interval_over_people(accuracy, data.people)),
        "macro_f1": round(found.macro_f1, DIGITS),
        "macro_f1_interval": _rounded(interval_over_people(f1, data.people)),
        "top3": round(found.top3, DIGITS),
        "ece": round(found.ece, DIGITS),
        "per_class": {
            STATES[one].value: {
                "n": score.n,
                "precision": round(score.precision, DIGITS),
                "recall": round(score.recall, DIGITS),
                "f1": round(score.f1, DIGITS),
            }
            for one, score in found.per_class.items()
        },
    }


def without_classes(found: dict[str, Any]) -> dict[str, Any]:
    """A report without its longest part."""
    return {name: value for name, value in found.items() if name != "per_class"}


def _rounded(interval: tuple[float, float]) -> list[float]:
    return [round(edge, DIGITS) for edge in interval]
