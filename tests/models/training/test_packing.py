"""Packed rows hold every sample whole, and nothing in a row can see or predict across samples."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("tokenizers")

from hunch_models.training.config import FimConfig
from hunch_models.training.corpus import Document, HoleInContext
from hunch_models.training.packing import IGNORED, SampleStream, pack, to_batch
from hunch_models.training.special import FILE, special_ids

SAMPLES = st.lists(st.lists(st.integers(16, 999), min_size=2, max_size=40), max_size=80)
DOCUMENTS = [Document("p", f"p/m{number}.py", f"value_{number} = {number}\n" * 60) for number in range(12)]


def encode(text: str) -> list[int]:
    return [100 + ord(character) for character in text]


@given(SAMPLES, st.integers(1, 6))
def test_packing_keeps_every_sample_whole(samples: list[list[int]], bins: int) -> None:
    rows = list(pack(samples, 40, bins))
    assert sorted(ids for row in rows for ids in row) == sorted(samples)
    assert all(sum(map(len, row)) <= 40 for row in rows)


@given(SAMPLES)
def test_targets_never_cross_samples(samples: list[list[int]]) -> None:
    rows = list(pack(samples, 64))
    if not rows:
        return
    batch = to_batch(rows, 64)
    for row in range(len(rows)):
        for at in range(64):
            target = batch.targets[row, at]
            if target != IGNORED:
                assert batch.segments[row, at] == batch.segments[row, at + 1] >= 0
                assert target == batch.tokens[row, at + 1]
    assert int((batch.targets != IGNORED).sum()) == sum(len(ids) - 1 for ids in samples)


def test_attention_stays_inside_a_sample() -> None:
    torch = pytest.importorskip("torch")
    from hunch_models.training.train import attention_mask

    batch = to_batch([[[20, 21, 22], [30, 31]]], 8)
    mask = attention_mask(torch.from_numpy(batch.segments))[0, 0].numpy()
    for query in range(8):
        seen = set(np.flatnonzero(mask[query]))
        same = {key for key in range(query + 1) if batch.segments[0, key] == batch.segments[0, query]}
        assert seen == same


def test_the_stream_is_reproducible_and_goes_on_where_it_was() -> None:
    def first(count: int, position: tuple[int, int] = (0, 0)) -> list[list[int]]:
        stream = SampleStream(DOCUMENTS, encode, FimConfig(), 3, position)
        return list(islice(stream.samples(96), count))

    everything = first(60)
    assert first(60) == everything
    stream = SampleStream(DOCUMENTS, encode, FimConfig(), 3)
    begun = list(islice(stream.samples(96), 25))
    assert begun + first(35, stream.position) == everything


def test_another_pass_over_the_data_makes_other_samples() -> None:
    stream = SampleStream(DOCUMENTS[:1], encode, FimConfig(), 3)
    seen: dict[int, list[list[int]]] = {0: [], 1: []}
    for tokens in stream.samples(96):
        if stream.epoch > 1:
            break
        seen[stream.epoch].append(tokens)
    assert seen[0]
    assert seen[0] != seen[1]


def test_samples_with_other_files_name_each_and_are_as_many_as_asked_for() -> None:
    contexts = [HoleInContext("p", "p/own.py", "total = ", "add(a, b)", "\n", [("p/other.py", "def add(x, y)\n")])]
    config = FimConfig(context=0.5)
    stream = SampleStream(DOCUMENTS, encode, config, 3, contexts=contexts)
    found = list(islice(stream.samples(200), 200))
    start = [special_ids()[FILE], *encode("p/other.py\ndef add(x, y)\n"), special_ids()[FILE], *encode("p/own.py\n")]
    in_context = [tokens for tokens in found if tokens[: len(start)] == start]
    assert 70 < len(in_context) < 130
    assert all(len(tokens) <= 200 for tokens in found)
    middle = encode("add(a, b)")
    assert all(any(tokens[at : at + len(middle)] == middle for at in range(len(tokens))) for tokens in in_context)
    without = SampleStream(DOCUMENTS, encode, FimConfig(), 3, contexts=contexts)
    assert not any(tokens[: len(start)] == start for tokens in islice(without.samples(200), 200))


def test_other_files_never_push_the_hole_out() -> None:
    contexts = [HoleInContext("p", "p/own.py", "x = 1\n" * 50, "y", "\n", [("p/other.py", "z = 2\n" * 500)])]
    stream = SampleStream(DOCUMENTS, encode, FimConfig(context=1.0), 3, contexts=contexts)
    for tokens in islice(stream.samples(150), 50):
        assert len(tokens) <= 150
        assert tokens[-2:] == [*encode("y"), special_ids()["<|endoftext|>"]] or tokens[-2:-1] == encode("y")
