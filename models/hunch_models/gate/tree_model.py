"""Runs a forest of decision trees: an ONNX file and a description beside it. Anything wrong with either: ModelError."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hunch_models.errors import ModelError

WEIGHTS = Path(__file__).resolve().parent / "weights"
REQUEST, SHOW = WEIGHTS / "request.onnx", WEIGHTS / "show.onnx"
MAX_BYTES = 4 * 1024 * 1024
MAX_DESCRIPTION_BYTES = 1024 * 1024
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


def description_path(weights: Path) -> Path:
    """Where the description of a weights file lies."""
    return weights.with_suffix(".json")


def read_description(weights: Path) -> Description:
    """The description beside a weights file. Raises ModelError."""
    path = description_path(weights)
    try:
        if path.stat().st_size > MAX_DESCRIPTION_BYTES:
            raise ModelError(f"{path.name} is too long to describe a model")
        return msgspec.json.decode(path.read_bytes(), type=Description)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path.name} does not describe a model: {error}") from error


class TreeModel:
    """Weights in an onnxruntime session of one thread."""

    def __init__(self, weights: Path, version: int, features: Sequence[str]) -> None:
        """Load and check; the weights must be made for these features. Raises ModelError. Takes some 50 ms."""
        about = self.about = read_description(weights)
        if (about.version, about.features) != (version, tuple(features)):
            raise ModelError(f"{weights.name} was made for other features", "train it again")
        try:
            if weights.stat().st_size > MAX_BYTES:
                raise ModelError(f"{weights.name} is larger than {MAX_BYTES >> 20} MiB")
            content = weights.read_bytes()
        except OSError as error:
            raise ModelError(f"{weights.name} cannot be read ({error.strerror or error})") from error
        if hashlib.sha256(content).hexdigest() != about.sha256:
            raise ModelError(f"{weights.name} is not the file that its description names", "install it again")
        self._session = _session(weights.name, content)
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


def _session(name: str, content: bytes):  # type: ignore[no-untyped-def]  # onnxruntime is untyped
    import onnxruntime  # noqa: PLC0415 - only where a gate is asked

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common class
        raise ModelError(f"{name} is damaged: {error}", "install it again") from error
