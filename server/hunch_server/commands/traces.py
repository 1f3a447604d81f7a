"""`hunch traces`: the record of interactions, which belongs to the person who made it."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from hunch_features.traces.consent import Consent
from hunch_features.traces.export import export_jsonl, export_parquet
from hunch_features.traces.levels import Level
from hunch_features.traces.recorder import Recorder
from hunch_features.traces.statistics import statistics
from hunch_features.traces.store import FILE_NAME, Scope, Store
from hunch_features.traces.store_files import bytes_of
from hunch_models.errors import HunchError
from hunch_server.adapters.home import ensure_home, hunch_home
from hunch_server.commands.output import console, json_option, print_json
from hunch_server.commands.traces_compare import compared, comparison_rows
from hunch_server.report.sentences import recording_sentence
from hunch_server.settings_sources import resolve

LEVELS = tuple(level.label for level in Level)
DATE = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
workspace_option = click.option(
    "--workspace", type=click.Path(path_type=Path), help="Only this workspace. Default: everywhere."
)


@click.group("traces")
def command() -> None:
    """The opt-in record of interactions: off until you turn it on, on this machine only."""


@command.command("status")
@json_option
def status(as_json: bool) -> None:
    """What is recorded, and how much there is."""
    result = status_of(hunch_home())
    if as_json:
        print_json(result)
        return
    screen = console()
    screen.print(result["sentence"], markup=False)
    if result["events"]:
        screen.print(
            f"{result['events']:,} events in {result['sessions']} sessions since {result['oldest']}, "
            f"{result['bytes'] / 2**20:.1f} MiB in {hunch_home()}",
            soft_wrap=True,
            markup=False,
        )
    screen.print(f"Events are deleted after {result['retention_days']} days.", markup=False)


def status_of(home: Path) -> dict[str, Any]:
    """The contract's fields, and `sentence` for people."""
    retention = resolve([]).settings.traces.retention_days
    consent = Consent(home)
    answer = consent.answer
    result: dict[str, Any] = {
        "consent": bool(answer.on) or (answer.on is None and any(own.on for own in answer.workspaces.values())),
        "level": answer.level,
        "events": 0,
        "sessions": 0,
        "bytes": bytes_of(home / FILE_NAME),
        "oldest": None,
        "retention_days": retention,
        "workspaces_on": sum(own.on for own in answer.workspaces.values()),
        "sentence": recording_sentence(answer),
        "problem": consent.problem,
    }
    with _store(home) as store:
        if store is not None:
            ((events, oldest),) = store.query("SELECT coalesce(sum(n), 0), min(first_at) FROM sessions")
            ((sessions,),) = store.query("SELECT count(*) FROM sessions")
            result |= {"events": events, "sessions": sessions, "oldest": _day(oldest)}
    return result


@command.command("on")
@click.option("--level", type=click.Choice(LEVELS), default="metadata", show_default=True, help="What is kept.")
@workspace_option
@json_option
def turn_on(level: str, workspace: Path | None, as_json: bool) -> None:
    """Record from now on."""
    Consent(ensure_home()).turn_on(Level.parse(level), _folder(workspace))
    _tell("`hunch traces off` ends it.", as_json)


@command.command("off")
@workspace_option
@json_option
def turn_off(workspace: Path | None, as_json: bool) -> None:
    """Record nothing from now on; what was recorded stays until it is deleted."""
    Consent(ensure_home()).turn_off(_folder(workspace))
    _tell("`hunch traces delete --all` removes what there is.", as_json)


def _tell(hint: str, as_json: bool) -> None:
    result = status_of(hunch_home())
    if as_json:
        print_json(result)
    else:
        console().print(f"{result['sentence']} {hint}", markup=False)


@command.command("stats")
@click.option("--since", type=DATE, help="From this day on.")
@click.option("--until", type=DATE, help="Up to this day.")
@workspace_option
@click.option(
    "--compare",
    nargs=2,
    metavar="A B",
    help="Compare two traces instead: `record`, the path of an export, or FORMAT:PATH each.",
)
@json_option
def stats(
    since: datetime | None,
    until: datetime | None,
    workspace: Path | None,
    compare: tuple[str, str] | None,
    as_json: bool,
) -> None:
    """What is in the record: counts, acceptance, persistence, share of code, by kind and language."""
    home = hunch_home()
    if compare is not None:
        comparison = compared(home, *compare)
        if as_json:
            print_json(comparison.summary())
        else:
            print_table("", ("", "A", "B"), comparison_rows(comparison))
        return
    with _store(home) as store:
        if store is None:
            if as_json:
                print_json({"events": 0, "sessions": 0})
            else:
                console().print("Nothing is recorded. `hunch traces on` starts it.", markup=False)
            return
        found = statistics(store, _scope(home, since, until, workspace), datetime.now().astimezone().tzinfo or UTC)
    if as_json:
        print_json(found.summary())
        return
    total = found.total
    print_table(
        f"{found.events:,} events in {found.sessions:,} sessions",
        ("", ""),
        [
            ("suggestions seen", f"{total.shown:,}"),
            ("accepted", _share(total.acceptance)),
            *(
                (f"accepted text still there after {after} s", _share(kept))
                for after, kept in total.persistence.items()
            ),
            ("new code by accepting", _share(total.accepted_share)),
            ("withheld", f"{total.withheld:,}"),
        ],
    )
    print_table("By kind", ("kind", "events"), _counted(found.by_kind))
    print_table("Silence, and why", ("reason", "times"), _counted(found.withheld_reasons))
    print_table(
        "By language",
        ("language", "seen", "accepted"),
        [(name or "-", f"{group.shown:,}", _share(group.acceptance)) for name, group in found.by_language.items()],
    )


@command.command("export")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write.")
@click.option("--format", "form", type=click.Choice(["jsonl", "parquet"]), help="Default: by the file's name.")
@click.option("--since", type=DATE, help="From this day or moment on.")
@click.option("--until", type=DATE, help="Up to this day or moment.")
@workspace_option
@json_option
def export(
    out: Path,
    form: str | None,
    since: datetime | None,
    until: datetime | None,
    workspace: Path | None,
    as_json: bool,
) -> None:
    """Write the record to a file of your own, one row per event; docs/traces.md names the fields."""
    home = hunch_home()
    form = form or ("parquet" if out.suffix == ".parquet" else "jsonl")
    with _store(home) as store:
        if store is None:
            raise HunchError("nothing is recorded on this machine", "`hunch traces on` starts it")
        write = export_parquet if form == "parquet" else export_jsonl
        count = write(store, out, _scope(home, since, until, workspace))
    if as_json:
        print_json({"path": str(out.resolve()), "format": form, "events": count})
    else:
        console().print(f"{count:,} events in {out}", markup=False)


def _scope(home: Path, since: datetime | None, until: datetime | None, workspace: Path | None) -> Scope:
    everything = Scope()
    folder = _folder(workspace)
    first, last = _ms(since), _ms(until)
    return Scope(
        everything.since if first is None else first,
        everything.until if last is None else last,
        None if folder is None else Consent(home).workspace_ref(folder),
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _counted(counts: dict[str, int]) -> list[tuple[str, ...]]:
    return [(name, f"{n:,}") for name, n in sorted(counts.items(), key=lambda item: -item[1])]


@command.command("delete")
@click.option("--all", "everything", is_flag=True, help="Everything that was recorded.")
@click.option("--since", type=DATE, help="From this day or moment on.")
@click.option("--until", type=DATE, help="Up to this day or moment.")
@workspace_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(
    everything: bool,
    since: datetime | None,
    until: datetime | None,
    workspace: Path | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete for good: by time, by workspace, or everything. The bytes are gone from the files afterwards."""
    if everything == bool(since or until or workspace):
        raise HunchError("say what to delete", "either --all, or --since, --until, --workspace")
    if not yes and not sys.stdin.isatty():
        raise HunchError("nothing was deleted: nobody is here to say yes", "use --yes")
    if not yes and not click.confirm("Delete for good?", err=True):
        raise HunchError("nothing was deleted", "say yes, or use --yes")
    home = ensure_home()
    recorder = Recorder(home, Consent(home))
    try:
        done = recorder.delete(workspace=_folder(workspace), since_ms=_ms(since), until_ms=_ms(until))
    finally:
        recorder.close()
    if as_json:
        print_json({"deleted": done.events, "bytes": done.bytes_after, "verified": done.verified})
    else:
        console().print(
            f"{done.events:,} events deleted; {done.bytes_before - done.bytes_after:,} bytes given back"
            f"{'; looked for in the files and not found' if done.verified else ''}",
            markup=False,
        )


@contextlib.contextmanager
def _store(home: Path) -> Iterator[Store | None]:
    path = home / FILE_NAME
    if not path.exists():
        yield None
        return
    store = Store.open(path)
    if store.notice:
        click.echo(f"hunch: {store.notice}", err=True)
    try:
        yield store
    finally:
        store.close()


def _folder(workspace: Path | None) -> str | None:
    """A workspace's name in the record: its absolute path, as the server knows it."""
    if workspace is None:
        return None
    if not workspace.is_dir():
        raise HunchError(f"--workspace {workspace}: not a folder", "give the folder that you open in the editor")
    return str(workspace.resolve())


def _ms(moment: datetime | None) -> int | None:
    return int(moment.timestamp() * 1000) if moment else None


def _day(ms: object) -> str | None:
    return datetime.fromtimestamp(ms / 1000).date().isoformat() if isinstance(ms, int | float) else None


def print_table(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table with its numbers to the right; nothing where there are no rows."""
    if not rows:
        return
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*row)
    screen = console()
    screen.print(table)
    screen.print()
