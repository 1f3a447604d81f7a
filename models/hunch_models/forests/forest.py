"""Runs a forest of decision trees: an ONNX file and a description beside it. Anything wrong with either: ModelError."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from hunch_models import onnx_weights
from hunch_models.errors import ModelError
from hunch_models.onnx_weights import read_description, session

MAX_BYTES = 4 * 1024 * 1024
INPUT, OUTPUT = "rows", "scores"

Floats = npt.NDArray[np.float32]


class Description(onnx_weights.Description, kw_only=True, frozen=True):
    """What stands beside the weights of a forest. `scale` and `shift` calibrate its scores, `data` is for people."""

    version: int
    features: tuple[str, ...]
    scale: float
    shift: float
    data: tuple[str, ...] = ()


D = TypeVar("D", bound=Description)


class Forest(Generic[D]):
    """Weights in an onnxruntime session of one thread."""

    def __init__(self, weights: Path, kind: type[D], version: int, features: Sequence[str]) -> None:
        """Load and check; the weights must be made for these features. Raises ModelError. Takes some 50 ms."""
        about: D = read_description(weights, kind)
        if (about.version, about.features) != (version, tuple(features)):
            raise ModelError(f"{weights.name} was made for other features", "train it again")
        self.about = about
        self._session = session(weights, about, MAX_BYTES)
        try:
            self.log_odds(np.zeros((1, len(about.features)), np.float32))
        except Exception as error:  # onnxruntime's errors have no common class
            raise ModelError(f"{weights.name} does not run: {error}") from error

    def log_odds(self, rows: Floats) -> npt.NDArray[np.float64]:
        """Calibrated log-odds (n) of rows (n, features); NaN in a row means unknown."""
        found = self._session.run([OUTPUT], {INPUT: rows})[0]
        if found.shape != (len(rows), 1):
            raise ModelError("a forest answers in another shape")
        result: npt.NDArray[np.float64] = found[:, 0].astype(np.float64) * self.about.scale + self.about.shift
        return result
