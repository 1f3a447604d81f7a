"""Fits the state model to labelled telemetry and writes it with its description. Needs torch (the `train` extra)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hunch_features.intent.baselines import BASELINES, out_of_fold
from hunch_features.intent.encoding import COLUMNS, ENCODING_VERSION, WIDTH, WINDOW
from hunch_features.intent.measuring import MEASURED, report, without_classes
from hunch_features.intent.samples import Samples, fingerprint, samples
from hunch_features.intent.taxonomy import STATES
from hunch_features.intent.telemetry import LabelledSession
from hunch_models.intent.state_model import Description
from hunch_models.onnx_weights import description_path
from hunch_models.training.intent_crossval import OUTER_FOLDS, Data, choose, cross_validate, folds
from hunch_models.training.intent_network import FitConfig, export, fit, offsets

MODEL_ID = "hunch-state-gru"


def train_intent(
    sessions: Sequence[LabelledSession], out: Path, license_name: str, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Cross-validate, fit to everything, write `out` (ONNX) and its description; returns the metrics.

    Raises ValueError where there is too little to fit, OSError where nothing can be written. Minutes on one core.
    """
    fitting = samples(sessions, ("start", "middle", "end"))
    measured = [samples(sessions, (when,)) for when in MEASURED]
    if len(set(measured[0].people)) < OUTER_FOLDS:
        raise ValueError(f"labels of at least {OUTER_FOLDS} people are needed")
    config = FitConfig()
    classes = len(STATES)
    found = cross_validate(_data(fitting), [_data(one) for one in measured], classes, config, progress)
    metrics: dict[str, Any] = {"protocol": f"grouped by person, {OUTER_FOLDS} folds"}
    metrics["people"] = len(set(measured[0].people))
    ends, starts = found
    metrics |= report(ends.probabilities, ends.said, measured[0])
    metrics["at_start"] = without_classes(report(starts.probabilities, starts.said, measured[1]))
    groups = folds(measured[0].people, OUTER_FOLDS)
    metrics["baselines"] = {}
    for name, baseline in BASELINES.items():
        plain = out_of_fold(baseline, measured[0], groups)
        metrics["baselines"][name] = without_classes(report(plain, plain.argmax(1), measured[0]))
    progress("fitting to everyone")
    chosen = choose(_data(fitting), _data(measured[0]), classes, config)
    network = fit(fitting.windows, fitting.labels, classes, chosen)
    out.parent.mkdir(parents=True, exist_ok=True)
    export(network, out, WINDOW, WIDTH)
    about = Description(
        id=MODEL_ID,
        file=out.name,
        sha256=hashlib.sha256(out.read_bytes()).hexdigest(),
        license=license_name,
        encoding=ENCODING_VERSION,
        window=WINDOW,
        columns=COLUMNS,
        classes=tuple(state.value for state in STATES),
        temperature=chosen.temperature,
        offsets=tuple(round(float(one), 4) for one in offsets(network, chosen)),
        sessions=tuple(fingerprint(session) for session in sessions),
        metrics=metrics,
    )
    body = msgspec.json.format(msgspec.json.encode(about), indent=1)
    description_path(out).write_bytes(body + b"\n")
    return metrics


def _data(found: Samples) -> Data:
    return Data(found.windows, found.labels, np.array(found.people))
