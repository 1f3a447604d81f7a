"""Samples as token ids in one compressed file: what a machine with nothing but PyTorch needs to train.

The file is made on a CPU by the stream that otherwise feeds training directly. It is LZMA over a line of JSON and then
16-bit little-endian numbers: the length of a sample, its ids, the next length …; `validation` samples come first.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hunch_models.errors import HunchError
from hunch_models.training.packing import Batch, pack, to_batch

FILE_NAME = "samples.xz"
PRESET = 6
SLACK_BYTES = 2_000_000
"""What the compressor may still hold back when the file is closed."""
MAX_BYTES = 4_000_000_000
"""Of the uncompressed ids."""


class SampleFile:
    """The samples of a file written by `write_samples`. Raises HunchError for one that is damaged."""

    def __init__(self, path: Path) -> None:
        try:
            with lzma.open(path) as file:
                head = json.loads(file.readline(1000))
                ids = np.frombuffer(file.read(MAX_BYTES), dtype="<u2")
            self.length = int(head["length"])
            samples = list(_split(ids, self.length))
            self.validation = samples[: int(head["validation"])]
            self.samples = samples[int(head["validation"]) :]
        except (lzma.LZMAError, EOFError, ValueError, KeyError, TypeError) as error:
            raise HunchError(f"{path.name} is damaged: {error}", "make it again with the step `pack`") from error
        if not self.samples:
            raise HunchError(f"{path.name} has no samples", "make it again with the step `pack`")


def _split(ids: NDArray[np.uint16], length: int) -> Iterator[NDArray[np.uint16]]:
    at = 0
    while at < len(ids):
        end = at + 1 + int(ids[at])
        if not at + 1 < end <= min(len(ids), at + 1 + length):
            raise ValueError(f"no sample ends at number {end}")
        yield ids[at + 1 : end]
        at = end


def write_samples(
    path: Path, validation: Sequence[list[int]], samples: Iterable[list[int]], *, length: int, most_bytes: int
) -> dict[str, int]:
    """Write `validation`, then `samples` of at most `length` tokens until they end or the file has `most_bytes`.

    Returns the numbers of samples, tokens and bytes. The file appears under its name when it is whole.
    """
    fresh = path.with_suffix(".tmp")
    counted = tokens = 0
    with fresh.open("wb") as raw, lzma.open(raw, "wb", preset=PRESET) as out:
        out.write(json.dumps({"length": length, "validation": len(validation)}).encode() + b"\n")
        for sample in validation:
            out.write(_numbers(sample))
        for sample in samples:
            out.write(_numbers(sample))
            counted, tokens = counted + 1, tokens + len(sample)
            if raw.tell() > most_bytes - SLACK_BYTES:
                break
    fresh.replace(path)
    return {"samples": counted, "tokens": tokens, "bytes": path.stat().st_size}


def _numbers(sample: list[int]) -> bytes:
    return np.array([len(sample), *sample], dtype="<u2").tobytes()


class PackedStream:
    """Endless shuffled passes over a file's samples; `position` is where to go on after a stop."""

    def __init__(self, kept: Sequence[NDArray[np.uint16]], seed: int, position: tuple[int, int] = (0, 0)) -> None:
        self._kept = kept
        self._seed = seed
        self.epoch, self.index = position

    @property
    def position(self) -> tuple[int, int]:
        """(epoch, number of the next sample in it)."""
        return self.epoch, self.index

    def samples(self) -> Iterator[list[int]]:
        """The samples from `position` on, without end."""
        while True:
            order = np.random.default_rng((self._seed, self.epoch)).permutation(len(self._kept))
            while self.index < len(order):
                number = order[self.index]
                self.index += 1
                yield self._kept[number].tolist()
            self.epoch, self.index = self.epoch + 1, 0

    def batches(self, rows: int, length: int) -> Iterator[Batch]:
        """Batches of `rows` packed rows, without end."""
        packed = pack(self.samples(), length)
        while True:
            yield to_batch([next(packed) for _ in range(rows)], length)
