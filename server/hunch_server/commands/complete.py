"""`hunch complete`: one completion at one position, through the same engine as in the editor."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import perf_counter
from typing import Any

import click

from hunch_features.completion import Candidate, CompletionEngine, CompletionQuery, Outcome
from hunch_features.gating.gate import Gate, GateModels
from hunch_features.gating.live import LiveGate
from hunch_features.syntax import language_of_path
from hunch_features.text import Document
from hunch_models.backend import Backend, BackendState
from hunch_models.errors import BackendError, HunchError
from hunch_server.adapters.engines import make_backend, started
from hunch_server.adapters.files import read_source
from hunch_server.adapters.home import ensure_home
from hunch_server.adapters.memory import OneRepository, kept_memory
from hunch_server.commands.output import console, json_option, print_json, progress_console
from hunch_server.settings import Settings
from hunch_server.settings_sources import resolve


@click.command("complete")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--line", type=click.IntRange(min=1), required=True, help="Line, counted from 1.")
@click.option("--col", type=click.IntRange(min=1), required=True, help="Column of the caret, counted from 1.")
@click.option("--root", type=click.Path(path_type=Path), help="Workspace folder. Default: the file's folder.")
@json_option
def command(file: Path, line: int, col: int, root: Path | None, as_json: bool) -> None:
    """Complete at one position of FILE."""
    text = read_source(file)
    folder = (root or file.parent).resolve()
    if not folder.is_dir():
        raise HunchError(f"--root {root}: not a folder", "give the workspace's folder")
    path = file.resolve()
    shown = path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
    document = Document(text, path=shown, language=language_of_path(shown) or "plaintext")
    if line > document.line_count:
        raise HunchError(f"{file}: no line {line}", f"the file has {document.line_count} lines")
    if col > len(document.line(line - 1)) + 1:
        raise HunchError(f"{file}:{line}: no column {col}", f"the line has {len(document.line(line - 1))} characters")
    result = asyncio.run(_complete(document, line - 1, col - 1, folder))
    if as_json:
        print_json(result)
        return
    screen = console()
    if not any(item["shown"] for item in result["items"]):
        reason = result["items"][0]["reason"] if result["items"] else result["reason"]
        screen.print(f"nothing shown: {reason}")
    for item in result["items"]:
        if item["shown"]:
            screen.print(item["text"], markup=False)


async def _complete(document: Document, line: int, column: int, root: Path) -> dict[str, Any]:
    resolved = resolve([root])
    warnings = progress_console()
    for warning in resolved.warnings:
        warnings.print(f"hunch: {warning}", markup=False, soft_wrap=True)
    backend = make_backend(resolved.settings, ensure_home())
    begun = perf_counter()
    memory = kept_memory(root) if resolved.settings.memory.enable else None
    try:
        async with started(backend):
            load_ms = (perf_counter() - begun) * 1000
            if backend.status.state is BackendState.DEGRADED and memory is None:
                raise BackendError(backend.status.detail or "the model is not available", "try `hunch doctor`")
            repository = OneRepository(memory) if memory is not None else None
            return await _ask(backend, document, line, column, resolved.settings, load_ms, repository)
    finally:
        if memory is not None:
            memory.close()


async def _ask(
    backend: Backend,
    document: Document,
    line: int,
    column: int,
    settings: Settings,
    load_ms: float,
    repository: OneRepository | None,
) -> dict[str, Any]:
    gate = LiveGate(Gate(GateModels.load(), settings.gate))
    engine = CompletionEngine(backend, settings.completion, context=repository, recall=repository, gate=gate)
    offset = document.line_start(line) + column
    outcome = await engine.complete(CompletionQuery(snapshot=document.snapshot(), offset=offset, explicit=True))
    return {
        "items": [item_json(item, document, offset) for item in outcome.items],
        "reason": outcome.decision.summary,
        "timing_ms": timing_json(outcome, load_ms),
    }


def item_json(item: Candidate, document: Document, offset: int) -> dict[str, Any]:
    """The contract's item; `text` is what comes after the caret."""
    return {
        "text": item.text[offset - item.start :],
        "source": str(item.source),
        "p_accept": item.p_accept,
        "mean_logprob": item.mean_logprob,
        "shown": item.shown,
        "reason": str(item.reason),
    }


def timing_json(outcome: Outcome, load_ms: float) -> dict[str, float]:
    """Stages in ms, the model's loading beside them."""
    timing = outcome.decision.timing
    return {"load": round(load_ms, 2), **{k: round(v, 2) for k, v in timing.stages().items()}}
