"""The model file before llama.cpp sees it: what is plainly wrong with it gets a plain sentence."""

from __future__ import annotations

from pathlib import Path

from hunch_models.errors import ModelError
from hunch_models.registry.gguf_header import GgufHeader, read_header

Signature = tuple[int, int] | None
"""Time of change in ns and size in bytes; None when there is no such file."""


def signature(path: Path) -> Signature:
    """What tells a changed file from the same file."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def inspect(path: Path) -> GgufHeader:
    """The head of a complete GGUF file. Raises ModelError with one sentence for anything else."""
    try:
        # Opening a named pipe would wait for somebody to write to it.
        if path.exists() and not path.is_file():
            raise ModelError(f"{path.name} is not a file")
        return read_header(path)
    except ModelError as error:
        raise ModelError(f"model file {error.message}", error.hint) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"model file {path.name} cannot be read: {error}") from error


def refused(path: Path, reason: str) -> str:
    """The sentence for a file that llama.cpp does not load; `reason` is its own."""
    return f"model file {path.name} cannot be used: llama.cpp refuses it: {reason}"
