"""Runs the network: one ONNX file with a description beside it. Anything wrong with either is a ModelError."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hunch_models import onnx_weights
from hunch_models.errors import ModelError
from hunch_models.onnx_weights import read_description, session

WEIGHTS = Path(__file__).resolve().parent / "weights"
SHIPPED = WEIGHTS / "state.onnx"
MAX_BYTES = 2 * 1024 * 1024
INPUT, OUTPUT = "rows", "probabilities"

Floats = npt.NDArray[np.float32]


class Description(onnx_weights.Description, kw_only=True, frozen=True):
    """What stands beside the weights. `sessions` are fingerprints of what it was fitted to."""

    encoding: int
    window: int
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    temperature: float
    offsets: tuple[float, ...]
    """Added to the logarithms of the probabilities before the largest is said, so that rare classes are said at all."""
    sessions: tuple[str, ...] = ()


class StateModel:
    """Weights in an onnxruntime session of one thread."""

    def __init__(self, weights: Path, encoding: int, columns: Sequence[str], classes: Sequence[str]) -> None:
        """Load and check; the weights must be made for this encoding. Raises ModelError. Takes some 50 ms."""
        about = self.about = read_description(weights, Description)
        if (about.encoding, about.columns, about.classes) != (encoding, tuple(columns), tuple(classes)):
            raise ModelError(f"{weights.name} was made for other columns or states", "train it again")
        self._offsets = np.array(about.offsets, np.float32)
        self._session = session(weights, about, MAX_BYTES)
        self._shape = (about.window, len(about.columns))
        try:
            self.said(self.probabilities(np.zeros((1, *self._shape), np.float32)))
        except Exception as error:  # onnxruntime's errors have no common class
            raise ModelError(f"{weights.name} does not run: {error}") from error

    def probabilities(self, windows: Floats) -> Floats:
        """Probabilities (n, classes) for windows (n, window, columns)."""
        found = self._session.run([OUTPUT], {INPUT: windows})[0]
        if found.shape != (len(windows), len(self.about.classes)):
            raise ModelError("the state model answers in another shape")
        result: Floats = found
        return result

    def said(self, probabilities: Floats) -> npt.NDArray[np.int64]:
        """The class to say for each row of probabilities: not always the likeliest one."""
        found: npt.NDArray[np.int64] = (np.log(probabilities + 1e-9) + self._offsets).argmax(1)
        return found
