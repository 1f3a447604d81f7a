"""Small GGUF files and running backends for the tests of the local worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import llama_cpp  # noqa: F401 (whole, before our loader registers only its low-level part)
import pytest

from hunch_models.backend import BackendState, BackendStatus
from hunch_models.llama.backend import LlamaBackend
from hunch_models.llama.settings import LlamaSettings
from tests.tiny_gguf import Shape, vocabulary, write_random, write_scripted

FIXED = LlamaSettings(threads=1, gpu_layers=0, extra_buffers="off")
"""Nothing left to measure, so that no trial runs beside a test."""


@dataclass(frozen=True)
class Models:
    """Paths of model files, by what is special about them."""

    random: Path  # random weights, Q8_0, suffix first
    exact: Path  # the same in 32-bit floats
    plain: Path  # no fill-in-the-middle tokens
    endless: Path  # repeats the last token for ever, context 4096
    heavy: Path  # slow enough to be interrupted, context 2048


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    folder = tmp_path_factory.mktemp("models")
    no_fim = vocabulary(specials=("<|endoftext|>",))
    return Models(
        random=write_random(folder / "random.gguf"),
        exact=write_random(folder / "exact.gguf", quantised=False),
        plain=write_random(folder / "plain.gguf", words=no_fim, order=""),
        endless=write_scripted(folder / "endless.gguf", [], context=4096, layers=4),
        heavy=write_random(folder / "heavy.gguf", Shape(512, 10, 8, 1408, 2048)),
    )


@asynccontextmanager
async def running(path: Path, folder: Path, settings: LlamaSettings = FIXED) -> AsyncIterator[LlamaBackend]:
    """A started backend that has settled, and is stopped afterwards."""
    backend = LlamaBackend(path, state_dir=folder, settings=settings)
    await backend.start()
    await backend.settled()
    try:
        yield backend
    finally:
        await backend.stop()


Start = Callable[..., Awaitable[LlamaBackend]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts backends that are stopped after the test; they must be ready unless `ready` is False."""
    async with AsyncExitStack() as stack:

        async def start_one(path: Path, settings: LlamaSettings = FIXED, *, ready: bool = True) -> LlamaBackend:
            backend = await stack.enter_async_context(running(path, tmp_path / "state", settings))
            assert (backend.status.state is BackendState.READY) is ready, backend.status
            return backend

        yield start_one


async def reaches(backend: LlamaBackend, state: BackendState) -> BackendStatus:
    """Wait for a state and return the status that has it."""
    reached = asyncio.Event()

    def watch(status: BackendStatus) -> None:
        if status.state is state:
            reached.set()

    backend.on_status(watch)
    watch(backend.status)
    await asyncio.wait_for(reached.wait(), 10)
    return backend.status
