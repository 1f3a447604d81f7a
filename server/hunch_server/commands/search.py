"""`hunch search`: definitions and code of a repository by name and meaning."""

from __future__ import annotations

from pathlib import Path

import click
from rich.markup import escape

from hunch_features.memory.search import Found, search
from hunch_models.errors import HunchError
from hunch_server.adapters.memory import ready_memory
from hunch_server.commands.output import console, json_option, print_json


@click.command("search")
@click.argument("query", nargs=-1, required=True)
@click.option("--root", type=click.Path(path_type=Path), default=".", help="The repository. Default: here.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Most places shown.")
@json_option
def command(query: tuple[str, ...], root: Path, limit: int, as_json: bool) -> None:
    """Find definitions and code by QUERY: a name, part of one, or what it is about."""
    words = " ".join(query)
    if not words.strip():
        raise HunchError("the query is empty", "give a name or some words")
    memory = ready_memory(root)
    try:
        found = search(memory, words, limit)
    finally:
        memory.close()
    if as_json:
        print_json([{**entry._asdict(), "line": entry.line + 1} for entry in found])
    else:
        _print(found)


def _print(found: list[Found]) -> None:
    screen = console()
    if not found:
        screen.print("Nothing found.", markup=False)
    for entry in found:
        name = f"[bold]{escape(entry.symbol)}[/bold] " if entry.symbol else ""
        screen.print(f"{name}[dim]{entry.kind}[/dim]  {escape(entry.path)}:{entry.line + 1}", soft_wrap=True)
        screen.print(f"    {escape(entry.snippet)}", soft_wrap=True, highlight=False)
