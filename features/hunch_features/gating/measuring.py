"""Figures of the gate on recorded decisions: ranking, calibration, what is hidden and what that loses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hunch_features.gating.gate import GateModels
from hunch_features.gating.samples import Samples
from hunch_models.errors import ModelError
from hunch_models.gate.metrics import (
    auc,
    average_precision,
    brier,
    calibration_error,
    hidden_at_precision,
    hidden_of_refused,
    interval_over_people,
    reliability,
)

DIGITS = 4
LOST = 0.05
PRECISIONS = (0.95, 0.9)

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def evaluate(models: GateModels, data: Samples) -> dict[str, Any]:
    """The contract's JSON document for `hunch eval gate`. Raises ModelError without weights."""
    if models.request is None or models.show is None:
        raise ModelError(models.detail)
    first, second = models.request.log_odds(data.request), models.show.log_odds(data.show)
    result = report(second, data.labels, data.people)
    result["request"] = {
        key: value for key, value in report(first, data.labels, data.people).items() if key in ("auc", "ap", "ece")
    }
    shipped = {}
    for level in models.show.about.lost:
        asked = first >= np.quantile(models.request.about.taken, models.request.about.lost[level], method="lower")
        shown = asked & (second >= np.quantile(models.show.about.taken, models.show.about.lost[level], method="lower"))
        shipped[level] = outcome(asked, shown, data.labels, data.chars)
    result["levels"] = shipped
    result["people"] = len(set(data.people))
    result["people_in_training"] = sum(one in models.show.about.people for one in data.fingerprints)
    return result


def report(log_odds: Floats, labels: Labels, people: Sequence[str]) -> dict[str, Any]:
    """All threshold-free figures, with 95 % intervals over people for the main ones."""
    p = 1 / (1 + np.exp(-log_odds))

    def ranking(chosen: npt.NDArray[np.int64]) -> float:
        return auc(p[chosen], labels[chosen])

    def hidden(chosen: npt.NDArray[np.int64]) -> float:
        return hidden_of_refused(p[chosen], labels[chosen], LOST)

    names = np.array(people)
    own = [np.flatnonzero(names == name) for name in dict.fromkeys(people)]
    return {
        "n": len(labels),
        "accept_rate": _rounded(float(labels.mean())),
        "auc": _rounded(auc(p, labels)),
        "auc_interval": [_rounded(edge) for edge in interval_over_people(ranking, people)],
        "ap": _rounded(average_precision(p, labels)),
        "brier": _rounded(brier(p, labels)),
        "ece": _rounded(calibration_error(p, labels)),
        "lost_accepts_at": {str(LOST): _rounded(hidden_of_refused(p, labels, LOST))},
        "lost_accepts_at_interval": [_rounded(edge) for edge in interval_over_people(hidden, people)],
        "hidden_share_at": {str(one): _rounded(hidden_at_precision(p, labels, one)) for one in PRECISIONS},
        "reliability": [[_rounded(mean), _rounded(share), count] for mean, share, count in reliability(p, labels)],
        "per_person": [
            {
                "person": str(names[chosen[0]]),
                "n": len(chosen),
                "accept_rate": _rounded(float(labels[chosen].mean())),
                "auc": _rounded(auc(p[chosen], labels[chosen])),
                "mean_p": _rounded(float(p[chosen].mean())),
            }
            for chosen in own
        ],
    }


def outcome(
    asked: npt.NDArray[np.bool_], shown: npt.NDArray[np.bool_], labels: Labels, chars: Labels
) -> dict[str, float | None]:
    """What thresholds would have done, in shares: taken ones lost, refused ones hidden, characters kept, work saved."""
    taken, refused = labels == 1, labels == 0
    all_chars = int(chars[taken].sum())
    return {
        "lost_accepts": _share(~shown & taken, taken),
        "hidden_rejects": _share(~shown & refused, refused),
        "hidden": _rounded(float((~shown).mean())),
        "not_asked": _rounded(float((~asked).mean())),
        "accept_rate_shown": _share(shown & taken, shown),
        "kept_accepted_chars": _rounded(float(chars[taken & shown].sum() / all_chars)) if all_chars else None,
    }


def _share(part: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]) -> float | None:
    return _rounded(float(part.sum() / whole.sum())) if whole.any() else None


def _rounded(value: float) -> float | None:
    return round(value, DIGITS) if np.isfinite(value) else None
