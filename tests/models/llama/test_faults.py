"""Faults: workers that die or hang, files that cannot be loaded. Each ends in a status, and answers come again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from hunch_models.backend import BackendState, BackendStatus, GenerationRequest, StopRule
from hunch_models.errors import BackendError
from hunch_models.llama.model_file import inspect
from hunch_models.llama.process import describe_exit, is_crash
from hunch_models.llama.settings import LlamaSettings
from hunch_models.llama.supervisor import FIRST_DELAY_S
from hunch_models.llama.tuning import Memory, Remembered, key_of
from tests.models.llama.conftest import Models, Start, reaches
from tests.tiny_gguf import write_random

LONG = GenerationRequest("if", "", stop=StopRule(False, 9999), max_tokens=4000, time_limit_ms=60_000)
SHORT = GenerationRequest("x = ", "\n", max_tokens=2, time_limit_ms=60_000)
WIDE = LlamaSettings(threads=1, gpu_layers=0, extra_buffers="off", context_length=4096)
OPEN = LlamaSettings(probe_after_idle_s=600.0)


async def test_killed_in_mid_decode(models: Models, start: Start, caplog: pytest.LogCaptureFixture) -> None:
    backend = await start(models.endless, WIDE)
    pid = backend.worker_pid
    assert pid is not None
    worker = psutil.Process(pid)
    running = asyncio.create_task(backend.generate(LONG, lambda _: worker.kill()))  # with its first text
    waiting = asyncio.create_task(backend.generate(SHORT))
    for task in (running, waiting):
        with pytest.raises(BackendError):
            await task
    status = await reaches(backend, BackendState.DEGRADED)
    assert "ended unexpectedly" in status.detail
    await reaches(backend, BackendState.READY)
    # How long that takes is the machine's affair; how long is waited on purpose is ours.
    assert [record.args[1] for record in caplog.records if "starting another" in record.msg] == [FIRST_DELAY_S]  # type: ignore[index]
    assert backend.worker_pid != pid
    assert (await backend.generate(SHORT)).timing.decoded_tokens > 0


async def test_killed_again_and_again(models: Models, start: Start) -> None:
    backend = await start(models.random)
    seen: list[float] = []
    for _ in range(3):
        pid = backend.worker_pid
        assert pid is not None
        psutil.Process(pid).kill()
        died = time.monotonic()
        await reaches(backend, BackendState.DEGRADED)
        await reaches(backend, BackendState.READY)
        seen.append(time.monotonic() - died)
    assert seen[2] > 0.8, "the third restart should wait four times as long as the first"


async def test_a_hanging_worker_is_replaced(models: Models, start: Start) -> None:
    backend = await start(models.random)
    pid = backend.worker_pid
    assert pid is not None
    psutil.Process(pid).suspend()
    with pytest.raises(BackendError, match="hung"):
        await backend.generate(SHORT)
    await reaches(backend, BackendState.DEGRADED)
    await reaches(backend, BackendState.READY)
    assert not psutil.pid_exists(pid)
    assert (await backend.generate(SHORT)).timing.decoded_tokens > 0


def truncated(good: bytes) -> bytes:
    return good[: len(good) // 2]


FILES = [
    ("truncated", truncated, "cut off"),
    ("cut within the header", lambda good: good[:200], "in the middle of its header"),
    ("empty", lambda good: b"", "no GGUF"),
    ("text", lambda good: b"hello, world\n" * 99, "no GGUF"),
    ("random after the magic", lambda good: good[:8] + bytes(range(256)) * 40, "cannot be used"),
    ("unknown architecture", lambda good: good.replace(b"llama", b"lloma"), "unknown model architecture"),
    ("missing metadata", lambda good: good.replace(b"block_count", b"block_cxunt"), "block_count"),
    ("missing tensors", lambda good: good.replace(b"output_norm", b"output_nxrm"), "output_norm"),
]


@pytest.mark.parametrize(("name", "spoil", "reason"), FILES, ids=[case[0] for case in FILES])
async def test_files_that_cannot_be_loaded(
    models: Models, tmp_path: Path, start: Start, name: str, spoil: object, reason: str
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(spoil(models.random.read_bytes()))  # type: ignore[operator]
    backend = await start(path, ready=False)
    assert backend.status.state is BackendState.DEGRADED
    assert reason in backend.status.detail
    assert "model.gguf" in backend.status.detail
    assert "\n" not in backend.status.detail
    with pytest.raises(BackendError, match=r"model\.gguf"):
        await backend.generate(SHORT)


async def test_damaged_files_are_left_alone_until_they_change(models: Models, tmp_path: Path, start: Start) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(models.random.read_bytes().replace(b"llama", b"lloma"))
    backend = await start(path, ready=False)
    seen: list[BackendStatus] = []
    backend.on_status(seen.append)
    await asyncio.sleep(0.5)
    assert seen == []
    await backend.start()
    await asyncio.sleep(0)
    await reaches(backend, BackendState.STARTING)
    await reaches(backend, BackendState.DEGRADED)
    path.write_bytes(models.random.read_bytes())
    await reaches(backend, BackendState.READY)
    assert [status.state for status in seen] == [
        BackendState.STARTING,
        BackendState.DEGRADED,
        BackendState.STARTING,
        BackendState.READY,
    ]


async def test_a_missing_file_may_come_later(models: Models, tmp_path: Path, start: Start) -> None:
    path = tmp_path / "later.gguf"
    backend = await start(path, ready=False)
    assert "later.gguf" in backend.status.detail
    path.write_bytes(models.random.read_bytes())
    await backend.start()
    await reaches(backend, BackendState.READY)


@pytest.mark.parametrize("kind", ["folder", "pipe"])
async def test_paths_that_are_no_files(tmp_path: Path, start: Start, kind: str) -> None:
    path = tmp_path / "model.gguf"
    if kind == "folder":
        path.mkdir()
    elif hasattr(os, "mkfifo"):
        os.mkfifo(path)
    else:
        pytest.skip("no named pipes on this system")
    backend = await start(path, ready=False)
    assert "is not a file" in backend.status.detail


async def test_loading_is_bounded_in_time(models: Models, start: Start) -> None:
    settings = LlamaSettings(1, 0, extra_buffers="off", load_timeout_s=0.01)
    backend = await start(models.random, settings, ready=False)
    assert "longer than 0.01 s" in backend.status.detail


@pytest.mark.skipif(os.name != "posix", reason="crashes are sent as signals")
async def test_settings_that_crash_are_not_used_again(models: Models, tmp_path: Path, start: Start) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    key = key_of(inspect(models.exact))
    Memory(folder).put(key, Remembered(threads=1, gpu_layers=0, extra_buffers=True, why="measured"))
    backend = await start(models.exact, OPEN)
    assert backend.worker_pid is not None
    os.kill(backend.worker_pid, signal.SIGSEGV)
    await reaches(backend, BackendState.DEGRADED)
    await reaches(backend, BackendState.READY)
    answer = Memory(folder).get(key)
    assert answer is not None
    assert (answer.extra_buffers, answer.why) == (False, "crash")


@pytest.mark.skipif(os.name != "posix", reason="crashes are sent as signals")
async def test_a_crash_after_good_work_changes_no_settings(models: Models, tmp_path: Path, start: Start) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    key = key_of(inspect(models.exact))
    good = Remembered(threads=1, gpu_layers=0, extra_buffers=True, why="measured")
    Memory(folder).put(key, good)
    backend = await start(models.exact, OPEN)
    await backend.generate(SHORT)
    assert backend.worker_pid is not None
    os.kill(backend.worker_pid, signal.SIGSEGV)
    await reaches(backend, BackendState.DEGRADED)
    assert Memory(folder).get(key) == good


async def test_fatal_extra_buffers_cost_one_start_only(models: Models, tmp_path: Path, start: Start) -> None:
    """On CPUs with AMX quantised models die with extra buffers; elsewhere they run. Both end ready."""
    folder = tmp_path / "state"
    folder.mkdir()
    path = write_random(tmp_path / "quantised.gguf")
    key = key_of(inspect(path))
    Memory(folder).put(key, Remembered(threads=1, gpu_layers=0, extra_buffers=True, why="measured"))
    backend = await start(path, OPEN, ready=_extra_buffers_work())
    await reaches(backend, BackendState.READY)
    assert (await backend.generate(SHORT)).timing.decoded_tokens > 0
    answer = Memory(folder).get(key)
    assert answer is not None
    assert answer.why == ("measured" if _extra_buffers_work() else "crash")


def _extra_buffers_work() -> bool:
    if sys.platform != "linux":
        return True
    return "amx_int8" not in Path("/proc/cpuinfo").read_text(encoding="utf-8")


@pytest.mark.parametrize("steps", [0, 2, 5, 6])
async def test_stop_while_a_dead_worker_is_cleared_away(models: Models, start: Start, steps: int) -> None:
    """`steps` turns of the event loop after the death was seen: a lost cancellation would go on restarting."""
    backend = await start(models.random)
    assert backend.worker_pid is not None
    process = psutil.Process(backend.worker_pid)
    process.suspend()
    asked = asyncio.create_task(backend.stats())
    await asyncio.sleep(0)
    process.kill()
    await asyncio.wait({asked})
    for _ in range(steps):
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await backend.stop()
    assert backend.status.state is BackendState.STOPPED
    assert isinstance(asked.exception(), BackendError)


EXITS = [(0, "exit code 0", False), (3, "exit code 3", False), (-9, "killed by SIGKILL", False)]


@pytest.mark.skipif(os.name != "posix", reason="exit codes of POSIX")
@pytest.mark.parametrize(("code", "words", "crash"), [*EXITS, (-11, "killed by SIGSEGV", True)])
def test_exit_codes_in_words(code: int, words: str, crash: bool) -> None:
    assert (describe_exit(code), is_crash(code)) == (words, crash)
