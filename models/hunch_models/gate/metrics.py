"""How good probabilities of a yes are: ranking, calibration, what hiding the lowest would lose. Numbers from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

BINS = 10
RESAMPLES = 1000


def auc(scores: Floats, labels: Labels) -> float:
    """Chance that a random yes scores above a random no, ties half; NaN where one of them is missing."""
    yes, no = int(labels.sum()), int(len(labels) - labels.sum())
    if not yes or not no:
        return float("nan")
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[labels == 1].sum() - yes * (yes + 1) / 2) / (yes * no))


def average_precision(scores: Floats, labels: Labels) -> float:
    """Area under the precision-recall curve, in steps; NaN without a yes."""
    if not labels.sum():
        return float("nan")
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order], np.cumsum(labels[order])
    last = np.append(np.flatnonzero(np.diff(ordered)), len(ordered) - 1)
    precision, recall = hits[last] / (last + 1), hits[last] / hits[-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def brier(probabilities: Floats, labels: Labels) -> float:
    """Mean squared error."""
    return float(((probabilities - labels) ** 2).mean())


def calibration_error(probabilities: Floats, labels: Labels) -> float:
    """Expected calibration error, 10 bins of equal width."""
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    error = 0.0
    for one in np.unique(bins):
        inside = bins == one
        error += float(inside.mean()) * abs(float(labels[inside].mean()) - float(probabilities[inside].mean()))
    return error


def reliability(probabilities: Floats, labels: Labels, bins: int = BINS) -> list[tuple[float, float, int]]:
    """(mean probability, share of yes, count) of bins of about equal count: the points of a reliability diagram."""
    parts = np.array_split(np.argsort(probabilities, kind="stable"), bins)
    return [(float(probabilities[part].mean()), float(labels[part].mean()), len(part)) for part in parts if len(part)]


def hidden_of_refused(scores: Floats, labels: Labels, lost: float) -> float:
    """Share of the refused that is hidden by the strictest threshold that loses at most `lost` of the taken."""
    taken = np.sort(scores[labels == 1])
    if not len(taken):
        return float("nan")
    threshold = taken[min(len(taken) - 1, int(lost * len(taken)))]
    refused = scores[labels == 0]
    return float((refused < threshold).mean()) if len(refused) else float("nan")


def hidden_at_precision(scores: Floats, labels: Labels, precision: float) -> float:
    """Largest share of all that can be hidden while at least `precision` of the hidden would have been refused."""
    order = np.argsort(scores, kind="stable")
    refused = np.cumsum(1 - labels[order]) / np.arange(1, len(labels) + 1)
    ends = np.append(np.diff(scores[order]) > 0, True)  # a threshold cannot part equal scores
    good = np.flatnonzero((refused >= precision) & ends)
    return float((good[-1] + 1) / len(labels)) if len(good) else 0.0


def interval_over_people(
    measure: Callable[[npt.NDArray[np.int64]], float], people: Sequence[str], seed: int = 0
) -> tuple[float, float]:
    """95 % bootstrap interval of `measure(indexes of samples)`, drawing people with replacement."""
    found = resampled(measure, people, seed)
    low, high = np.nanpercentile(found, (2.5, 97.5))
    return float(low), float(high)


def resampled(
    measure: Callable[[npt.NDArray[np.int64]], float], people: Sequence[str], seed: int = 0
) -> npt.NDArray[np.float64]:
    """`measure` of 1,000 draws of people with replacement."""
    rng = np.random.default_rng(seed)
    names = np.array(people)
    own = [np.flatnonzero(names == name) for name in dict.fromkeys(people)]
    return np.array(
        [measure(np.concatenate([own[one] for one in rng.integers(0, len(own), len(own))])) for _ in range(RESAMPLES)]
    )
