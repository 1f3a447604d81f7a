"""A local GGUF model as an `Instructor`: a worker process of its own, one question at a time, ended when it hangs."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
from pathlib import Path

from hunch_models.errors import BackendError
from hunch_models.instruct import InstructRequest, InstructResult
from hunch_models.llama import tuning, wire
from hunch_models.llama.backend import encodable
from hunch_models.llama.model_file import inspect, refused
from hunch_models.llama.process import WorkerProcess, describe_exit
from hunch_models.llama.settings import EngineSettings, LlamaSettings

CONTEXT = 4096
"""Tokens of context where no setting says otherwise: a question with its instructions, and the answer."""

GRACE_S = 5.0
"""How long after its time limit a worker may take to answer; one evaluation of a large model takes seconds."""


class LlamaInstructor:
    """Runs one model file. `state_dir` is where measured settings are remembered; the worker runs in it."""

    def __init__(self, path: Path, *, state_dir: Path, model_id: str = "", settings: LlamaSettings) -> None:
        self._path = path.absolute()
        self._name = model_id or path.stem
        self._state_dir = state_dir
        self._settings = dataclasses.replace(settings, context_length=settings.context_length or CONTEXT)
        self._worker: WorkerProcess | None = None
        self._jobs = 0

    @property
    def name(self) -> str:
        """The model's id."""
        return self._name

    async def start(self) -> None:
        """Load the model; if the remembered settings fail, with the safe ones. Raises BackendError and ModelError."""
        header = await asyncio.to_thread(inspect, self._path)
        self._state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        cores = tuning.usable_cores()
        remembered = tuning.Memory(self._state_dir).get(tuning.key_of(header))
        safe = tuning.safe_settings(self._settings, cores)
        if remembered is not None:
            with contextlib.suppress(BackendError):
                await self._load(tuning.apply(self._settings, remembered, cores))
                return
        await self._load(safe)

    async def ask(self, request: InstructRequest) -> InstructResult:
        """Answer; a worker that died or was ended is started anew first. Raises BackendError."""
        if self._worker is None:
            await self.start()
        worker = self._worker
        assert worker is not None  # noqa: S101 - started above
        self._jobs += 1
        asked = dataclasses.replace(request, system=encodable(request.system), prompt=encodable(request.prompt))
        try:
            worker.send(wire.Instruct(self._jobs, asked))
            async with asyncio.timeout(request.time_limit_ms / 1000 + GRACE_S):
                answer = await worker.receive()
        except TimeoutError:
            await self.stop()
            raise BackendError(f"{self._name} did not answer in time") from None
        except wire.WireError as error:
            await self.stop()
            raise BackendError(f"the model worker {error}") from error
        except asyncio.CancelledError:
            await self.stop()
            raise
        match answer:
            case wire.Instructed(_, result):
                return result
            case wire.Failed(_, reason):
                raise BackendError(f"the model failed: {reason}")
            case _:
                code = await worker.wait()
                await self.stop()
                raise BackendError(f"the model worker ended unexpectedly ({describe_exit(code)})")

    async def stop(self) -> None:
        """End the worker. Safe to call twice."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.end()

    async def _load(self, chosen: EngineSettings) -> None:
        try:
            worker = await WorkerProcess.spawn(self._state_dir)
        except OSError as error:
            raise BackendError(f"the model worker cannot be started: {error.strerror or error}") from error
        try:
            worker.send(wire.Load(os.fsencode(self._path), chosen))
            async with asyncio.timeout(self._settings.load_timeout_s):
                answer = await worker.receive()
            match answer:
                case wire.Loaded():
                    self._worker = worker
                case wire.LoadFailed(reason):
                    raise BackendError(refused(self._path, reason))
                case _:
                    code = await worker.wait()
                    raise BackendError(
                        f"the model worker ended while loading {self._path.name} ({describe_exit(code)})"
                    )
        except TimeoutError:
            limit = self._settings.load_timeout_s
            raise BackendError(f"loading {self._path.name} took longer than {limit:g} s") from None
        except wire.WireError as error:
            raise BackendError(f"the model worker {error}") from error
        finally:
            if self._worker is not worker:
                await worker.end()
