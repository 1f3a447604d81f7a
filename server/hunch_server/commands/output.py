"""What commands share when they print: JSON on stdout, everything for people through rich."""

from __future__ import annotations

from typing import Any

import click
import msgspec
from rich.console import Console

json_option = click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document on stdout.")


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode("utf-8"))


def console() -> Console:
    """For the result, on stdout."""
    return Console(highlight=False)


def progress_console() -> Console:
    """For progress and logs, on stderr; draws bars only on a terminal."""
    return Console(stderr=True, highlight=False)
