"""What was measured on this machine, by machine and model: small JSON files whose loss costs a new measurement."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

log = logging.getLogger(__name__)

LARGEST_FILE = 1 << 20
MOST_KEPT = 64

T = TypeVar("T", bound=msgspec.Struct)


class Measured(Generic[T]):
    """The answers of one file, all of one `kind`. Keys are those of `tuning.key_of`; a damaged file is an empty one."""

    def __init__(self, path: Path, kind: type[T]) -> None:
        self._path, self._kind = path, kind

    def get(self, key: str) -> T | None:
        """The answer for one machine, llama.cpp and model."""
        return self._read().get(key)

    def put(self, key: str, answer: T) -> None:
        """Keep an answer; a folder that cannot be written to is logged and otherwise ignored."""
        answers = self._read()
        answers.pop(key, None)
        answers[key] = answer
        newest = dict(list(answers.items())[-MOST_KEPT:])
        part = self._path.with_suffix(f".{os.getpid()}.part")
        try:
            part.write_text(json.dumps(msgspec.to_builtins(newest), indent=1), encoding="utf-8")
            part.replace(self._path)
        except OSError as error:
            log.warning("cannot remember what was measured in %s: %s", self._path, error)

    def _read(self) -> dict[str, T]:
        try:
            if self._path.stat().st_size > LARGEST_FILE:
                return {}
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, self._kind])  # type: ignore[name-defined]  # a type known at run time only
        except (OSError, msgspec.MsgspecError):
            return {}
