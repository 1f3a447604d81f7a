"""Reading and writing files that people name: bounded, and with one-line errors."""

from __future__ import annotations

from pathlib import Path

from hunch_models.errors import HunchError

MAX_SOURCE_BYTES = 10 << 20


def read_source(path: Path) -> str:
    """The text of a source file. Raises HunchError when it is missing, too large, binary or not UTF-8."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SOURCE_BYTES + 1)
    except OSError as error:
        raise HunchError(f"cannot read {path}: {error.strerror or error}") from error
    if len(content) > MAX_SOURCE_BYTES:
        raise HunchError(f"{path} is larger than {MAX_SOURCE_BYTES >> 20} MiB", "Hunch leaves such files alone")
    if b"\0" in content:
        raise HunchError(f"{path} is a binary file", "Hunch works on text")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HunchError(f"{path} is not UTF-8 (byte {error.start})", "convert it, or leave it out") from error


def write_text(path: Path, text: str) -> None:
    """Write a file, with its folder when that is missing."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise HunchError(f"cannot write {path}: {error.strerror or error}") from error
