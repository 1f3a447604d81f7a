"""Opens data files, gzipped or plain, within bounds, and says in one line what is wrong with which line."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeVar, cast

import msgspec

from hunch_models.errors import HunchError

MAX_LINE = 64 * 1024 * 1024
MAX_FILE = 512 * 1024 * 1024
"""Unpacked bytes of one file."""

T = TypeVar("T")


class ImportFileError(HunchError):
    """A file that is missing or not in the format it is said to be."""


def _open(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def read_whole(path: Path, kind: type[T]) -> T:
    """One JSON document. Raises ImportFileError."""
    try:
        with _open(path) as stream:
            content = stream.read(MAX_FILE + 1)
        if len(content) > MAX_FILE:
            raise ImportFileError(f"{path.name} is larger than {MAX_FILE >> 20} MiB unpacked")
        return msgspec.json.decode(content, type=kind)
    except (OSError, EOFError, zlib.error) as error:
        raise ImportFileError(f"{path.name} cannot be read ({error})") from error
    except ValueError as error:
        raise ImportFileError(f"{path.name} is not in this format: {error}") from error


def _decode(line: bytes, decoder: msgspec.json.Decoder[T], kind: type[T]) -> T:
    try:
        return decoder.decode(line)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:  # numbers that JSON does not know (NaN), as Python's json writes them
        return msgspec.convert(json.loads(line, parse_constant=lambda name: None), kind)


def read_lines(path: Path, kind: type[T]) -> Iterator[T]:
    """One JSON document per line, empty lines passed over. Raises ImportFileError with the line's number."""
    decoder = msgspec.json.Decoder(kind)
    number = total = 0
    try:
        with _open(path) as stream:
            while line := stream.readline(MAX_LINE + 1):
                number += 1
                total += len(line)
                if len(line) > MAX_LINE or total > MAX_FILE:
                    raise ImportFileError(f"{path.name}:{number}: more than {MAX_FILE >> 20} MiB unpacked")
                if line.strip():
                    yield _decode(line, decoder, kind)
    except (OSError, EOFError, zlib.error) as error:
        raise ImportFileError(f"{path.name} cannot be read ({error})") from error
    except ValueError as error:
        raise ImportFileError(f"{path.name}:{number}: not in this format: {error}") from error


def milliseconds(text: str) -> int:
    """Milliseconds since 1970 of an ISO 8601 time; without a zone it is UTC. Raises ValueError."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return round(time.timestamp() * 1000)
