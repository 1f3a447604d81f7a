"""Where the trainer's samples come from: made of the corpus while it trains, or made before and packed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from hunch_models.training.config import FimConfig, RunConfig, TrainConfig
from hunch_models.training.corpus import read_contexts, read_corpus
from hunch_models.training.fim import Encode
from hunch_models.training.packed import FILE_NAME, PackedStream, SampleFile
from hunch_models.training.packing import Batch, SampleStream, pack, to_batch

CONTEXTS = "contexts.jsonl"


class Stream(Protocol):
    """Batches without end, and where to go on."""

    @property
    def position(self) -> tuple[int, int]:
        """Number of the pass over the data, and of the next piece in it."""
        ...

    def batches(self, rows: int, length: int) -> Iterator[Batch]:
        """Batches of `rows` rows of `length` tokens."""
        ...


class Source(Protocol):
    """Where samples come from. `length`: the only row length that it has, or 0 for any."""

    length: int

    def stream(self, fim: FimConfig, position: tuple[int, int]) -> Stream:
        """The training samples from a position on."""
        ...

    def validation(self) -> list[Batch]:
        """A few batches of held-out packages, the same ones at every call and in every run of one seed."""
        ...


class Texts:
    """Samples made of the corpus while training."""

    length = 0

    def __init__(self, run: Path, config: RunConfig) -> None:
        from hunch_models.training.bpe import load_tokenizer  # noqa: PLC0415 - packed samples need no tokenizer

        tokenizer = load_tokenizer(run / "tokenizer.json")
        self._encode: Encode = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
        self._config = config
        self._documents = list(read_corpus(run / "train.jsonl"))
        self._held_out = list(read_corpus(run / "held_out.jsonl"))
        contexts = run / CONTEXTS
        self._contexts = list(read_contexts(contexts)) if contexts.exists() else []

    def stream(self, fim: FimConfig, position: tuple[int, int]) -> SampleStream:
        """Samples cut as `fim` says."""
        return SampleStream(self._documents, self._encode, fim, self._config.train.seed, position, self._contexts)

    def held_out(self, length: int) -> Iterator[list[int]]:
        """Samples of held-out packages."""
        return SampleStream(self._held_out, self._encode, self._config.fim, self._config.train.seed).samples(length)

    def validation(self) -> list[Batch]:
        """Rows of the first length."""
        length = self._config.train.lengths[0][1]
        return validation_batches(self.held_out(length), self._config.train, length)


class PackedFile:
    """Samples that were made before, cut as they were then."""

    def __init__(self, path: Path, config: RunConfig) -> None:
        self._file = SampleFile(path)
        self._config = config
        self.length = self._file.length

    def stream(self, _fim: FimConfig, position: tuple[int, int]) -> PackedStream:
        """The file's samples, shuffled anew in every pass."""
        return PackedStream(self._file.samples, self._config.train.seed, position)

    def validation(self) -> list[Batch]:
        """Rows of the file's length."""
        samples = (sample.tolist() for sample in itertools.cycle(self._file.validation or self._file.samples[:1]))
        return validation_batches(samples, self._config.train, self.length)


def validation_batches(samples: Iterator[list[int]], config: TrainConfig, length: int) -> list[Batch]:
    """As many batches as the configuration asks for."""
    packed = pack(samples, length)
    count = max(1, config.validation_rows // config.rows)
    return [to_batch([next(packed) for _ in range(config.rows)], length) for _ in range(count)]


def source_of(run: Path, config: RunConfig) -> Source:
    """The packed samples of a run's folder where there are any, else its corpus."""
    packed = run / FILE_NAME
    return PackedFile(packed, config) if packed.exists() else Texts(run, config)
