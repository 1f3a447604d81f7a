"""`hunch/stats` and `hunch/idle`: what the benchmarks and the report read. Counts and durations, never code."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from hunch_models.backend import CountsWork
from hunch_server.counters import percentiles

if TYPE_CHECKING:
    from hunch_server.app import HunchServer


async def stats(server: HunchServer, _params: Any) -> dict[str, Any]:
    """Counters of this session; durations in ms as percentiles."""
    counters = server.session.counters
    info = server.backend.info if server.backend is not None else None
    return {
        "requests": counters.requests,
        "generations": counters.generations,
        "offered": counters.offered,
        "shown": counters.shown,
        "withheld": counters.withheld,
        "accepted": counters.accepted,
        "partially_accepted": counters.partially_accepted,
        "rejected": counters.rejected,
        "accepted_chars": counters.accepted_chars,
        "cache_hits": counters.cache_hits,
        "decoded_tokens": counters.decoded_tokens,
        "new_tokens": percentiles(counters.new_tokens),
        "did_change_ms": percentiles(counters.did_change_ms),
        "answer_ms": percentiles(counters.answer_ms),
        "outside_model_ms": percentiles(counters.outside_model_ms),
        "work": dataclasses.asdict(server.backend.work) if isinstance(server.backend, CountsWork) else {},
        "ahead": dataclasses.asdict(server.session.engine.ahead) if server.session.engine is not None else {},
        "model": info.id if info else "",
    }


async def idle(server: HunchServer, _params: Any) -> None:
    """Answer once no compute is running."""
    if server.backend is not None:
        await server.backend.idle()
