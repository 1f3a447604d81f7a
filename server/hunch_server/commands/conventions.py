"""`hunch conventions`: habits of a repository, each with its evidence; `promote` makes one a rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from hunch_features.constraints.rules_file import PATH
from hunch_features.memory.conventions.convention import Convention
from hunch_features.memory.conventions.repository import Learned, learn
from hunch_models.errors import HunchError
from hunch_server.adapters.memory import open_history
from hunch_server.commands.output import console, json_option, print_json, progress_console

root_option = click.option(
    "--root", type=click.Path(path_type=Path), default=Path(), help="The repository. Default: this folder."
)
before_option = click.option("--before", metavar="COMMIT", help="Learn only from what came before this commit.")
TITLES = {
    "helpers": "Own functions", "errors": "Errors", "logging": "Logging", "imports": "Imports", "types": "Types",
    "tests": "Tests", "docs": "Docs", "names": "Names", "library": "Library", "layout": "Layout", "commits": "Commits",
}  # fmt: skip
_LANGUAGES = {"python": "Python", "go": "Go"}


@click.group("conventions", invoke_without_command=True)
@root_option
@before_option
@json_option
@click.pass_context
def command(context: click.Context, root: Path, before: str | None, as_json: bool) -> None:
    """Habits of the repository, each with its evidence."""
    context.obj = root
    if context.invoked_subcommand is not None:
        return
    learned = learned_of(root, before)
    if as_json:
        print_json([convention_json(one) for one in learned.conventions])
    else:
        _print(learned)
    for note in learned.notes:
        progress_console().print(f"note: {note}", markup=False, soft_wrap=True)


@command.command("promote")
@click.argument("convention_id", metavar="ID")
@click.option("--root", type=click.Path(path_type=Path), help="The repository. Default: this folder.")
@json_option
@click.pass_context
def promote_habit(context: click.Context, convention_id: str, root: Path | None, as_json: bool) -> None:
    """Make the habit ID a rule in `.hunch/rules.toml`: a warning where a check fits, advice otherwise."""
    from hunch_features.memory.conventions.promoting import promote  # noqa: PLC0415 - tomlkit, needed here only

    folder = root if root is not None else context.obj
    one = learned_of(folder).find(convention_id)
    if one is None:
        raise HunchError(f"no habit {convention_id}", "see `hunch conventions`")
    entry = promote(folder.resolve(), one)
    if as_json:
        print_json(msgspec.to_builtins(entry))
        return
    means = "checked, as a warning" if entry.check is not None else "advice that is not checked"
    console().print(f"{PATH}: added {entry.id} ({means})\n{one.statement}", markup=False)


def learned_of(root: Path, before: str | None = None) -> Learned:
    """The habits of a folder. Raises HunchError when it is none, and for a commit that does not exist."""
    if not root.is_dir():
        raise HunchError(f"--root {root}: not a folder", "give the repository's folder")
    history = open_history(root)
    try:
        return learn(root.resolve(), history, before)
    finally:
        history.close()


def convention_json(one: Convention) -> dict[str, Any]:
    """The contract's fields, how sure it is, places that do otherwise, and the check that could enforce it."""
    return {
        "id": one.id,
        "statement": one.statement,
        "scope": one.scope,
        "support": one.support,
        "exceptions": one.exceptions,
        "examples": one.examples,
        "confidence": round(one.confidence, 4),
        "about": one.about,
        "against": one.against,
        "since": one.since or None,
        "check": msgspec.to_builtins(one.check),
    }


def _print(learned: Learned) -> None:
    screen = console()
    if not learned.conventions:
        screen.print("No habit has enough evidence here yet.", markup=False)
    several = len({one.languages for one in learned.conventions if one.languages}) > 1
    about = ""
    for one in learned.conventions:
        if one.about != about:
            screen.print(f"\n{TITLES[one.about]}" if about else TITLES[one.about], style="bold", markup=False)
            about = one.about
        table = Table.grid(expand=True, padding=(0, 1))
        table.add_column(ratio=1, overflow="fold")
        table.add_column(justify="right", no_wrap=True, style="green")
        table.add_row(f"  {escape(one.statement)}", f"{one.support} of {one.support + one.exceptions}")
        screen.print(table)
        screen.print(f"    {_details(one, several)}", style="dim", markup=False, soft_wrap=True)
    told = f"{learned.files} files, {learned.messages} commit messages, {learned.seconds:.1f} s"
    at = f" at {learned.commit[:10]}" if learned.commit else ""
    screen.print(f"\nFrom {told}{at}. Make one a rule: hunch conventions promote ID", style="dim", markup=False)


def _details(one: Convention, several: bool) -> str:
    """Id, where it holds, since when, one place that follows and one that does not."""
    parts = [one.id]
    if one.languages and several:
        parts.append(_LANGUAGES.get(one.languages[0], "JavaScript and TypeScript"))
    if one.include:
        parts.append(f"in {one.include[0].removesuffix('/**')}")
    if one.since:
        parts.append(f"since {one.since}")
    parts += one.examples[:1]
    if one.against:
        parts.append(f"not {one.against[0]}")
    return " · ".join(parts)
