"""Small ONNX models on disk: weights and a description beside them. What is wrong with either is a ModelError."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar

import msgspec

from hunch_models.errors import ModelError

MAX_DESCRIPTION_BYTES = 1024 * 1024


class Description(msgspec.Struct, kw_only=True, frozen=True):
    """What stands beside weights of any kind; `metrics` are for people."""

    id: str
    file: str
    sha256: str
    license: str
    metrics: dict[str, object] = {}


D = TypeVar("D", bound=Description)


def description_path(weights: Path) -> Path:
    """Where the description of a weights file lies."""
    return weights.with_suffix(".json")


def read_description(weights: Path, kind: type[D]) -> D:
    """The description beside a weights file. Raises ModelError."""
    path = description_path(weights)
    try:
        if path.stat().st_size > MAX_DESCRIPTION_BYTES:
            raise ModelError(f"{path.name} is too long to describe a model")
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path.name} does not describe a model: {error}") from error


def session(weights: Path, about: Description, max_bytes: int):  # type: ignore[no-untyped-def]  # onnxruntime is untyped
    """An onnxruntime session of one thread for weights that are the described ones. Raises ModelError."""
    try:
        if weights.stat().st_size > max_bytes:
            raise ModelError(f"{weights.name} is larger than {max_bytes >> 20} MiB")
        content = weights.read_bytes()
    except OSError as error:
        raise ModelError(f"{weights.name} cannot be read ({error.strerror or error})") from error
    if hashlib.sha256(content).hexdigest() != about.sha256:
        raise ModelError(f"{weights.name} is not the file that its description names", "install it again")
    import onnxruntime  # noqa: PLC0415 - 0.1 s, only where a model is asked

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common class
        raise ModelError(f"{weights.name} is damaged: {error}", "install it again") from error
