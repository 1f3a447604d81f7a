"""How good probabilities over classes are: accuracy, macro-F1, top-3, calibration, with intervals over people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64] | npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

BINS = 10
RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class: how often it was right to say it, and how much of it was found."""

    n: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class Scores:
    """Shares from 0 to 1. `macro_f1` is the mean over the classes that occur in the data."""

    n: int
    accuracy: float
    macro_f1: float
    top3: float
    ece: float
    per_class: dict[int, ClassScore]


def scores(probabilities: Floats, said: Labels, labels: Labels) -> Scores:
    """Measure probabilities (n, classes) and the classes said (n) against labels (n). n must not be 0."""
    per_class = {int(one): _class_score(said, labels, int(one)) for one in np.unique(labels)}
    best = np.argsort(-probabilities, axis=1)[:, :3]
    return Scores(
        n=len(labels),
        accuracy=float((said == labels).mean()),
        macro_f1=float(np.mean([score.f1 for score in per_class.values()])),
        top3=float((best == labels[:, None]).any(1).mean()),
        ece=calibration_error(probabilities, said, labels),
        per_class=per_class,
    )


def _class_score(said: Labels, labels: Labels, one: int) -> ClassScore:
    hits = int(((said == one) & (labels == one)).sum())
    times, n = int((said == one).sum()), int((labels == one).sum())
    precision = hits / times if times else 0.0
    recall = hits / n if n else 0.0
    return ClassScore(n, precision, recall, 2 * hits / (times + n))


def macro_f1(said: Labels, labels: Labels) -> float:
    """Mean F1 over the classes that occur in `labels`."""
    return float(np.mean([_class_score(said, labels, int(one)).f1 for one in np.unique(labels)]))


def calibration_error(probabilities: Floats, said: Labels, labels: Labels) -> float:
    """Expected calibration error of the class that is said, 10 bins of equal width (Guo et al., 2017)."""
    confidence = probabilities[np.arange(len(labels)), said]
    right = said == labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    error = 0.0
    for one in range(BINS):
        inside = bins == one
        if inside.any():
            error += float(inside.mean()) * abs(float(right[inside].mean()) - float(confidence[inside].mean()))
    return error


def interval_over_people(
    measure: Callable[[npt.NDArray[np.int64]], float], people: Sequence[str], seed: int = 0
) -> tuple[float, float]:
    """95 % bootstrap interval of `measure(indexes of samples)`, drawing people with replacement."""
    rng = np.random.default_rng(seed)
    names = np.array(people)
    own = [np.flatnonzero(names == name) for name in dict.fromkeys(people)]
    found = [
        measure(np.concatenate([own[one] for one in rng.integers(0, len(own), len(own))])) for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)
