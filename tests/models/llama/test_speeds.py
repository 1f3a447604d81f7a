"""Speeds are kept from one start to the next, for each model apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from hunch_models.backend import GenerationRequest
from hunch_models.llama.backend import LlamaBackend
from hunch_models.llama.measured import MOST_KEPT
from hunch_models.llama.speeds import ENOUGH_JOBS, FILE_NAME, Speeds, keep, kept
from tests.models.llama.conftest import FIXED, Models

KNOWN = Speeds(123.0, 45.0, ENOUGH_JOBS)


def test_what_was_kept_is_known(tmp_path: Path) -> None:
    keep(tmp_path, "one", KNOWN)
    keep(tmp_path, "two", Speeds(6.0, 7.0, 99))
    assert (kept(tmp_path, "one"), kept(tmp_path, "three")) == (KNOWN, None)


@pytest.mark.parametrize("useless", [Speeds(1.0, 1.0, ENOUGH_JOBS - 1), Speeds(0.0, 1.0, 99), Speeds(1.0, 0.0, 99)])
def test_what_says_little_is_not_kept(tmp_path: Path, useless: Speeds) -> None:
    keep(tmp_path, "one", KNOWN)
    keep(tmp_path, "one", useless)
    assert kept(tmp_path, "one") == KNOWN


@pytest.mark.parametrize("content", [b"", b"[", b'{"one": 3}', b"\xff" * 99, b" " * (2 << 20)])
def test_a_damaged_file_is_no_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    assert kept(tmp_path, "one") is None
    keep(tmp_path, "one", KNOWN)
    assert kept(tmp_path, "one") == KNOWN


def test_only_the_newest_are_kept_and_a_missing_folder_is_no_error(tmp_path: Path) -> None:
    for number in range(MOST_KEPT + 5):
        keep(tmp_path, str(number), KNOWN)
    assert kept(tmp_path, "0") is None
    assert kept(tmp_path, str(MOST_KEPT + 4)) == KNOWN
    keep(tmp_path / "nowhere", "one", KNOWN)


async def test_a_backend_starts_with_the_speeds_of_the_last_time(models: Models, tmp_path: Path) -> None:
    first = LlamaBackend(models.random, state_dir=tmp_path, settings=FIXED)
    await first.start()
    await first.settled()
    for number in range(ENOUGH_JOBS):
        await first.generate(GenerationRequest(f"x = {number}", "\n", max_tokens=2))
    measured = first.info
    await first.stop()
    second = LlamaBackend(models.random, state_dir=tmp_path, settings=FIXED)
    await second.start()
    await second.settled()
    try:
        assert measured is not None
        assert second.info is not None
        assert second.info.tokens_per_s == measured.tokens_per_s
        assert second.info.prefill_tokens_per_s == measured.prefill_tokens_per_s
    finally:
        await second.stop()
