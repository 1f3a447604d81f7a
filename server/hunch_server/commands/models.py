"""`hunch models`: the models that Hunch can use on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from hunch_models.backend import BackendState
from hunch_models.errors import BackendError, HunchError
from hunch_models.registry import Benchmark, ModelEntry, Registry, bench, pull
from hunch_server.adapters.engines import make_backend, started
from hunch_server.adapters.home import ensure_home
from hunch_server.adapters.machine import machine_line
from hunch_server.commands.output import console, json_option, print_json, progress_console
from hunch_server.settings_sources import resolve


@click.group("models")
def command() -> None:
    """List, add, download, choose and measure models."""


def registry() -> Registry:
    """The registry in the state folder; what it has to say goes to stderr."""
    opened = Registry(ensure_home())
    entries = opened.entries()  # reads the state, and with it notices what is damaged
    for notice in opened.notices:
        progress_console().print(f"hunch: {notice}", markup=False, soft_wrap=True)
    del entries
    return opened


@command.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """Every model that can be used; the star marks the one in use."""
    entries = registry().entries()
    if as_json:
        print_json([entry.as_json() for entry in entries])
        return
    table = Table(box=None, pad_edge=False)
    for column, justify in (("", "left"), ("id", "left"), ("parameters", "right"), ("type", "left"), ("fim", "left")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    table.add_column("tokens/s", justify="right")
    table.add_column("licence")
    table.add_column("file", overflow="fold")
    for entry in entries:
        table.add_row(
            "*" if entry.default else "",
            entry.id,
            _count(entry.params),
            entry.quant,
            entry.fim,
            f"{entry.tokens_per_s:.0f}" if entry.tokens_per_s else "-",
            entry.license or "unknown",
            f"{entry.path.name} (missing)" if entry.missing else str(entry.path),
        )
    console().print(table)


def _count(params: int) -> str:
    return f"{params / 1e9:.1f} B" if params >= 1e9 else f"{params / 1e6:.0f} M" if params else "?"


def _report(entry: ModelEntry, line: str, *, as_json: bool) -> None:
    if as_json:
        print_json(entry.as_json())
    else:
        console().print(line, markup=False, soft_wrap=True)


@command.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--id", "model_id", default="", help="Name to call it by. Default: made from the file.")
@json_option
def add(file: Path, model_id: str, as_json: bool) -> None:
    """Put a GGUF FILE on the list; it stays where it is."""
    entry = registry().add(file, model_id=model_id)
    _report(entry, f"added {entry.id}: `hunch models use {entry.id}` makes it the one in use", as_json=as_json)


@command.command("use")
@click.argument("model_id", metavar="ID")
@json_option
def use(model_id: str, as_json: bool) -> None:
    """Use the model ID from now on."""
    entry = registry().use(model_id)
    _report(entry, f"using {entry.id}", as_json=as_json)


@command.command("remove")
@click.argument("model_id", metavar="ID")
@json_option
def remove(model_id: str, as_json: bool) -> None:
    """Take the model ID off the list; only files that Hunch downloaded are deleted."""
    entry = registry().remove(model_id)
    _report(entry, f"removed {entry.id}", as_json=as_json)


@command.command("pull")
@click.argument("repository")
@click.argument("filename")
@click.option("--revision", default="main", show_default=True, help="Branch, tag or commit.")
@click.option("--yes", is_flag=True, help="Accept the licence without being asked.")
@json_option
def pull_model(repository: str, filename: str, revision: str, yes: bool, as_json: bool) -> None:
    """Download FILENAME of a hub REPOSITORY, with checksum; an interrupted download goes on where it stopped."""
    screen = progress_console()

    def confirm(license: str, size: int) -> bool:
        screen.print(
            f"{repository}/{filename}: {size / 2**20:.0f} MiB, licence: {license or 'not stated'}", markup=False
        )
        if yes:
            return True
        if not sys.stdin.isatty():
            raise HunchError("nobody is there to accept the licence", "give --yes")
        return click.confirm("Download under this licence?", err=True)

    with _download_bar(screen) as progress:
        entry = pull(registry(), repository, filename, revision=revision, confirm=confirm, progress=progress)
    _report(entry, f"added {entry.id}: `hunch models use {entry.id}` makes it the one in use", as_json=as_json)


@contextlib.contextmanager
def _download_bar(screen: Console) -> Iterator[Callable[[int, int], None]]:
    if not screen.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (TextColumn("downloading"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen) as progress:
        task = progress.add_task("", total=None, visible=False)
        yield lambda done, total: progress.update(task, completed=done, total=total, visible=True)


@command.command("bench")
@click.argument("model_id", metavar="[ID]", required=False)
@json_option
def bench_model(model_id: str | None, as_json: bool) -> None:
    """Measure how fast a model runs here (default: the one in use)."""
    models = registry()
    entry = models.resolve(model_id)
    measured = asyncio.run(_bench(models, entry))
    fresh = next((known for known in models.entries() if known.id == entry.id), entry)
    if as_json:
        rates = {"tokens_per_s": measured.decode, "prefill_tokens_per_s": measured.prefill}
        print_json({**fresh.as_json(), **rates, "machine": machine_line()})
        return
    screen = console()
    screen.print(f"{entry.id} on {machine_line()}", markup=False)
    screen.print(f"prompt   {measured.prefill:8.0f} tokens/s")
    screen.print(f"writing  {measured.decode or 0:8.0f} tokens/s")


async def _bench(models: Registry, entry: ModelEntry) -> Benchmark:
    settings = resolve([]).settings
    local = msgspec.structs.replace(
        settings,
        model=msgspec.structs.replace(settings.model, id=str(entry.path)),
        remote=type(settings.remote)(),
    )
    backend = make_backend(local, ensure_home())
    async with started(backend):
        if backend.status.state is BackendState.DEGRADED:
            raise BackendError(backend.status.detail, "try `hunch doctor`")
        return await bench(models, entry, backend.generate)
