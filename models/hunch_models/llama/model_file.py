"""A cheap look at a GGUF file before llama.cpp sees it: what is plainly wrong gets a plain sentence."""

from __future__ import annotations

import stat
import struct
from pathlib import Path

HEADER = struct.Struct("<4sIQQ")
"""Magic, version, number of tensors, number of metadata entries (ggml's docs/gguf.md)."""

VERSIONS = (2, 3)
MOST_ENTRIES = 1 << 20

SMALLEST_TENSOR, SMALLEST_ENTRY = 37, 14
"""Bytes that the shortest description of a tensor and the shortest metadata entry take."""

Signature = tuple[int, int] | None
"""Time of change in ns and size in bytes; None when there is no such file."""


def signature(path: Path) -> Signature:
    """What tells a changed file from the same file."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size


def problem_with(path: Path) -> str | None:
    """Why this file cannot be a usable GGUF, as one sentence; None when nothing speaks against it."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            return f"model file {path} is not a file"
        with path.open("rb") as stream:
            start = stream.read(HEADER.size)
    except FileNotFoundError:
        return f"model file {path} does not exist"
    except (OSError, ValueError) as error:
        return f"model file {path} cannot be read: {getattr(error, 'strerror', None) or error}"
    fault = _fault(start, found.st_size)
    return None if fault is None else damaged(path, fault)


def damaged(path: Path, fault: str) -> str:
    """The sentence for a file that is there but unusable."""
    return f"model file {path} is damaged or not a GGUF: {fault}"


def _fault(start: bytes, size: int) -> str | None:
    if len(start) < HEADER.size:
        return f"it has only {size} bytes"
    magic, version, tensors, entries = HEADER.unpack(start)
    if magic != b"GGUF":
        return "it does not begin with the letters GGUF"
    if version not in VERSIONS:
        return f"version {version} of the format is not known"
    if max(tensors, entries) > MOST_ENTRIES:
        return "its header is implausible"
    if size < HEADER.size + tensors * SMALLEST_TENSOR + entries * SMALLEST_ENTRY:
        return "it ends within its own header"
    return None
