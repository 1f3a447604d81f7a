"""Packed samples come back as they were, in another order in every pass, and train a model where nothing else is."""

from __future__ import annotations

import lzma
import subprocess
import sys
import tempfile
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_models.errors import HunchError
from hunch_models.training.packed import FILE_NAME, SLACK_BYTES, PackedStream, SampleFile, write_samples

SAMPLES = st.lists(st.lists(st.integers(0, 65_535), min_size=2, max_size=30), min_size=1, max_size=30)


@given(SAMPLES, SAMPLES)
def test_samples_come_back(validation: list[list[int]], samples: list[list[int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILE_NAME
        counted = write_samples(path, validation, samples, length=30, most_bytes=10_000_000)
        read = SampleFile(path)
        assert counted["samples"] == len(samples)
        assert counted["tokens"] == sum(map(len, samples))
        assert counted["bytes"] == path.stat().st_size
    assert [sample.tolist() for sample in read.validation] == validation
    assert [sample.tolist() for sample in read.samples] == samples
    assert read.length == 30


def test_the_file_stays_below_its_size(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    endless = (rng.integers(0, 16_000, 500).tolist() for _ in iter(int, 1))
    most = SLACK_BYTES + 1_000_000
    counted = write_samples(tmp_path / FILE_NAME, [], endless, length=500, most_bytes=most)
    assert 500_000 < counted["bytes"] <= most


def test_every_pass_has_every_sample_once_and_goes_on_where_it_was() -> None:
    samples = [np.array([number, number + 1], dtype="<u2") for number in range(50)]

    def first(count: int, position: tuple[int, int] = (0, 0)) -> list[list[int]]:
        return list(islice(PackedStream(samples, 3, position).samples(), count))

    both = first(100)
    assert sorted(both[:50]) == sorted(both[50:]) == [sample.tolist() for sample in samples]
    assert both[:50] != both[50:]
    stream = PackedStream(samples, 3)
    begun = list(islice(stream.samples(), 63))
    assert begun + first(37, stream.position) == both


@pytest.mark.parametrize(
    "content",
    [
        b"not compressed",
        lzma.compress(b""),
        lzma.compress(b'{"length": 4}\n'),
        lzma.compress(b'{"length": 4, "validation": 0}\n'),
        lzma.compress(b'{"length": 4, "validation": 0}\n' + bytes([9, 0, 1, 0])),
        lzma.compress(b'{"length": 4, "validation": 0}\n' + bytes([3, 0, 1, 0])),
        lzma.compress(b'{"length": 4, "validation": 0}\n' + bytes([2, 0, 1, 0, 1, 0]))[:-12],
        lzma.compress(b"[]\n" + bytes(8)),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    with pytest.raises(HunchError, match=FILE_NAME):
        SampleFile(path)


BARE = """
import sys
for missing in ("tokenizers", "gguf", "tree_sitter", "platformdirs", "llama_cpp", "lightgbm", "onnx", "rich", "click"):
    sys.modules[missing] = None
from dataclasses import replace
from pathlib import Path
from hunch_models.training import phases
from hunch_models.training.config import ModelConfig, RunConfig, TrainConfig
config = RunConfig(
    "bare",
    ModelConfig(vocabulary=288, width=64, layers=1, heads=2, head_width=32, hidden=96, context=64),
    train=TrainConfig(rows=2, lengths=((0, 64),), warmup_steps=2, validation_rows=2, compile=False),
)
run = Path(sys.argv[1])
phases.train(config, run, lambda record: None, until_tokens=1000)
print(phases.decay(config, run, lambda record: print(record["tokens"], file=sys.stderr), tokens=10**9, seconds=2.0))
"""


def test_a_machine_with_nothing_but_torch_trains_for_as_long_as_it_may(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    samples = [[20 + number % 200] * 40 for number in range(200)]
    write_samples(tmp_path / FILE_NAME, samples[:4], samples, length=64, most_bytes=10_000_000)
    done = subprocess.run(
        [sys.executable, "-c", BARE, str(tmp_path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    saved = torch.load(done.stdout.strip(), weights_only=True)
    assert saved["tokens"] > 1000
    assert saved["model"]["embedding.weight"].shape == (288, 64)
