"""Fits both gates to recorded decisions, cross-validated by person, and finds thresholds that keep the levels' promise.

Needs the `train` extra. The same data and seed give the same weights.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from hunch_features.gating.features import REQUEST_FEATURES, SHOW_FEATURES, VERSION
from hunch_features.gating.levels import LOST
from hunch_features.gating.measuring import outcome, report
from hunch_features.gating.samples import Samples
from hunch_models.forests.fitting import FitConfig, calibrate, export, fit, log_odds
from hunch_models.gate.metrics import resampled
from hunch_models.gate.tree_model import Description
from hunch_models.onnx_weights import description_path

FOLDS = 8
REPEATS = 3
REQUEST_SHARE = 0.5
"""Part of what a level may lose that the first stage may spend. It decides on less, and saves the making: at half, as
much is hidden in all as at less, and more of it is not even made (docs/benchmarks.md). Refusing below a probability is
CDHF's hand-over by entropy (arXiv 2306.04930): below one half, the one is the other."""
CONFIDENCE = 0.9
"""The promise holds in this share of draws of people."""
GRID = 100
CONFIGS = {"request": FitConfig(trees=200, members=2), "show": FitConfig()}

Floats = npt.NDArray[np.float64]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Pool:
    """Samples of all data sets together; each set weighs alike per person's decision, small ones not drowned."""

    request: npt.NDArray[np.float32]
    show: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    people: npt.NDArray[np.str_]
    sets: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]

    def rows(self, stage: str) -> npt.NDArray[np.float32]:
        """The features of one stage."""
        return self.request if stage == "request" else self.show


def pool(sets: Sequence[Samples]) -> Pool:
    """Put data sets together. A set's decisions weigh by the square root of how many there are in the smallest."""
    smallest = min(len(one.labels) for one in sets)
    weights = [np.full(len(one.labels), math.sqrt(smallest / len(one.labels)), np.float32) for one in sets]
    return Pool(
        np.vstack([one.request for one in sets]),
        np.vstack([one.show for one in sets]),
        np.concatenate([one.labels for one in sets]),
        np.array([person for one in sets for person in one.people]),
        np.concatenate([np.full(len(one.labels), number) for number, one in enumerate(sets)]),
        np.concatenate(weights),
    )


def left_out(data: Pool, stage: str, config: FitConfig, progress: Progress = lambda _line: None) -> Floats:
    """Raw log-odds of every sample from forests that never saw its person; the mean of a few dealings of people."""
    rows = data.rows(stage)
    found = np.zeros(len(data.labels))
    for repeat in range(REPEATS):
        fold = _dealt(data, repeat)
        for number in range(FOLDS):
            inside = fold == number
            if not inside.any():
                continue
            one = replace(config, members=1, seed=config.seed + 100 * repeat)
            forest = fit(rows[~inside], data.labels[~inside], one, data.weights[~inside])
            found[inside] += log_odds(forest, rows[inside]) / REPEATS
        progress(f"{stage}: dealing {repeat + 1} of {REPEATS}")
    return found


def _dealt(data: Pool, seed: int) -> npt.NDArray[np.int64]:
    """A fold for every sample, people dealt out set by set."""
    rng = np.random.default_rng(seed)
    fold = np.zeros(len(data.labels), np.int64)
    for number in np.unique(data.sets):
        names = np.array(list(dict.fromkeys(data.people[data.sets == number])))
        places = {name: place % FOLDS for name, place in zip(names, rng.permutation(len(names)), strict=True)}
        inside = data.sets == number
        fold[inside] = [places[name] for name in data.people[inside]]
    return fold


def calibrated(raw: Floats, data: Pool, seed: int = 99) -> Floats:
    """Raw log-odds calibrated on the other half of the people: honest figures for what `calibrate` does."""
    half = _dealt(data, seed) % 2
    found = np.zeros_like(raw)
    for number in (0, 1):
        scale, shift = calibrate(raw[half != number], data.labels[half != number], data.weights[half != number])
        found[half == number] = raw[half == number] * scale + shift
    return found


def allowed_losses(request: Floats, show: Floats, data: Pool) -> dict[str, tuple[float, float]]:
    """By level: which share of the taken may lie below each stage's threshold, so that both together keep the promise.

    Bootstrap over people: in 90 % of the draws no more than the level's share is lost, each set weighing alike.
    """
    taken = data.labels == 1
    people = list(data.people[taken])
    sets = data.sets[taken]
    result = {}
    for level, promised in LOST.items():
        first = promised * REQUEST_SHARE
        hidden_first = request[taken] < weighted_quantile(request[taken], sets, first)
        best = 0.0
        for share in np.arange(0.005, promised + 0.05, 0.0025):
            hidden = hidden_first | (show[taken] < weighted_quantile(show[taken], sets, float(share)))

            def lost(chosen: npt.NDArray[np.int64], hidden: npt.NDArray[np.bool_] = hidden) -> float:
                shares = [float(hidden[chosen][sets[chosen] == one].mean()) for one in np.unique(sets[chosen])]
                return sum(shares) / len(shares)

            if float(np.quantile(resampled(lost, people), CONFIDENCE)) > promised:
                break
            best = float(share)
        result[level] = (first, best)
    return result


def weighted_quantile(values: Floats, sets: npt.NDArray[np.int64], share: float) -> float:
    """The value below which `share` lies, each set weighing alike."""
    return float(np.quantile(taken_grid(values, sets, 1000), share, method="lower"))


def taken_grid(values: Floats, sets: npt.NDArray[np.int64], points: int = GRID) -> Floats:
    """Ascending values that stand for all, as many from each set."""
    steps = (np.arange(points) + 0.5) / points
    return np.sort(np.concatenate([np.quantile(values[sets == one], steps) for one in np.unique(sets)]))


def train_gate(
    sets: Sequence[tuple[str, Samples]],
    out: Path,
    license_name: str,
    progress: Progress = lambda _line: None,
) -> dict[str, Any]:
    """Fit both gates and write them into folder `out`. Returns figures of people left out, by set. Raises OSError."""
    data = pool([one for _, one in sets])
    raw = {stage: left_out(data, stage, config, progress) for stage, config in CONFIGS.items()}
    honest = {stage: calibrated(values, data) for stage, values in raw.items()}
    losses = allowed_losses(honest["request"], honest["show"], data)
    figures: dict[str, Any] = {
        name: left_out_figures(data, data.sets == number, samples.chars, honest, losses)
        for number, (name, samples) in enumerate(sets)
    }
    out.mkdir(parents=True, exist_ok=True)
    prints = tuple(sorted({one for _, samples in sets for one in samples.fingerprints}))
    for number, (stage, config) in enumerate(CONFIGS.items()):
        rows = data.rows(stage)
        forest = fit(rows, data.labels, config, data.weights)
        scale, shift = calibrate(raw[stage], data.labels, data.weights)
        path = out / f"{stage}.onnx"
        export(forest, path, rows.shape[1])
        taken = data.labels == 1
        about = Description(
            id=f"hunch-gate-{stage}",
            file=path.name,
            sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            license=license_name,
            version=VERSION,
            features=REQUEST_FEATURES if stage == "request" else SHOW_FEATURES,
            typical=tuple(_typical(rows[:, column]) for column in range(rows.shape[1])),
            scale=scale,
            shift=shift,
            taken=tuple(round(float(v), 4) for v in taken_grid(honest[stage][taken], data.sets[taken])),
            lost={level: pair[number] for level, pair in losses.items()},
            people=prints,
            data=tuple(name for name, _ in sets),
            metrics=figures,
        )
        description_path(path).write_bytes(msgspec.json.format(msgspec.json.encode(about), indent=1) + b"\n")
        progress(f"{stage}: {path.stat().st_size / 1e6:.2f} MB")
    return figures


def left_out_figures(
    data: Pool,
    inside: npt.NDArray[np.bool_],
    chars: npt.NDArray[np.int64],
    honest: dict[str, Floats],
    losses: dict[str, tuple[float, float]],
) -> dict[str, Any]:
    """The figures of `hunch eval gate` for one set, by forests that never saw the person."""
    labels, people = data.labels[inside], list(data.people[inside])
    result = report(honest["show"][inside], labels, people)
    del result["per_person"]
    first = report(honest["request"][inside], labels, people)
    result["request"] = {key: first[key] for key in ("auc", "ap", "ece")}
    taken = data.labels == 1
    least = {
        level: [
            weighted_quantile(honest[stage][taken], data.sets[taken], pair[number])
            for number, stage in enumerate(("request", "show"))
        ]
        for level, pair in losses.items()
    }
    result["levels"] = {
        level: outcome(
            honest["request"][inside] >= first_least,
            (honest["request"][inside] >= first_least) & (honest["show"][inside] >= second_least),
            labels,
            chars,
        )
        for level, (first_least, second_least) in least.items()
    }
    return result


def _typical(column: npt.NDArray[np.float32]) -> float | None:
    known = column[~np.isnan(column)]
    return round(float(np.median(known)), 5) if len(known) * 2 > len(column) else None
