"""Runs `hunch bench typing`: a replay in the real server, and the same keystrokes against a llama.cpp server."""

from __future__ import annotations

import asyncio
import dataclasses
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from hunch_features.evaluation.typing import TypingRecording
from hunch_server.adapters import memory
from hunch_server.adapters.editor import editor_session
from hunch_server.benchmarks.hunch_side import HunchSide
from hunch_server.benchmarks.infill_side import InfillSide
from hunch_server.benchmarks.process_cost import CpuMeter, listener_of
from hunch_server.benchmarks.sides import Tokens, per_accepted
from hunch_server.benchmarks.typing import SHOW_ALL, BenchOptions, Replayed, replay
from hunch_server.counters import percentiles

Bar = Callable[[str], AbstractContextManager[Callable[[int], None]]]
"""A progress bar: from a title to what is called with the keystrokes typed."""


async def run(recording: TypingRecording, options: BenchOptions, against: str | None, bar: Bar) -> dict[str, Any]:
    """The contract's figures; with `against` also that server's, and the ratio of the two.

    One side after the other, so that neither takes the other's cores. Raises HunchError when a server fails.
    """
    rival = InfillSide(against) if against else None
    try:
        # Asked first: a wrong address should not cost the whole first replay.
        rival_model = await rival.model() if rival else ""
        ours = await _ours(recording, options, bar)
        result = _our_figures(ours)
        if rival is not None and against:
            pid = listener_of(against)
            meter = await asyncio.to_thread(CpuMeter, pid) if pid is not None else None
            with bar("llama-server") as advance:
                theirs = await replay(rival, recording, options, meter, advance)
            result["against"] = {"url": against, "model": rival_model, **_their_figures(theirs)}
            result["ratio"] = _ratio(result, result["against"])
            result["same_positions"] = _same_positions(ours, theirs)
        return result
    finally:
        if rival is not None:
            await rival.close()


async def _ours(recording: TypingRecording, options: BenchOptions, bar: Bar) -> Replayed:
    with tempfile.TemporaryDirectory(prefix="hunch-bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve()
        try:
            async with editor_session(root, options=SHOW_ALL) as editor:
                await editor.wait_for_state("ready")
                side = HunchSide(editor, root)
                await side.settle()
                pid = editor.process_id
                meter = await asyncio.to_thread(CpuMeter, pid) if pid is not None else None
                with bar("hunch") as advance:
                    return await replay(side, recording, options, meter, advance)
        finally:
            memory.forget(root)


def _our_figures(replayed: Replayed) -> dict[str, Any]:
    stats = replayed.costs["stats"]
    return {
        "keystrokes": replayed.figures.keystrokes,
        **_figures(replayed),
        # The server also counts texts of a generation that ran on under the next key.
        "cache_hits": stats["cache_hits"],
        "did_change_ms": stats["did_change_ms"],
        "outside_model_ms": stats["outside_model_ms"],
        "cancel_ms": percentiles(replayed.figures.cancel_ms),
        "cancelled": len(replayed.figures.cancel_ms),
        "new_tokens": stats["new_tokens"],
        "ahead": stats["ahead"],
        "model": stats["model"],
    }


def _their_figures(replayed: Replayed) -> dict[str, Any]:
    return {"keystrokes": replayed.figures.keystrokes, **_figures(replayed), "new_tokens": replayed.costs["new_tokens"]}


def _figures(replayed: Replayed) -> dict[str, Any]:
    tokens: Tokens = replayed.costs["tokens"]
    return {
        **replayed.figures.summary(),
        "decoded_tokens": tokens.decoded,
        "tokens": dataclasses.asdict(tokens),
        "stale_share": _share(tokens.stale_prompt + tokens.stale_decoded, tokens.prompt + tokens.decoded),
        "cpu_s": None if replayed.cpu_s is None else round(replayed.cpu_s, 3),
        "wall_s": round(replayed.wall_s, 3),
        "per_accepted_char": per_accepted(tokens, replayed.cpu_s, replayed.figures.accepted_chars),
    }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _ratio(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, float | None]:
    """Ours divided by theirs: below 1 is less than theirs."""

    def of(mine: float | None, other: float | None) -> float | None:
        return round(mine / other, 4) if mine is not None and other else None

    def per_request(figures: dict[str, Any]) -> float | None:
        return figures["tokens"]["prompt"] / figures["requests"] if figures["requests"] else None

    return {
        "first_text_p50": of(ours["first_text_ms"].get("p50"), theirs["first_text_ms"].get("p50")),
        "first_text_p95": of(ours["first_text_ms"].get("p95"), theirs["first_text_ms"].get("p95")),
        "prompt_tokens_per_request": of(per_request(ours), per_request(theirs)),
        "cpu_s": of(ours["cpu_s"], theirs["cpu_s"]),
        "cpu_per_accepted_char": of(ours["per_accepted_char"]["cpu_ms"], theirs["per_accepted_char"]["cpu_ms"]),
    }


def _same_positions(ours: Replayed, theirs: Replayed) -> dict[str, Any]:
    """Times to first text at the steps where both had text in time."""
    mine, other = ours.figures.at_step, theirs.figures.at_step
    both = sorted(mine.keys() & other.keys())
    return {
        "positions": len(both),
        "first_text_ms": percentiles(mine[step] for step in both),
        "against_first_text_ms": percentiles(other[step] for step in both),
    }
