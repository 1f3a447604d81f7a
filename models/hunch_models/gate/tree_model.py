"""Runs a forest of decision trees: an ONNX file and a description beside it. Anything wrong with either: ModelError."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hunch_models.errors import ModelError
from hunch_models.onnx_weights import description_path, read_description, session

WEIGHTS = Path(__file__).resolve().parent / "weights"
REQUEST, SHOW = WEIGHTS / "request.onnx", WEIGHTS / "show.onnx"
MAX_BYTES = 4 * 1024 * 1024
INPUT, OUTPUT = "rows", "scores"

Floats = npt.NDArray[np.float32]


class Description(msgspec.Struct, kw_only=True, frozen=True):
    """What stands beside the weights. `metrics` and `data` are for people.

    `typical`: the features' medians in the data, NaN as null. `taken`: log-odds that people left out had for what they
    took, ascending; `lost`: by level, which share of these may lie below the threshold. `people`: fingerprints of
    whom it was fitted to.
    """

    id: str
    file: str
    sha256: str
    license: str
    version: int
    features: tuple[str, ...]
    typical: tuple[float | None, ...]
    scale: float
    shift: float
    taken: tuple[float, ...]
    lost: dict[str, float]
    people: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    metrics: dict[str, object] = {}


class TreeModel:
    """Weights in an onnxruntime session of one thread."""

    def __init__(self, weights: Path, version: int, features: Sequence[str]) -> None:
        """Load and check; the weights must be made for these features. Raises ModelError. Takes some 50 ms."""
        about = self.about = read_description(weights, Description)
        if (about.version, about.features) != (version, tuple(features)):
            raise ModelError(f"{weights.name} was made for other features", "train it again")
        self._session = session(weights, about, MAX_BYTES)
        self.typical = np.array([math.nan if value is None else value for value in about.typical], np.float32)
        if len(self.typical) != len(about.features):
            raise ModelError(f"{description_path(weights).name} does not describe all features", "install it again")
        try:
            self.log_odds(self.typical[None, :])
        except Exception as error:  # onnxruntime's errors have no common class
            raise ModelError(f"{weights.name} does not run: {error}") from error

    def log_odds(self, rows: Floats) -> npt.NDArray[np.float64]:
        """Calibrated log-odds (n) of rows (n, features); NaN in a row means unknown."""
        found = self._session.run([OUTPUT], {INPUT: rows})[0]
        if found.shape != (len(rows), 1):
            raise ModelError("the gate's model answers in another shape")
        result: npt.NDArray[np.float64] = found[:, 0].astype(np.float64) * self.about.scale + self.about.shift
        return result
