"""Keeps one worker alive: starts it, loads the model, sees that it dies or hangs, and starts another.

Everything that can go wrong ends in a status with one plain sentence; nothing here raises to its caller.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hunch_models.backend import BackendState, BackendStatus
from hunch_models.errors import ModelError
from hunch_models.llama import tuning, wire
from hunch_models.llama.jobs import JobQueue
from hunch_models.llama.model_file import Signature, inspect, refused, signature
from hunch_models.llama.process import WorkerProcess, describe_exit, is_crash
from hunch_models.llama.settings import EngineSettings, LlamaSettings

log = logging.getLogger(__name__)

FIRST_DELAY_S, LONGEST_DELAY_S = 0.2, 30.0
"""Waits before a restart: doubled with every death, back to the first after `HEALTHY_S` of life."""

HEALTHY_S = 60.0

PING_S = 0.25
HANG_S, HANG_CHUNKS = 2.0, 20
"""No progress for so many seconds, and for so many times the longest evaluation so far, is a hang."""

LOADS_BEFORE_GIVING_UP = 3
FILE_CHECK_S = 2.0

Clock = Callable[[], float]


class Owner(Protocol):
    """Who uses the worker."""

    def worker_ready(self, worker: WorkerProcess, loaded: wire.Loaded) -> None:
        """A model is loaded; jobs can be sent."""
        ...

    def worker_message(self, message: wire.Response) -> None:
        """The worker has said something."""
        ...

    def worker_gone(self, reason: str) -> None:
        """The worker is no more; what it was doing is lost."""
        ...


@dataclass(frozen=True, slots=True)
class End:
    """How a worker's life ended. `refused`: it would end in the same way with the same file and settings."""

    reason: str
    loaded: bool = False
    refused: bool = False
    faulty: bool = False  # native code failed before the first job was done
    lived_s: float = 0.0


class Supervisor:
    """Runs workers for one model file, one after the other, until cancelled."""

    def __init__(
        self,
        path: Path,
        settings: LlamaSettings,
        folder: Path,
        owner: Owner,
        jobs: JobQueue,
        set_status: Callable[[BackendStatus], None],
        clock: Clock,
    ) -> None:
        self._path = path
        self._settings = settings
        self._folder = folder
        self._owner = owner
        self._jobs = jobs
        self._set_status = set_status
        self._clock = clock
        self.key = ""
        """Names machine, llama.cpp and model together; empty until the file was looked at."""
        self._memory = tuning.Memory(folder)
        self._cores = tuning.usable_cores()
        self._retry = asyncio.Event()
        self._progress = -1
        self._chunk_s = 0.0
        self._moved_at = 0.0
        self._proven = self._hung = False

    def retry(self) -> None:
        """Try a file again that has been given up."""
        self._retry.set()

    async def run(self) -> None:
        """Keep a worker running. Ends only by cancellation."""
        deaths = failed_loads = 0
        while True:
            problem = ""
            seen = await asyncio.to_thread(signature, self._path)
            try:
                header = await asyncio.to_thread(inspect, self._path)
            except ModelError as error:
                problem = error.one_line()
            else:
                self.key = tuning.key_of(header)
                end = await self._live(self.key)
                failed_loads = 0 if end.loaded else failed_loads + 1
                deaths = 1 if end.lived_s >= HEALTHY_S else deaths + 1
                if end.refused:
                    problem = end.reason
                elif failed_loads >= LOADS_BEFORE_GIVING_UP:
                    problem = f"{end.reason}, {failed_loads} times in a row"
            if problem:
                await self._wait_for_change(problem, seen)
                deaths = failed_loads = 0
                continue
            delay = min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (deaths - 1))
            log.warning("%s; starting another in %.1f s", end.reason, delay)
            self._set_status(BackendStatus(BackendState.DEGRADED, f"{end.reason}; restarting"))
            await asyncio.sleep(delay)

    async def _wait_for_change(self, problem: str, seen: Signature) -> None:
        """Leave a file alone that cannot work, until it changes or somebody asks to try again."""
        log.warning("%s", problem)
        self._retry.clear()
        self._set_status(BackendStatus(BackendState.DEGRADED, problem))
        while await asyncio.to_thread(signature, self._path) == seen and not self._retry.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FILE_CHECK_S):
                    await self._retry.wait()

    async def _live(self, key: str) -> End:
        """One worker from start to end. With remembered settings that prove faulty, the safe ones are remembered."""
        safe = tuning.safe_settings(self._settings, self._cores)
        remembered = self._memory.get(key)
        chosen = safe if remembered is None else tuning.apply(self._settings, remembered, self._cores)
        self._set_status(BackendStatus(BackendState.STARTING, f"loading {self._path.name}"))
        try:
            worker = await WorkerProcess.spawn(self._folder)
        except OSError as error:
            return End(f"the model worker cannot be started: {error.strerror or error}")
        try:
            end = await self._serve(worker, chosen, key if remembered is None else None)
        finally:
            await worker.end()
        if end.faulty and chosen != safe:
            if remembered is not None:
                self._memory.put(key, _answer(safe, "crash"))
            hint = " with model.extra_buffers on" if self._settings.extra_buffers == "on" else ""
            return dataclasses.replace(end, refused=False, reason=end.reason + hint)
        return end

    async def _serve(self, worker: WorkerProcess, chosen: EngineSettings, unmeasured_key: str | None) -> End:
        """Load the model, then pass messages on until the worker ends."""
        loaded = await self._load(worker, chosen)
        if isinstance(loaded, End):
            return loaded
        started = self._moved_at = self._clock()
        self._progress, self._chunk_s = -1, 0.0
        self._proven = self._hung = False
        self._owner.worker_ready(worker, loaded)
        self._set_status(BackendStatus(BackendState.READY, _remark(self._path, loaded)))
        beside = [asyncio.create_task(self._watch(worker))]
        if unmeasured_key is not None and tuning.is_open(self._settings):
            beside.append(asyncio.create_task(self._measure_when_idle(unmeasured_key)))
        fault = ""
        try:
            while (message := await worker.receive()) is not None:
                self._note(message)
                self._owner.worker_message(message)
        except wire.WireError as error:
            fault = str(error)
        finally:
            for task in beside:
                task.cancel()
            for failure in await asyncio.gather(*beside, return_exceptions=True):
                if isinstance(failure, Exception):
                    log.error("watching the model worker failed", exc_info=failure)
            self._owner.worker_gone("the model worker ended")
        code = await worker.wait()
        what = "hung" if self._hung else fault or f"ended unexpectedly ({describe_exit(code)})"
        return End(
            f"the model worker {what}",
            loaded=True,
            faulty=not self._proven and (self._hung or is_crash(code)),
            lived_s=self._clock() - started,
        )

    async def _load(self, worker: WorkerProcess, chosen: EngineSettings) -> wire.Loaded | End:
        worker.send(wire.Load(os.fsencode(self._path), chosen))
        name, limit = self._path.name, self._settings.load_timeout_s
        try:
            async with asyncio.timeout(limit):
                answer = await worker.receive()
        except TimeoutError:
            return End(f"loading {name} took longer than {limit:g} s", faulty=True)
        except wire.WireError as error:
            return End(f"the model worker {error}")
        match answer:
            case wire.Loaded():
                return answer
            case wire.LoadFailed(reason):
                return End(refused(self._path, reason), refused=True, faulty=True)
            case _:
                code = await worker.wait()
                words = f": {worker.last_words[-1]}" if worker.last_words else ""
                return End(
                    f"the model worker ended while loading {name} ({describe_exit(code)}){words}",
                    faulty=is_crash(code),
                )

    def _note(self, message: wire.Response) -> None:
        """Any message but a pong without progress shows that the worker moves on."""
        match message:
            case wire.Pong(progress, chunk_ms):
                self._chunk_s = chunk_ms / 1000
                if progress == self._progress:
                    return
                self._progress = progress
            case wire.Done():
                self._proven = True
        self._moved_at = self._clock()

    async def _watch(self, worker: WorkerProcess) -> None:
        """End a worker whose job makes no progress."""
        while True:
            await self._jobs.busy.wait()
            job = self._jobs.active
            began = self._clock()
            await asyncio.sleep(PING_S)
            while job is self._jobs.active and job is not None:
                still_for = self._clock() - max(began, self._moved_at)
                if still_for > max(HANG_S, HANG_CHUNKS * self._chunk_s):
                    self._hung = True
                    self._owner.worker_gone("the model worker hung")
                    await worker.end()
                    return
                worker.send(wire.Ping())
                await asyncio.sleep(PING_S)

    async def _measure_when_idle(self, key: str) -> None:
        """Find the fastest settings while nobody needs the machine; they are used from the next start on."""
        pause = self._settings.probe_after_idle_s
        while True:
            await self._jobs.idle.wait()
            if await _happens(self._jobs.busy, pause):
                continue
            trial = asyncio.create_task(tuning.measure(self._path, self._settings, self._cores, self._folder))
            interrupted = asyncio.create_task(self._jobs.busy.wait())
            try:
                await asyncio.wait({trial, interrupted}, return_when=asyncio.FIRST_COMPLETED)
                if not trial.done():
                    continue
                try:
                    best = trial.result()
                except OSError as error:
                    log.warning("engine settings cannot be measured: %s", error)
                    return
                safe = tuning.safe_settings(self._settings, self._cores)
                answer = _answer(safe, "unmeasured") if best is None else _answer(best, "measured")
                self._memory.put(key, answer)
                return
            finally:
                interrupted.cancel()
                trial.cancel()
                await asyncio.gather(trial, interrupted, return_exceptions=True)


async def _happens(event: asyncio.Event, within_s: float) -> bool:
    try:
        async with asyncio.timeout(within_s):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _answer(settings: EngineSettings, why: str) -> tuning.Remembered:
    return tuning.Remembered(settings.threads, settings.gpu_layers, settings.extra_buffers, why)


def _remark(path: Path, loaded: wire.Loaded) -> str:
    if loaded.info.fim != "none":
        return ""
    return f"{path.name} has no fill-in-the-middle tokens: it only continues at the end of a line"
