"""`hunch index`: build or refresh the memory of a repository, and keep it fresh with `--watch`."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from hunch_features.memory.index import Refreshed
from hunch_features.memory.repository import RepositoryMemory
from hunch_server.adapters.memory import open_history, open_memory
from hunch_server.commands.output import console, json_option, print_json, progress_console


@click.command("index")
@click.argument("root", type=click.Path(path_type=Path), default=".")
@click.option("--watch", is_flag=True, help="Stay and follow changes until interrupted.")
@json_option
def command(root: Path, watch: bool, as_json: bool) -> None:
    """Build or refresh the memory of the repository at ROOT."""
    started = perf_counter()
    memory = open_memory(root)
    try:
        done = _refresh(memory)
        result = {
            **memory.store.counts(),
            "seconds": round(perf_counter() - started, 3),
            **_read_history(root),
            "parsed": done.parsed,
            "removed": done.removed,
            "skipped": [
                {"why": why, "count": count, "example": done.skips.examples[why]}
                for why, count in done.skips.counts.most_common()
            ],
        }
        if as_json:
            print_json(result)
        else:
            _print(result, done)
        if watch:
            _watch(memory)
    finally:
        memory.close()


def _read_history(root: Path) -> dict[str, Any]:
    """Commits known after reading the new ones, what is missing of them and why, and how long that took."""
    begun = perf_counter()
    history = open_history(root)
    try:
        mined = history.refresh()
    finally:
        history.close()
    return {
        "commits": mined.commits,
        "history_seconds": round(perf_counter() - begun, 3),
        "history_notes": mined.notes,
    }


def _refresh(memory: RepositoryMemory) -> Refreshed:
    columns = (TextColumn("indexing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_console(), transient=True) as bar:
        task = bar.add_task("", total=None)
        return memory.refresh(progress=lambda so_far, of: bar.update(task, completed=so_far, total=of))


def _print(result: dict[str, Any], done: Refreshed) -> None:
    screen = console()
    screen.print(
        f"{result['files']} files, {result['symbols']} definitions, {result['references']} references"
        f" ({result['bytes'] / 1e6:.1f} MB) in {result['seconds']:.1f} s;"
        f" {result['parsed']} read now, {result['removed']} dropped",
        markup=False,
    )
    screen.print(f"{result['commits']} commits in {result['history_seconds']:.1f} s", markup=False)
    for note in result["history_notes"]:
        screen.print(f"history: {note}", markup=False)
    for why, count in done.skips.counts.most_common():
        if why not in ("ignored", "unknown language"):
            screen.print(f"left out: {count} × {why}, such as {done.skips.examples[why]}", markup=False)


def _watch(memory: RepositoryMemory) -> None:
    from hunch_server.adapters.file_watch import FileWatch  # noqa: PLC0415 - not needed without --watch

    screen = progress_console()

    def told(done: Refreshed) -> None:
        if done.parsed or done.removed:
            screen.print(f"{done.parsed} read, {done.removed} dropped, {done.seconds * 1000:.0f} ms", markup=False)

    watch = FileWatch(memory, told)
    screen.print("watching; Ctrl+C ends it", markup=False)
    try:
        watch.run()
    except KeyboardInterrupt:
        screen.print("stopped", markup=False)
    finally:
        watch.close()
