"""Samples packed into rows of one length, each row's samples kept apart by a mask, in a reproducible order."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hunch_models.training.config import FimConfig
from hunch_models.training.corpus import Document, HoleInContext
from hunch_models.training.fim import Encode, Hole, context_tokens, hole_tokens, pieces, sample
from hunch_models.training.special import PAD, special_ids

IGNORED = -100
#: Code points per token, on the safe side, for choosing how long pieces are.
CODE_POINTS_PER_TOKEN = 3.2
#: Share of a sample's length that text of other files may take.
CONTEXT_SHARE = 0.45


@dataclass(frozen=True)
class Batch:
    """Arrays of shape (rows, length): tokens, next tokens (`IGNORED` where there is none), sample numbers."""

    tokens: NDArray[np.int64]
    targets: NDArray[np.int64]
    segments: NDArray[np.int64]


def pack(samples: Iterable[list[int]], length: int, bins: int = 32) -> Iterator[list[list[int]]]:
    """Best-fit packing into rows of at most `length` tokens, with `bins` rows open at a time."""
    rows: list[list[list[int]]] = []
    space: list[int] = []
    for tokens in samples:
        if len(tokens) < 2:
            continue
        fitting = [number for number, left in enumerate(space) if left >= len(tokens)]
        if fitting:
            best = min(fitting, key=space.__getitem__)
            rows[best].append(tokens)
            space[best] -= len(tokens)
        else:
            rows.append([tokens])
            space.append(length - len(tokens))
        if len(rows) > bins:
            fullest = min(range(len(rows)), key=space.__getitem__)
            yield rows.pop(fullest)
            space.pop(fullest)
    yield from rows


def to_batch(rows: Sequence[list[list[int]]], length: int) -> Batch:
    """Lay packed rows out as arrays; padding has segment -1 and no target."""
    shape = (len(rows), length)
    tokens = np.full(shape, special_ids()[PAD], dtype=np.int64)
    targets = np.full(shape, IGNORED, dtype=np.int64)
    segments = np.full(shape, -1, dtype=np.int64)
    for row, samples in enumerate(rows):
        at = 0
        for number, ids in enumerate(samples):
            end = at + len(ids)
            tokens[row, at:end] = ids
            targets[row, at : end - 1] = ids[1:]
            segments[row, at:end] = number
            at = end
    return Batch(tokens, targets, segments)


class SampleStream:
    """Endless samples over the documents, shuffled piece by piece; `position` is where to go on after a stop."""

    def __init__(
        self,
        documents: Sequence[Document],
        encode: Encode,
        config: FimConfig,
        seed: int,
        position: tuple[int, int] = (0, 0),
        contexts: Sequence[HoleInContext] = (),
    ) -> None:
        if not any(document.text.strip() for document in documents):
            raise ValueError("no documents to make samples from")
        self.documents = documents
        self.encode = encode
        self.config = config
        self.seed = seed
        self.epoch, self.index = position
        self.contexts = contexts

    @property
    def position(self) -> tuple[int, int]:
        """(epoch, number of the next piece in it)."""
        return self.epoch, self.index

    def samples(self, length: int) -> Iterator[list[int]]:
        """Samples of at most `length` tokens from `position` on, without end."""
        while True:
            spans = self._spans(length)
            if self.index >= len(spans):
                self.index = 0
            while self.index < len(spans):
                number, start, end = spans[self.index]
                rng = random.Random(f"{self.seed}:{self.epoch}:{self.index}")
                self.index += 1
                if self.contexts and rng.random() < self.config.context:
                    yield self._in_context(rng.choice(self.contexts), length, rng)
                    continue
                document = self.documents[number]
                yield sample(
                    document.path,
                    document.text[start:end],
                    end == len(document.text),
                    self.encode,
                    self.config,
                    length,
                    rng,
                )
            self.epoch, self.index = self.epoch + 1, 0

    def _in_context(self, found: HoleInContext, length: int, rng: random.Random) -> list[int]:
        header = context_tokens(found.extra, found.path, self.encode, int(length * CONTEXT_SHARE))
        hole = Hole(found.prefix, found.middle, found.suffix)
        return hole_tokens(hole, header, self.encode, self.config, length, rng)

    def _spans(self, length: int) -> list[tuple[int, int, int]]:
        """All pieces of one epoch as (document, start, end), shuffled."""
        rng = random.Random(f"{self.seed}:{self.epoch}")
        limit = int(length * CODE_POINTS_PER_TOKEN)
        spans = [
            (number, start, end)
            for number, document in enumerate(self.documents)
            for start, end in pieces(document.text, limit, rng)
        ]
        rng.shuffle(spans)
        return spans

    def batches(self, rows: int, length: int) -> Iterator[Batch]:
        """Batches of `rows` packed rows, without end."""
        packed = pack(self.samples(length), length)
        while True:
            yield to_batch([next(packed) for _ in range(rows)], length)
