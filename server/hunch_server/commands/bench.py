"""`hunch bench typing`: a recorded person types into the real server, and we look at the clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from hunch_server.adapters.machine import machine_line
from hunch_server.commands.output import console, json_option, print_json, progress_console

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_LIMIT = 2000
TITLES = {
    "first_text_ms": "request to first text, ms",
    "cache_hit_ms": "of these, cache hits, ms",
    "did_change_ms": "handling didChange, ms",
    "outside_model_ms": "per request outside the model, ms",
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
    help="A recording: editing trace (.json, .json.gz), `hunch traces export` (.jsonl), or a demo session.",
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=DEFAULT_LIMIT,
    show_default=True,
    help="Keystrokes; 0: all.",
)
@click.option("--against", metavar="URL", help="Then type the same into a llama.cpp server, as llama.vscode does.")
@click.option(
    "--speed",
    type=click.FloatRange(min=0, max=1000),
    default=None,
    help="Times the recorded pace; 0: the next key comes with the answer. Default: 0, with --against 1.",
)
@click.option(
    "--gap-ms",
    type=click.FloatRange(min=1),
    default=None,
    help="Longest wait per key. Default: 400, at the recorded pace 3000.",
)
@click.option(
    "--cursor-ms",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="At the recorded pace: how long before the first key at another place the cursor is put there. 0: not told.",
)
@json_option
def typing(
    trace_path: Path,
    limit: int,
    against: str | None,
    speed: float | None,
    gap_ms: float | None,
    cursor_ms: float,
    as_json: bool,
) -> None:
    """Replay recorded keystrokes in the real server."""
    from hunch_server.benchmarks import recordings, side_by_side  # noqa: PLC0415 - heavy, and `bench --help` needs none
    from hunch_server.benchmarks.typing import BenchOptions, require_keystrokes  # noqa: PLC0415

    recording = recordings.read(trace_path)
    require_keystrokes(recording, trace_path.name)
    pace = speed if speed is not None else float(against is not None)
    longest_ms = gap_ms or (3000.0 if pace else 400.0)
    # A withdrawal on purpose would cost our side in a comparison, and help nobody.
    options = BenchOptions(
        limit=limit, gap_ms=longest_ms, speed=pace, time_cancels=against is None, cursor_ms=cursor_ms
    )
    total = min(limit, recording.keystrokes) if limit else recording.keystrokes
    screen = progress_console()
    result = asyncio.run(side_by_side.run(recording, options, against, lambda title: _bar(screen, title, total)))
    result["sample"] = f"first {result['keystrokes']} keystrokes of {trace_path.name}"
    result["pace"] = f"{pace:g} times the recorded pace" if pace else "next key with the answer"
    result["machine"] = machine_line()
    if as_json:
        print_json(result)
    else:
        _print(result, console())


@contextlib.contextmanager
def _bar(screen: Console, title: str, total: int) -> Iterator[Callable[[int], None]]:
    if not screen.is_terminal:
        yield lambda _done: None
        return
    columns = (TextColumn("typing, {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task(title, total=total)
        yield lambda done: progress.update(task, completed=done)


def _print(result: dict[str, Any], screen: Console) -> None:
    screen.print(f"[bold]{result['sample']}[/bold], {result['pace']}, model {result['model']}")
    screen.print(f"{result['machine']}\n")
    if "against" in result:
        _print_both(result, screen)
        return
    table = Table(box=None, pad_edge=False)
    for column in ("", "p50", "p95", "p99"):
        table.add_column(column, justify="left" if not column else "right")
    for key, title in TITLES.items():
        if result.get(key):
            table.add_row(title, *(f"{result[key][p]:.1f}" for p in ("p50", "p95", "p99")))
    screen.print(table)
    screen.print(
        f"\n{result['requests']} requests, {result['with_text']} with text, {result['cache_hits']} from cache, "
        f"{result['overtaken']} overtaken by the next key, {result['decoded_tokens']} tokens decoded, "
        f"{result['accepted_chars']} characters accepted"
    )
    tokens, ahead = result["tokens"], result["ahead"]
    screen.print(
        f"{tokens['drafted']} tokens guessed, {tokens['drafts_right']} of them right; in idle time "
        f"{ahead.get('kept', 0)} texts made, {ahead.get('used', 0)} of them used, {_ahead(tokens)} tokens"
    )


def _print_both(result: dict[str, Any], screen: Console) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("Hunch", justify="right")
    table.add_column(f"llama-server ({result['against']['model']})", justify="right")
    for title, ours, theirs in rows(result):
        table.add_row(title, ours, theirs)
    screen.print(table)


def _ahead(tokens: dict[str, int]) -> int:
    return tokens["ahead_prompt"] + tokens["ahead_decoded"]


def rows(result: dict[str, Any]) -> list[tuple[str, str, str]]:
    """The side-by-side table: title, ours, theirs."""
    sides = (result, result["against"])

    def row(title: str, value: Callable[[dict[str, Any]], float | int | None], form: str) -> tuple[str, str, str]:
        ours, theirs = (value(side) for side in sides)
        return (title, *("–" if v is None else format(v, form) for v in (ours, theirs)))  # type: ignore[return-value]

    return [
        row("requests", lambda side: side["requests"], "d"),
        row("with text in time", lambda side: side["with_text"], "d"),
        row("overtaken by the next key", lambda side: side["overtaken"], "d"),
        row("request to first text, ms, p50", lambda side: side["first_text_ms"].get("p50"), ".1f"),
        row("request to first text, ms, p95", lambda side: side["first_text_ms"].get("p95"), ".1f"),
        row("prompt tokens evaluated per request, p50", lambda side: side["new_tokens"].get("p50"), ".0f"),
        row("prompt tokens evaluated, all", lambda side: side["tokens"]["prompt"], "d"),
        row("tokens decoded, all", lambda side: side["tokens"]["decoded"], "d"),
        row("of both, for texts not asked for yet", lambda side: _ahead(side["tokens"]), "d"),
        row("tokens guessed", lambda side: side["tokens"]["drafted"], "d"),
        row("of these, right", lambda side: side["tokens"]["drafts_right"], "d"),
        row("share of tokens for overtaken requests", lambda side: side["stale_share"], ".3f"),
        row("characters accepted", lambda side: side["accepted_chars"], "d"),
        row("prompt tokens per accepted character", lambda side: side["per_accepted_char"]["prompt_tokens"], ".1f"),
        row("decoded tokens per accepted character", lambda side: side["per_accepted_char"]["decoded_tokens"], ".2f"),
        row("CPU seconds", lambda side: side["cpu_s"], ".1f"),
        row("CPU ms per accepted character", lambda side: side["per_accepted_char"]["cpu_ms"], ".1f"),
    ]
