"""The gate's figures beside those of `hunch train gate`: what each group of features adds, transfer between the data
sets, what learning a person changes, the cascade, and speed. People are always left out whole.

Run: `HUNCH_DATA=DIR python -m tests.benchmarks.gate` (needs the train extra; minutes on one core).
"""

from __future__ import annotations

import os
import random
import sys
import time
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hunch_features.gating.features import GROUPS, REQUEST_FEATURES, SHOW_FEATURES
from hunch_features.gating.fitting import (
    CONFIGS,
    Pool,
    allowed_losses,
    calibrated,
    left_out,
    pool,
    taken_grid,
    weighted_quantile,
)
from hunch_features.gating.gate import Gate, GateModels
from hunch_features.gating.learning import Personal
from hunch_features.gating.levels import LOST, GateSettings
from hunch_features.gating.live import LiveGate
from hunch_features.gating.recorded import Format, Recorded, read
from hunch_features.gating.samples import Samples, samples
from hunch_features.text import Document
from hunch_models.forests.fitting import fit, log_odds
from hunch_models.gate.metrics import auc, calibration_error, hidden_of_refused

SETS: tuple[tuple[Format, str], ...] = (
    ("copilot", "copilot_telemetry/suggestions.jsonl.gz"),
    ("realhumaneval", "realhumaneval/suggestions.jsonl.gz"),
)
Floats = npt.NDArray[np.float64]


def per_set(data: Pool, scores: Floats) -> list[str]:
    """AUC and hidden share at 5 % lost, by set."""
    found = []
    for number in range(len(SETS)):
        inside = data.sets == number
        found += [
            f"{auc(scores[inside], data.labels[inside]):.3f}",
            f"{hidden_of_refused(scores[inside], data.labels[inside], 0.05):.1%}",
        ]
    return found


def line(*cells: str) -> None:
    print("| " + " | ".join(cells) + " |", flush=True)


def ablation(data: Pool) -> None:
    print("\nfeatures left out, people left out: AUC and hidden of the refused at 5 % of the taken lost, by set")
    config = replace(CONFIGS["show"], members=1)
    line("all", *per_set(data, left_out(data, "show", config)))
    for group, names in GROUPS:
        kept = [index for index, name in enumerate(SHOW_FEATURES) if name not in names]
        line(f"without {group}", *per_set(data, left_out(replace(data, show=data.show[:, kept]), "show", config)))
    line("before the text exists", *per_set(data, left_out(data, "request", CONFIGS["request"])))
    mean = data.show[:, SHOW_FEATURES.index("mean_logprob")].astype(np.float64)
    line("mean log-probability alone", *per_set(data, np.nan_to_num(mean, nan=-9.0)))


def transfer(data: Pool) -> None:
    print("\nfitted to one set, measured on the other: AUC, calibration error")
    for source, target in ((0, 1), (1, 0)):
        learnt, asked = data.sets == source, data.sets == target
        forest = fit(data.show[learnt], data.labels[learnt], CONFIGS["show"])
        scores = log_odds(forest, data.show[asked])
        line(
            f"{SETS[source][0]} to {SETS[target][0]}",
            f"{auc(scores, data.labels[asked]):.3f}",
            f"{calibration_error(1 / (1 + np.exp(-scores)), data.labels[asked]):.3f}",
        )


def learning(data: Pool, show: Floats, losses: dict[str, tuple[float, float]]) -> None:
    print("\nlearning the person, scores by forests that never saw them: log-loss shipped and adapted, by decision")
    edges = (0, 5, 10, 20, 40, 10_000)
    for number, (name, _) in enumerate(SETS):
        rows: list[tuple[int, float, float]] = []
        for person in dict.fromkeys(data.people[data.sets == number]):
            one = Personal()
            for place, index in enumerate(np.flatnonzero(data.people == person)):
                label = bool(data.labels[index])
                rows.append((place, _loss(show[index], label), _loss(one.adapted(show[index]), label)))
                one.learn(float(show[index]), taken=label)
        for low, high in pairwise(edges):
            chosen = [row for row in rows if low <= row[0] < high]
            if chosen:
                shipped, adapted = (float(np.mean([row[column] for row in chosen])) for column in (1, 2))
                line(
                    name,
                    f"decision {low + 1} to {min(high, max(row[0] for row in chosen) + 1)}",
                    f"{len(chosen)}",
                    f"{shipped:.4f}",
                    f"{adapted:.4f}",
                )
    print("\nthresholds of the level, and of the person: taken lost, refused hidden")
    for level in LOST:
        for number, (name, _) in enumerate(SETS):
            line(level, name, *_thresholds(data, show, number, losses[level][1]))


def _thresholds(data: Pool, show: Floats, number: int, lost: float) -> list[str]:
    """The level's own threshold, then the person's, which moves with what they take. Others' scores only."""
    taken = data.labels == 1
    counts = np.zeros((2, 4))
    for person in dict.fromkeys(data.people[data.sets == number]):
        own = data.people == person
        shipped = tuple(taken_grid(show[taken & ~own], data.sets[taken & ~own]))
        fixed = weighted_quantile(show[taken & ~own], data.sets[taken & ~own], lost)
        one = Personal()
        for index in np.flatnonzero(own):
            label = data.labels[index]
            for row, least in enumerate((fixed, one.least(shipped, lost))):
                counts[row, 2 * (1 - label)] += show[index] < least
                counts[row, 2 * (1 - label) + 1] += 1
            one.learn(float(show[index]), taken=bool(label))
    return [f"{row[0] / row[1]:.1%}, {row[2] / row[3]:.1%}" for row in counts]


def cascade(data: Pool, request: Floats, show: Floats) -> None:
    print(
        "\nhidden of all at a loss of 5 % of the taken: by the second stage alone, and with the first deciding a part"
    )
    for number, (name, _) in enumerate(SETS):
        inside = data.sets == number
        labels = data.labels[inside]
        first, second = request[inside], show[inside]
        for share in (0.0, 0.01, 0.02, 0.03):
            early = first < np.quantile(first[labels == 1], share, method="lower")
            best = 0.0
            for least in np.quantile(second[labels == 1], np.arange(0, 0.06, 0.0025), method="lower"):
                hidden = early | (second < least)
                if hidden[labels == 1].mean() <= 0.05:
                    best = max(best, float(hidden.mean()))
            line(name, f"first stage may lose {share:.0%}", f"not made {early.mean():.1%}", f"hidden {best:.1%}")


def replay(sets: list[tuple[Format, list[Recorded]]]) -> None:
    """Both gates live over recorded decisions; the shipped weights have seen these people, so only speed counts."""
    models = GateModels.load()
    times = []
    for _, decisions in sets:
        for _, group in groupby(decisions, key=lambda one: one.person):
            clock = [0.0]
            live = LiveGate(Gate(models, GateSettings(), chance=random.Random(0)), now=lambda clock=clock: clock[0])
            for number, one in enumerate(group):
                document = Document(
                    one.place.before + (one.place.after or ""), path="a.py", language="python", version=1
                )
                snapshot, offset = document.snapshot(), len(one.place.before)
                clock[0] = one.place.at_s
                started = time.perf_counter()
                live.ask(snapshot, offset, explicit=False, idle_s=0.2)
                live.judge(
                    f"h{number}", ("a.py", f"{number}"), snapshot, offset, one.suggested,
                    explicit=False, idle_s=0.2, latency_ms=90.0,
                )  # fmt: skip
                times.append((time.perf_counter() - started) * 1000)
                live.shown(f"h{number}")
                clock[0] = one.decided_at_s
                (live.taken if one.taken else live.refused)(f"h{number}")
    p50, p95, p99 = np.percentile(times, (50, 95, 99))
    print(f"\nboth gates with features, {len(times)} decisions: p50 {p50:.2f}, p95 {p95:.2f}, p99 {p99:.2f} ms")


def _loss(score: float, label: bool) -> float:
    p = 1 / (1 + np.exp(-score))
    return float(-np.log(p if label else 1 - p))


def main() -> int:
    folder = os.environ.get("HUNCH_DATA")
    if not folder:
        print("HUNCH_DATA does not name the folder with the public data sets", file=sys.stderr)
        return 2
    recorded = [(kind, read(Path(folder) / path, kind)) for kind, path in SETS]
    found: list[tuple[Format, Samples]] = [(kind, samples(decisions)) for kind, decisions in recorded]
    assert found[0][1].request.shape[1] == len(REQUEST_FEATURES)
    data = pool([one for _, one in found])
    replay(recorded)
    honest = {stage: calibrated(left_out(data, stage, config), data) for stage, config in CONFIGS.items()}
    losses = allowed_losses(honest["request"], honest["show"], data)
    learning(data, honest["show"], losses)
    cascade(data, honest["request"], honest["show"])
    transfer(data)
    ablation(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
