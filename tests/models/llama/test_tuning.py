"""Engine settings: what is chosen, what is remembered, and a real measurement in throw-away processes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from hunch_models.backend import GenerationRequest
from hunch_models.llama.model_file import inspect
from hunch_models.llama.settings import EngineSettings, LlamaSettings
from hunch_models.llama.tuning import (
    REMEMBERED,
    Memory,
    Remembered,
    Trial,
    apply,
    choose,
    is_open,
    key_of,
    measure,
    safe_settings,
    usable_cores,
)
from tests.models.llama.conftest import FIXED, Models, running

MEASURED = Remembered(threads=6, gpu_layers=-1, extra_buffers=True, why="measured")

CHOICES = [
    # settings, cores, safe, with MEASURED remembered
    (LlamaSettings(), 1, EngineSettings(1), EngineSettings(1, -1, True)),
    (LlamaSettings(), 2, EngineSettings(1), EngineSettings(2, -1, True)),
    (LlamaSettings(), 16, EngineSettings(4), EngineSettings(6, -1, True)),
    (LlamaSettings(threads=8), 4, EngineSettings(8), EngineSettings(8, -1, True)),
    (LlamaSettings(gpu_layers=0), 4, EngineSettings(3), EngineSettings(4, 0, True)),
    (LlamaSettings(gpu_layers=5), 4, EngineSettings(3, 5), EngineSettings(4, 5, True)),
    (LlamaSettings(extra_buffers="off"), 4, EngineSettings(3), EngineSettings(4, -1, False)),
    (LlamaSettings(extra_buffers="on"), 4, EngineSettings(3, 0, True), EngineSettings(4, -1, True)),
    (LlamaSettings(context_length=99), 4, EngineSettings(3, 0, False, 99), EngineSettings(4, -1, True, 99)),
]


@pytest.mark.parametrize(("settings", "cores", "safe", "remembered"), CHOICES)
def test_explicit_settings_come_first(
    settings: LlamaSettings, cores: int, safe: EngineSettings, remembered: EngineSettings
) -> None:
    assert safe_settings(settings, cores) == safe
    assert apply(settings, MEASURED, cores) == remembered


def test_there_is_something_to_measure_unless_all_is_set() -> None:
    assert is_open(LlamaSettings())
    assert is_open(LlamaSettings(threads=1, gpu_layers=0))
    assert not is_open(FIXED)


def test_only_clear_gains_count() -> None:
    def trial(threads: int, cost_ms: float) -> Trial:
        return Trial(EngineSettings(threads), cost_ms)

    assert choose([]) is None
    assert choose([trial(1, 10.0), trial(2, 9.0)]) == trial(1, 10.0)
    assert choose([trial(1, 10.0), trial(2, 5.0)]) == trial(2, 5.0)
    assert choose([trial(1, 10.0), trial(2, 9.0), trial(4, 7.5)]) == trial(4, 7.5)


def test_answers_are_remembered(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    assert memory.get("a") is None
    memory.put("a", MEASURED)
    memory.put("b", Remembered(1, 0, False, "crash"))
    assert Memory(tmp_path).get("a") == MEASURED
    for number in range(100):
        memory.put(str(number), MEASURED)
    assert memory.get("a") is None
    assert len(json.loads((tmp_path / REMEMBERED).read_text(encoding="utf-8"))) == 64
    assert [path.name for path in tmp_path.iterdir()] == [REMEMBERED]


@pytest.mark.parametrize("content", ["", "[]", '{"a": 5}', '{"a": {"threads": "x"}}', "\x00", "9" * 2_000_000])
def test_a_damaged_memory_is_forgotten(tmp_path: Path, content: str) -> None:
    (tmp_path / REMEMBERED).write_text(content, encoding="utf-8")
    memory = Memory(tmp_path)
    assert memory.get("a") is None
    memory.put("a", MEASURED)
    assert memory.get("a") == MEASURED


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    Memory(tmp_path / "missing").put("a", MEASURED)


def test_keys_tell_models_apart(models: Models) -> None:
    keys = {key_of(inspect(path)) for path in (models.random, models.exact, models.heavy)}
    assert len(keys) == 3
    assert all("llama-cpp-python" in key for key in keys)


async def test_a_measurement_finds_settings_that_work(models: Models, tmp_path: Path) -> None:
    best = await measure(models.random, LlamaSettings(), usable_cores(), tmp_path)
    assert best is not None
    assert 1 <= best.threads <= usable_cores()
    fixed = LlamaSettings(
        threads=best.threads, gpu_layers=best.gpu_layers, extra_buffers="on" if best.extra_buffers else "off"
    )
    async with running(models.random, tmp_path, fixed) as backend:
        assert (await backend.generate(GenerationRequest("x = ", "\n", max_tokens=2))).timing.decoded_tokens


async def test_what_cannot_be_loaded_cannot_be_measured(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(b"nothing")
    assert await measure(path, FIXED, 1, tmp_path) is None


async def test_measured_when_idle_and_used_at_the_next_start(models: Models, tmp_path: Path) -> None:
    settings = LlamaSettings(threads=1, probe_after_idle_s=0.05)
    key = key_of(inspect(models.random))
    async with running(models.random, tmp_path, settings) as backend:
        await backend.generate(GenerationRequest("x = ", "\n", max_tokens=2))
        async with asyncio.timeout(20):
            while (answer := Memory(tmp_path).get(key)) is None:
                await asyncio.sleep(0.05)
    assert answer.why == "measured"
    Memory(tmp_path).put(key, Remembered(usable_cores(), 0, False, "measured"))
    async with running(models.random, tmp_path, LlamaSettings()) as backend:
        assert backend.info is not None
        assert backend.info.threads == usable_cores()


async def test_a_request_interrupts_the_measurement_until_later(models: Models, tmp_path: Path) -> None:
    settings = LlamaSettings(threads=1, gpu_layers=0, probe_after_idle_s=0.01)
    async with running(models.random, tmp_path, settings) as backend:
        for _ in range(10):
            await asyncio.sleep(0.05)
            await backend.generate(GenerationRequest("x = ", "\n", max_tokens=2))
        assert not (tmp_path / REMEMBERED).exists()
        async with asyncio.timeout(20):
            while not (tmp_path / REMEMBERED).exists():
                await asyncio.sleep(0.05)
