"""The speeds that a model has had on this machine, kept from one start to the next: a plan needs them at once.

The worker's first measurement is a single small batch, taken while everything else starts too.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path

import msgspec

log = logging.getLogger(__name__)

FILE_NAME = "speeds.json"
LARGEST_FILE = 1 << 20
MOST_KEPT = 64
ENOUGH_JOBS = 20
"""A session of fewer says little."""


class Speeds(msgspec.Struct, frozen=True):
    """Prompt tokens read and single tokens written per second, and after how many jobs that was measured."""

    prefill: float
    decode: float
    jobs: int


def kept(folder: Path, key: str) -> Speeds | None:
    """What is known of one machine, llama.cpp and model (see `tuning.key_of`). Damage to the file costs only that."""
    return _read(folder).get(key)


def keep(folder: Path, key: str, speeds: Speeds) -> None:
    """Remember the speeds of one session; a folder that cannot be written to is logged and otherwise ignored."""
    if speeds.jobs < ENOUGH_JOBS or speeds.prefill <= 0 or speeds.decode <= 0:
        return
    known = _read(folder)
    known.pop(key, None)
    known[key] = speeds
    newest = dict(list(known.items())[-MOST_KEPT:])
    path = folder / FILE_NAME
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        part.write_text(json.dumps(msgspec.to_builtins(newest), indent=1), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        log.warning("cannot remember speeds in %s: %s", path, error)


def _read(folder: Path) -> dict[str, Speeds]:
    path = folder / FILE_NAME
    try:
        if path.stat().st_size > LARGEST_FILE:
            return {}
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Speeds])
    except (OSError, msgspec.MsgspecError):
        return {}
