"""The speeds that a model has had on this machine, kept from one start to the next: a plan needs them at once.

The worker's first measurement is a single small batch, taken while everything else starts too.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from hunch_models.llama.measured import Measured

FILE_NAME = "speeds.json"
ENOUGH_JOBS = 20
"""A session of fewer says little."""


class Speeds(msgspec.Struct, frozen=True):
    """Prompt tokens read and single tokens written per second, and after how many jobs that was measured."""

    prefill: float
    decode: float
    jobs: int


def kept(folder: Path, key: str) -> Speeds | None:
    """What is known of one machine, llama.cpp and model (see `tuning.key_of`)."""
    return Measured(folder / FILE_NAME, Speeds).get(key)


def keep(folder: Path, key: str, speeds: Speeds) -> None:
    """Remember the speeds of one session, if it was long enough to tell them."""
    if speeds.jobs >= ENOUGH_JOBS and speeds.prefill > 0 and speeds.decode > 0:
        Measured(folder / FILE_NAME, Speeds).put(key, speeds)
