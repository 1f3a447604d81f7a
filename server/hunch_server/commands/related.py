"""`hunch related`: files that change together with a file, by the repository's history."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from hunch_features.git import run_git
from hunch_features.memory.history.cochange import Related
from hunch_models.errors import HunchError
from hunch_server.adapters.memory import open_history
from hunch_server.commands.output import console, json_option, print_json, progress_console


@click.command("related")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--root", type=click.Path(path_type=Path), help="The repository. Default: the one around FILE.")
@click.option("--limit", type=click.IntRange(1, 200), default=10, show_default=True, help="Most files shown.")
@click.option("--before", metavar="COMMIT", help="Only what was committed before this commit was.")
@json_option
def command(file: Path, root: Path | None, limit: int, before: str | None, as_json: bool) -> None:
    """Files that change together with FILE, likeliest first."""
    folder = root if root is not None else _repository(file)
    if not folder.is_dir():
        raise HunchError(f"--root {folder}: not a folder", "give the repository's folder")
    path = below(folder, file)
    history = open_history(folder)
    try:
        notes = history.refresh().notes
        known = history.past(before).find(path)
        found = history.related(path, limit, before=before)
    finally:
        history.close()
    if known is None and not (folder / path).exists():
        raise HunchError(f"{path}: no such file", "give a file of the repository")
    if as_json:
        print_json(
            [
                {"path": one.path, "confidence": round(one.confidence, 4), "support": one.support, "of": one.of}
                for one in found
            ]
        )
    else:
        _print(found, known is not None)
    for note in notes:
        progress_console().print(f"note: {note}", markup=False, soft_wrap=True)


def below(root: Path, file: Path) -> str:
    """The path of a file below the root, with `/`; a relative one is looked for here, then below the root."""
    for candidate in (file,) if file.is_absolute() else (file, root / file):
        absolute = candidate.parent.resolve() / candidate.name
        if absolute.is_relative_to(root.resolve()) and (candidate.exists() or candidate is not file):
            return absolute.relative_to(root.resolve()).as_posix()
    raise HunchError(f"{file}: not below {root}", "name the repository with --root")


def _repository(file: Path) -> Path:
    folder = file.parent if file.parent.is_dir() else Path()
    try:
        return Path(run_git(folder.resolve(), ["rev-parse", "--show-toplevel"]).decode("utf-8", "replace").strip())
    except HunchError:
        return Path()


def _print(found: list[Related], known: bool) -> None:
    screen = console()
    if not found:
        screen.print("It never changed together with another file." if known else "No commit touched it yet.")
        return
    table = Table(box=None, pad_edge=False)
    table.add_column("file", overflow="fold")
    table.add_column("together", justify="right", no_wrap=True)
    table.add_column("", justify="right", no_wrap=True)
    for one in found:
        table.add_row(escape(one.path), f"{one.confidence:.0%}", f"{one.support} of {one.of}")
    screen.print(table)
