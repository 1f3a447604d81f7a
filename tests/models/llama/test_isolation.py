"""The worker is alone: it imports nothing of a workspace, stray prints do no harm, and it dies with its parent."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from hunch_models.backend import GenerationRequest
from hunch_models.llama import wire
from hunch_models.llama.process import LAUNCHER, WorkerProcess
from hunch_models.llama.settings import EngineSettings
from tests.models.llama.conftest import FIXED, Models, running

HOSTILE = ("attr", "json", "msgspec", "numpy", "llama_cpp", "psutil", "sitecustomize", "usercustomize", "queue")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, full of modules that leave a trace when they are imported, and on PYTHONPATH."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    for name in HOSTILE:
        trace = f"import pathlib\npathlib.Path({str(folder)!r}, 'imported-{name}').touch()\n"
        (folder / f"{name}.py").write_text(trace + "raise ImportError('hostile')\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([".", str(folder)]))
    monkeypatch.setenv("PYTHONSTARTUP", str(folder / "sitecustomize.py"))
    return folder


async def test_nothing_of_the_workspace_is_imported(models: Models, workspace: Path) -> None:
    async with running(models.random, workspace, FIXED) as backend:
        assert (await backend.generate(GenerationRequest("x = ", "\n", max_tokens=2))).timing.decoded_tokens
    assert not list(workspace.glob("imported-*"))


def test_the_hostile_modules_would_be_imported_otherwise(workspace: Path) -> None:
    subprocess.run([sys.executable, "-c", "import json"], check=False, capture_output=True, cwd=workspace)
    assert list(workspace.glob("imported-*"))


NOISY = """
import os, sys
from hunch_models.llama import worker
quiet = worker.load_library
def noisy():
    print("stray print", flush=True)
    os.write(1, b"stray bytes")
    return quiet()
worker.load_library = noisy
worker.main()
"""


def test_stray_prints_do_not_break_the_protocol(models: Models) -> None:
    load = wire.Load(os.fsencode(models.random), EngineSettings())
    with subprocess.Popen(
        [sys.executable, "-I", "-c", NOISY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as worker:
        assert worker.stdin
        assert worker.stdout
        assert worker.stderr
        worker.stdin.write(wire.frame(load))
        worker.stdin.flush()
        (length,) = wire.HEADER.unpack(worker.stdout.read(wire.HEADER.size))
        assert isinstance(wire.parse_response(worker.stdout.read(length)), wire.Loaded)
        worker.stdin.close()
        assert b"stray print" in worker.stderr.read()
    assert worker.returncode == 0


@pytest.mark.parametrize("data", [b"\xff" * 64, wire.HEADER.pack(3) + b"\xc1\xc1\xc1"])
def test_a_worker_ends_when_it_is_sent_nonsense(data: bytes) -> None:
    ended = subprocess.run(
        [sys.executable, "-I", str(LAUNCHER)], input=data, capture_output=True, timeout=20, check=False
    )
    assert ended.returncode == 65
    assert ended.stdout == b""


async def test_jobs_before_a_model_fail(tmp_path: Path) -> None:
    worker = await WorkerProcess.spawn(tmp_path)
    try:
        worker.send(wire.Generate(1, GenerationRequest("", ""), stream=False, decode=True))
        assert await asyncio.wait_for(worker.receive(), 10) == wire.Failed(1, "no model is loaded")
        worker.send(wire.Ping())
        assert await asyncio.wait_for(worker.receive(), 10) == wire.Pong(0, 0.0)
    finally:
        await worker.end()
    assert worker.exit_code is not None


PARENT = """
import asyncio, os, sys
from pathlib import Path
from hunch_models.backend import GenerationRequest, StopRule
from hunch_models.llama.backend import LlamaBackend
from hunch_models.llama.settings import LlamaSettings

async def main():
    settings = LlamaSettings(threads=1, gpu_layers=0, extra_buffers="off", context_length=4096)
    backend = LlamaBackend(Path(sys.argv[1]), state_dir=Path(sys.argv[2]), settings=settings)
    await backend.start()
    await backend.settled()
    request = GenerationRequest("if", "", stop=StopRule(False, 9999), max_tokens=4000, time_limit_ms=60_000)
    asyncio.create_task(backend.generate(request))
    await asyncio.sleep(0.05)
    print(backend.worker_pid, flush=True)
    os._exit(9)

asyncio.run(main())
"""


def test_the_worker_ends_with_its_parent(models: Models, tmp_path: Path) -> None:
    parent = subprocess.run(
        [sys.executable, "-I", "-c", PARENT, str(models.endless), str(tmp_path)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert parent.returncode == 9, parent.stderr
    assert gone(int(parent.stdout), within_s=5)


ORPHAN = """
import os, subprocess, sys
reading, writing = os.pipe()
worker = subprocess.Popen([sys.executable, "-I", sys.argv[1]], stdin=reading, stdout=subprocess.DEVNULL)
wait = [sys.executable, "-I", "-c", "import time; time.sleep(60)"]
holder = subprocess.Popen(wait, pass_fds=[writing], stdout=subprocess.DEVNULL)
print(worker.pid, holder.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="parents are watched on POSIX; elsewhere the closed pipe has to do")
def test_the_worker_ends_even_if_its_pipe_stays_open() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-I", "-c", ORPHAN, str(LAUNCHER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdout
    worker, holder = map(int, parent.stdout.readline().split())
    try:
        time.sleep(3)  # it has to be up and watching, as every worker with a model is
        assert psutil.pid_exists(worker)
        parent.kill()
        parent.communicate()
        assert gone(worker, within_s=5)
        assert psutil.pid_exists(holder)
    finally:
        psutil.Process(holder).kill()


def gone(pid: int, within_s: float) -> bool:
    """Whether a process of another parent ends in time."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False
