"""Which engine answers: the configured remote server, else the local model in its worker process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from hunch_models.backend import (
    Backend,
    BackendState,
    BackendStatus,
    GenerationRequest,
    GenerationResult,
    ModelInfo,
)
from hunch_models.errors import BackendError, HunchError, SettingsError
from hunch_models.instruct import Instructor
from hunch_models.llama.backend import LlamaBackend
from hunch_models.llama.settings import LlamaSettings
from hunch_models.registry import Registry
from hunch_models.remote import RemoteBackend, RemoteOptions, api_key_from_environment
from hunch_server.settings import Settings


class NoBackend:
    """Nothing can answer, and `detail` says why. Keeps the server serving where no model can be used."""

    def __init__(self, detail: str) -> None:
        self._status = BackendStatus(BackendState.DEGRADED, detail)

    @property
    def status(self) -> BackendStatus:
        """Always degraded."""
        return self._status

    @property
    def info(self) -> ModelInfo | None:
        """No model."""
        return None

    def on_status(self, listener: Callable[[BackendStatus], None]) -> None:
        """The state never changes."""

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def generate(
        self, request: GenerationRequest, on_text: Callable[[str], None] | None = None
    ) -> GenerationResult:
        """Raises BackendError."""
        raise BackendError(self._status.detail)

    async def prewarm(self, request: GenerationRequest) -> None:
        """Nothing to warm."""

    async def idle(self) -> None:
        """Always idle."""


def make_backend(settings: Settings, home: Path) -> Backend:
    """The engine that the settings ask for, not started yet. What cannot be used becomes a `NoBackend`."""
    try:
        if settings.remote.url:
            return RemoteBackend(remote_options(settings))
        entry = Registry(home).resolve(settings.model.id or None)
        return LlamaBackend(entry.path, state_dir=home / "worker", model_id=entry.id, settings=llama_settings(settings))
    except HunchError as error:
        return NoBackend(error.one_line())


def make_instructor(settings: Settings, home: Path) -> Instructor:
    """The instruct model that the settings name, not started yet. Raises HunchError where there is none."""
    if settings.rules.model:
        from hunch_models.llama.instructor import LlamaInstructor  # noqa: PLC0415 - two commands need it

        entry = Registry(home).resolve(settings.rules.model)
        return LlamaInstructor(
            entry.path, state_dir=home / "worker", model_id=entry.id, settings=llama_settings(settings)
        )
    if settings.remote.url:
        from hunch_models.remote.instructor import RemoteInstructor  # noqa: PLC0415

        return RemoteInstructor(remote_options(settings))
    raise SettingsError(
        "no instruct model is configured", "set HUNCH_RULES_MODEL to a GGUF file, or remote.url; see docs/rules.md"
    )


def llama_settings(settings: Settings) -> LlamaSettings:
    """How to run the local model."""
    model = settings.model
    return LlamaSettings(
        threads=model.threads,
        gpu_layers=model.gpu_layers,
        context_length=model.context_length,
        extra_buffers=model.extra_buffers,
        load_timeout_s=model.load_timeout_s,
    )


def remote_options(settings: Settings) -> RemoteOptions:
    """How to reach the remote server. Raises SettingsError for an address or key that cannot be used."""
    remote = settings.remote
    return RemoteOptions(
        url=remote.url,
        kind=remote.kind,
        model=remote.model,
        api_key=api_key_from_environment(remote.api_key_env, os.environ),
        fim_template=remote.fim_template,
    )


@asynccontextmanager
async def started(backend: Backend, timeout_s: float = 90.0) -> AsyncIterator[Backend]:
    """Start an engine, wait until it is ready or has given up, and stop it afterwards."""
    settled = asyncio.Event()

    def watch(status: BackendStatus) -> None:
        if status.state is not BackendState.STARTING:
            settled.set()

    backend.on_status(watch)
    try:
        await backend.start()
        watch(backend.status)
        try:
            async with asyncio.timeout(timeout_s):
                await settled.wait()
        except TimeoutError:
            raise BackendError(f"the model was not ready after {timeout_s:.0f} s", "try `hunch doctor`") from None
        yield backend
    finally:
        await backend.stop()
