"""Runs the network: one ONNX file with a description beside it. Anything wrong with either is a ModelError."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hunch_models.errors import ModelError

WEIGHTS = Path(__file__).resolve().parent / "weights"
SHIPPED = WEIGHTS / "state.onnx"
MAX_BYTES = 2 * 1024 * 1024
MAX_DESCRIPTION_BYTES = 1024 * 1024
INPUT, OUTPUT = "rows", "probabilities"

Floats = npt.NDArray[np.float32]


class Description(msgspec.Struct, kw_only=True, frozen=True):
    """What stands beside the weights. `sessions` are fingerprints of what it was fitted to, `metrics` is for people."""

    id: str
    file: str
    sha256: str
    license: str
    encoding: int
    window: int
    columns: tuple[str, ...]
    classes: tuple[str, ...]
    temperature: float
    offsets: tuple[float, ...]
    """Added to the logarithms of the probabilities before the largest is said, so that rare classes are said at all."""
    sessions: tuple[str, ...] = ()
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


class StateModel:
    """Weights in an onnxruntime session of one thread."""

    def __init__(self, weights: Path, encoding: int, columns: Sequence[str], classes: Sequence[str]) -> None:
        """Load and check; the weights must be made for this encoding. Raises ModelError. Takes some 50 ms."""
        about = self.about = read_description(weights)
        if (about.encoding, about.columns, about.classes) != (encoding, tuple(columns), tuple(classes)):
            raise ModelError(f"{weights.name} was made for other columns or states", "train it again")
        try:
            if weights.stat().st_size > MAX_BYTES:
                raise ModelError(f"{weights.name} is larger than {MAX_BYTES >> 20} MiB")
            content = weights.read_bytes()
        except OSError as error:
            raise ModelError(f"{weights.name} cannot be read ({error.strerror or error})") from error
        if hashlib.sha256(content).hexdigest() != about.sha256:
            raise ModelError(f"{weights.name} is not the file that its description names", "install it again")
        self._offsets = np.array(about.offsets, np.float32)
        self._session = _session(weights.name, content)
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


def _session(name: str, content: bytes):  # type: ignore[no-untyped-def]  # onnxruntime is untyped
    import onnxruntime  # noqa: PLC0415 - only where a state is asked for

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common class
        raise ModelError(f"{name} is damaged: {error}", "install it again") from error
