"""`hunch bench typing`: a recorded person types into the real server, and we look at the clock."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hunch_server.adapters.editor import editor_session
from hunch_server.adapters.machine import machine_line
from hunch_server.commands.output import console, json_option, print_json, progress_console
from hunch_server.typing_bench import SHOW_ALL, BenchOptions, replay
from hunch_server.typing_trace import Trace, patches, read_trace

DEFAULT_LIMIT = 2000
TITLES = {
    "first_text_ms": "request to first text, ms",
    "cache_hit_ms": "of these, cache hits, ms",
    "did_change_ms": "handling didChange, ms",
    "cancel_ms": "cancel to idle, ms",
    "new_tokens": "prompt tokens evaluated",
}


@click.group("bench")
def command() -> None:
    """Measure latency on recorded typing."""


@command.command("typing")
@click.option(
    "--trace",
    "trace_path",
    type=click.Path(path_type=Path),
    required=True,
    help="A recording (.json, .json.gz).",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="Keystrokes; 0: all.",
)
@click.option("--against", metavar="URL", help="Also ask a llama.cpp server at the same positions.")
@click.option("--gap-ms", type=click.FloatRange(min=1), default=400.0, show_default=True, help="Longest wait per key.")
@json_option
def typing(trace_path: Path, limit: int, against: str | None, gap_ms: float, as_json: bool) -> None:
    """Replay recorded keystrokes in the real server."""
    trace = read_trace(trace_path)
    options = BenchOptions(limit=limit, gap_ms=gap_ms, against=against)
    result = asyncio.run(_run(trace, options, progress_console()))
    result["sample"] = f"first {result['keystrokes']} keystrokes of {trace_path.name}"
    result["machine"] = machine_line()
    if as_json:
        print_json(result)
    else:
        _print(result, console())


async def _run(trace: Trace, options: BenchOptions, screen: Console) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hunch-bench-", ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve()
        async with editor_session(root, options=SHOW_ALL) as editor:
            await editor.wait_for_state("ready")
            total = options.limit or sum(1 for patch in patches(trace) if patch.is_keystroke)
            with _bar(screen, total) as advance:
                return await replay(editor, root, trace, options, advance)


@contextlib.contextmanager
def _bar(screen: Console, total: int) -> Iterator[Callable[[int], None]]:
    if not screen.is_terminal:
        yield lambda _done: None
        return
    columns = (TextColumn("typing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task("", total=total)
        yield lambda done: progress.update(task, completed=done)


def _print(result: dict[str, Any], screen: Console) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("", "p50", "p95", "p99"):
        table.add_column(column, justify="left" if not column else "right")
    sides = [("", result)] + ([("llama-server: ", result["against"])] if "against" in result else [])
    for prefix, figures in sides:
        for key, title in TITLES.items():
            if figures.get(key):
                table.add_row(prefix + title, *(f"{figures[key][p]:.1f}" for p in ("p50", "p95", "p99")))
    screen.print(f"[bold]{result['sample']}[/bold], model {result['model']}")
    screen.print(f"{result['machine']}\n")
    screen.print(table)
    screen.print(
        f"\n{result['requests']} requests, {result['with_text']} with text, {result['cache_hits']} from cache, "
        f"{result['overtaken']} overtaken by the next key, {result['decoded_tokens']} tokens decoded, "
        f"{result['accepted_chars']} characters accepted"
    )
