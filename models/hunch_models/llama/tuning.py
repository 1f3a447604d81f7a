"""Which engine settings are fastest on this machine: measured once in throw-away processes, then remembered.

A candidate may crash natively (llama.cpp's AMX buffers do, with quantised models), which costs nothing but its
own process. Until there is an answer, and whenever one turns out wrong, the safe settings are used.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
import importlib.metadata
import logging
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import psutil

from hunch_models.llama import wire
from hunch_models.llama.measured import Measured
from hunch_models.llama.process import WorkerProcess
from hunch_models.llama.settings import EngineSettings, LlamaSettings
from hunch_models.registry.gguf_header import GgufHeader

log = logging.getLogger(__name__)

DEFAULT_THREADS = 4
"""Most threads to use unmeasured: small models gain little from more."""

SECONDS_PER_COUNT = 0.5
"""Time to measure each number of threads for."""

CANDIDATE_LIMIT_S = 3.0
"""Time a candidate may take beyond loading; one that is slower is not worth having."""

TOKENS_PER_COMPLETION = 12
"""Generated tokens of a usual completion, for weighing prompt against decode speed."""

CLEAR_GAIN = 0.8
"""A candidate that needs more than this share of the present best's time does not replace it.

More threads gain on idle cores and lose much when an editor or a compiler uses some of them.
"""

REMEMBERED = "engine-settings.json"


def usable_cores() -> int:
    """Physical cores that this process may use, at least 1: affinity and container limits count."""
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    return max(1, min(cores, _container_limit()))


def _container_limit() -> int:
    """CPUs that a Linux control group grants; threads beyond them would only wait for each other."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError):
        return 1 << 16


def safe_settings(settings: LlamaSettings, cores: int) -> EngineSettings:
    """What runs on every machine, one core left free; explicit settings override it."""
    return EngineSettings(
        threads=settings.threads or max(1, min(cores - 1, DEFAULT_THREADS)),
        gpu_layers=max(0, settings.gpu_layers),
        extra_buffers=settings.extra_buffers == "on",
        context_length=settings.context_length,
        drafts=settings.drafts,
    )


class Remembered(msgspec.Struct, frozen=True):
    """The answer for one machine and model. `why`: `measured`, or `crash` when a better-looking one failed."""

    threads: int
    gpu_layers: int
    extra_buffers: bool
    why: str


def apply(settings: LlamaSettings, remembered: Remembered, cores: int) -> EngineSettings:
    """Remembered settings, overridden by explicit ones; threads never exceed the cores there are now."""
    return EngineSettings(
        threads=settings.threads or max(1, min(remembered.threads, cores)),
        gpu_layers=settings.gpu_layers if settings.gpu_layers >= 0 else remembered.gpu_layers,
        extra_buffers=remembered.extra_buffers if settings.extra_buffers == "auto" else settings.extra_buffers == "on",
        context_length=settings.context_length,
        drafts=settings.drafts,
    )


def is_open(settings: LlamaSettings) -> bool:
    """Whether anything is left to measure."""
    return settings.threads == 0 or settings.gpu_layers < 0 or settings.extra_buffers == "auto"


class Memory(Measured[Remembered]):
    """The remembered answers of one state folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / REMEMBERED, Remembered)


def key_of(header: GgufHeader) -> str:
    """Machine, llama.cpp version and model: what an answer depends on."""
    try:
        version = importlib.metadata.version("llama_cpp_python")
    except importlib.metadata.PackageNotFoundError:
        version = "none"
    model = f"{header.text('general.architecture')} {header.quant}, {header.size} bytes"
    return f"{_processor()} | llama-cpp-python {version} | {model}"


@cache
def _processor() -> str:
    """Name of the processor and a short hash of its features: a virtual machine may hide some of them."""
    name, features = platform.processor() or platform.machine(), ""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            field, _, value = line.partition(":")
            if field.strip() == "model name":
                name = value.strip()
            elif field.strip() in ("flags", "Features"):
                features = value.strip()
            if not line.strip() and features:
                break
    except OSError:
        pass
    digest = hashlib.sha256(features.encode()).hexdigest()[:8]
    return f"{name} ({digest}, {os.cpu_count()} CPUs)"


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate's result: the time of a usual completion in ms."""

    settings: EngineSettings
    cost_ms: float


async def measure(path: Path, settings: LlamaSettings, cores: int, folder: Path) -> EngineSettings | None:
    """The fastest settings that work for this model; None when not even the safe ones could be measured.

    Each candidate has a process of its own and `CANDIDATE_LIMIT_S` for each number of threads. Cancelling ends
    the process.
    """
    safe = safe_settings(settings, cores)
    counts = (settings.threads,) if settings.threads else tuple(sorted({1, max(1, cores // 2), cores}))
    trials, gpu = await _trial(path, safe, counts, settings.load_timeout_s, folder)
    best = choose(trials)
    if best is None:
        return None
    others = []
    if settings.extra_buffers == "auto" and _fits_twice(path):
        others.append(dataclasses.replace(best.settings, extra_buffers=True))
    if settings.gpu_layers < 0 and gpu:
        others.append(dataclasses.replace(best.settings, gpu_layers=-1))
    for candidate in others:
        tried, _ = await _trial(path, candidate, (best.settings.threads,), settings.load_timeout_s, folder)
        best = choose([best, *tried]) or best
    return best.settings


def choose(trials: Sequence[Trial]) -> Trial | None:
    """The fastest; a later one must be clearly faster than those before it."""
    best: Trial | None = None
    for trial in trials:
        if best is None or trial.cost_ms < best.cost_ms * CLEAR_GAIN:
            best = trial
    return best


def _fits_twice(path: Path) -> bool:
    """Whether memory is free for another copy of the weights, which extra buffers make."""
    return path.stat().st_size < int(psutil.virtual_memory().available) // 2


async def _trial(
    path: Path, settings: EngineSettings, counts: Sequence[int], load_limit_s: float, folder: Path
) -> tuple[list[Trial], bool]:
    """Load and time the model in a throw-away process; nothing when it fails, crashes or takes too long."""
    worker = await WorkerProcess.spawn(folder)
    try:
        worker.send(wire.Load(os.fsencode(path), settings))
        async with asyncio.timeout(load_limit_s):
            loaded = await worker.receive()
        if not isinstance(loaded, wire.Loaded):
            log.info("trial of %s ended while loading", settings)
            return [], False
        worker.send(wire.Measure(tuple(counts), SECONDS_PER_COUNT))
        async with asyncio.timeout(CANDIDATE_LIMIT_S * len(counts)):
            measured = await worker.receive()
        if not isinstance(measured, wire.Measured):
            log.info("trial of %s ended while measuring", settings)
            return [], loaded.gpu
    except (TimeoutError, wire.WireError) as error:
        log.info("trial of %s failed: %s", settings, error or "took too long")
        return [], False
    finally:
        await worker.end()
    trials = [
        Trial(
            dataclasses.replace(settings, threads=speed.threads),
            speed.chunk_ms + TOKENS_PER_COMPLETION * speed.token_ms,
        )
        for speed in measured.speeds
    ]
    log.info("trial of %s: %s ms", settings, [round(trial.cost_ms, 1) for trial in trials])
    return trials, loaded.gpu
