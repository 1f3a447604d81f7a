"""Replays recorded keystrokes through the real server and measures what an editor would feel.

The show threshold is off: every text that the model writes counts, as with clients that have no such threshold.

Closed loop: the next key comes when the answer is there, at the latest after `gap_ms`; then the old request is
cancelled, as editors do. Every `CANCEL_EVERY`-th request is withdrawn on purpose to time how fast compute ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from hunch_server.adapters.editor import Editor
from hunch_server.adapters.infill_client import InfillClient
from hunch_server.counters import percentiles
from hunch_server.typing_trace import Patch, Trace, language_of, patches, typed_ahead

CANCEL_EVERY = 25
CANCEL_AFTER_MS = (0.5, 6.0)  # uniformly drawn: sometimes in the prompt, sometimes while decoding
LOOK_AHEAD = 400

SHOW_ALL = {"completion": {"minLogprob": -100}}
"""The editor settings of a run."""


@dataclass(slots=True)
class Figures:
    """Raw measurements of one run; durations in ms as seen by the client."""

    keystrokes: int = 0
    requests: int = 0
    answered: int = 0
    overtaken: int = 0
    accepted: int = 0
    accepted_chars: int = 0
    first_text_ms: list[float] = field(default_factory=list)
    hit_ms: list[float] = field(default_factory=list)
    cancel_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """`limit`: keystrokes to replay (0: all). `gap_ms`: patience of the typist per key."""

    limit: int = 1000
    gap_ms: float = 400.0
    against: str | None = None


async def replay(
    editor: Editor,
    root: Path,
    trace: Trace,
    options: BenchOptions,
    advance: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:
    """Type the trace into the server and return the contract's figures."""
    language, name = language_of(trace)
    uri = editor.open(root / name, language, trace.start_content)
    figures = Figures()
    rival = InfillClient(options.against) if options.against else None
    upcoming = list(patches(trace))
    # Positions jittered by a fixed seed, so that two runs cancel at the same points.
    dice = random.Random(20)  # noqa: S311
    skip = 0  # characters of coming patches that an accepted suggestion has typed already
    try:
        for index, patch in enumerate(upcoming):
            if options.limit and figures.keystrokes >= options.limit:
                break
            figures.keystrokes += patch.is_keystroke
            advance(figures.keystrokes)
            skip, typed = _type(editor, uri, patch, skip)
            if not (typed and patch.is_keystroke):
                continue
            cursor = patch.position + len(patch.inserted)
            if rival is not None:
                await rival.ask(editor.documents[uri].text(), cursor, name)
            if figures.requests % CANCEL_EVERY == CANCEL_EVERY - 1:
                await _time_cancel(editor, uri, cursor, figures, dice.uniform(*CANCEL_AFTER_MS))
                continue
            item = await _ask(editor, uri, cursor, figures, options.gap_ms)
            if item is not None:
                skip = await _maybe_accept(editor, uri, cursor, item, upcoming, index + 1, figures)
    finally:
        if rival is not None:
            await rival.close()
    stats = await editor.request("hunch/stats")
    result = _summary(figures, stats)
    if rival is not None:
        result["against"] = rival.summary()
    return result


def _type(editor: Editor, uri: str, patch: Patch, skip: int) -> tuple[int, bool]:
    """Apply a patch but for `skip` characters that an accepted suggestion has typed already.

    Returns what is left to skip, and whether an editor would ask now.
    """
    if not skip:
        editor.replace(uri, patch.position, patch.position + patch.deleted, patch.inserted)
        return 0, True
    if skip >= len(patch.inserted):
        return skip - len(patch.inserted), skip == len(patch.inserted)
    start = patch.position + skip
    editor.replace(uri, start, start, patch.inserted[skip:])
    return 0, True


async def _ask(
    editor: Editor, uri: str, cursor: int, figures: Figures, gap_ms: float
) -> lsp.InlineCompletionItem | None:
    figures.requests += 1
    started = perf_counter()
    request_id, answer = editor.complete(uri, cursor)
    try:
        async with asyncio.timeout(gap_ms / 1000):
            result = await asyncio.shield(answer)
    except TimeoutError:
        editor.cancel(request_id)
        figures.overtaken += 1
        await asyncio.gather(answer, return_exceptions=True)
        return None
    elapsed = (perf_counter() - started) * 1000
    figures.answered += 1
    items = list(result.items if isinstance(result, lsp.InlineCompletionList) else result or [])
    if not items:
        return None
    item: lsp.InlineCompletionItem = items[0]
    figures.first_text_ms.append(elapsed)
    arguments = (item.command.arguments or []) if item.command else []
    if len(arguments) > 1 and arguments[1] == "cache":
        figures.hit_ms.append(elapsed)
    editor.notify("textDocument/didShowCompletion", {"item": {"command": {"arguments": [_item_id(item)]}}})
    return item


def _item_id(item: lsp.InlineCompletionItem) -> str:
    return str(item.command.arguments[0]) if item.command and item.command.arguments else ""


async def _time_cancel(editor: Editor, uri: str, cursor: int, figures: Figures, after_ms: float) -> None:
    figures.requests += 1
    request_id, answer = editor.complete(uri, cursor)
    await asyncio.sleep(after_ms / 1000)
    if answer.done():
        await asyncio.gather(answer, return_exceptions=True)
        return
    started = perf_counter()
    editor.cancel(request_id)
    await editor.request("hunch/idle")
    figures.cancel_ms.append((perf_counter() - started) * 1000)
    with contextlib.suppress(JsonRpcException, asyncio.CancelledError):
        await answer


async def _maybe_accept(
    editor: Editor,
    uri: str,
    cursor: int,
    item: lsp.InlineCompletionItem,
    upcoming: list[Patch],
    following: int,
    figures: Figures,
) -> int:
    """Accept what the recorded person goes on to type exactly; returns the characters typed by that."""
    text = item.insert_text if isinstance(item.insert_text, str) else item.insert_text.value
    document = editor.documents[uri]
    typed = 0
    if item.range is not None:
        line = document.position_at(cursor)
        typed = line.column - _column(document.line(line.line), item.range.start.character)
    insertion = text[typed:]
    future = typed_ahead(upcoming, following, cursor, LOOK_AHEAD)
    if not insertion or not future.startswith(insertion):
        return 0
    editor.replace(uri, cursor, cursor, insertion)
    await editor.accept(item)
    figures.accepted += 1
    figures.accepted_chars += len(insertion)
    return len(insertion)


def _column(line: str, units: int) -> int:
    return len(line.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore"))


def _summary(figures: Figures, stats: dict[str, Any]) -> dict[str, Any]:
    return {
        "keystrokes": figures.keystrokes,
        "requests": figures.requests,
        "answered": figures.answered,
        "with_text": len(figures.first_text_ms),
        "overtaken": figures.overtaken,
        "cache_hits": stats["cache_hits"],
        "first_text_ms": percentiles(figures.first_text_ms),
        "cache_hit_ms": percentiles(figures.hit_ms),
        "did_change_ms": stats["did_change_ms"],
        "cancel_ms": percentiles(figures.cancel_ms),
        "cancelled": len(figures.cancel_ms),
        "new_tokens": stats["new_tokens"],
        "decoded_tokens": stats["decoded_tokens"],
        "accepted": figures.accepted,
        "accepted_chars": figures.accepted_chars,
        "model": stats["model"],
    }
