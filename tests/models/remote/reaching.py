"""A remote backend that talks to a stand-in server, and what it is asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from hunch_models.backend import BackendState, BackendStatus, GenerationRequest
from hunch_models.remote import RemoteBackend, RemoteOptions
from tests.models.remote.stand_in import StandIn, serving

REQUEST = GenerationRequest("def add(a, b):\n    ", "\n\nprint(add(1, 2))\n", path="add.py")


async def settled(
    backend: RemoteBackend, state: BackendState, detail: str = "", within_s: float = 5.0
) -> BackendStatus:
    """Wait for a status; the last one seen stands in the failure."""
    until = time.monotonic() + within_s
    while backend.status.state is not state or detail not in backend.status.detail:
        assert time.monotonic() < until, f"still {backend.status}"
        await asyncio.sleep(0.005)
    return backend.status


@asynccontextmanager
async def reaching(stand_in: StandIn, **options: Any) -> AsyncIterator[RemoteBackend]:
    """A started backend for a server that need not be there."""
    options = {"retry_ms": (20.0, 100.0), "kind": stand_in.kind, **options}
    backend = RemoteBackend(RemoteOptions(stand_in.url, **options))
    await backend.start()
    try:
        yield backend
    finally:
        await backend.stop()


@asynccontextmanager
async def ready(stand_in: StandIn, **options: Any) -> AsyncIterator[RemoteBackend]:
    """A backend that has found its server."""
    async with serving(stand_in), reaching(stand_in, **options) as backend:
        await settled(backend, BackendState.READY)
        yield backend
