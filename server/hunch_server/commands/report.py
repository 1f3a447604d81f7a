"""`hunch report`: the page with what suggestions did for the person, made from what is recorded on this machine."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from hunch_models.errors import HunchError
from hunch_server.adapters.home import hunch_home
from hunch_server.commands.output import console, json_option, print_json

DEFAULT_NAME = "hunch-report.html"


@click.command("report")
@click.option("--out", type=click.Path(path_type=Path), help=f"Where to write the page. Default: {DEFAULT_NAME} here.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="First day to look at.")
@json_option
def command(out: Path | None, since: datetime | None, as_json: bool) -> None:
    """Write one self-contained page: acceptance, persistence, waiting times, silences."""
    from hunch_server.report.source import write_report  # noqa: PLC0415 - plots take half a second to import

    target = out or Path(DEFAULT_NAME)
    if target.is_dir():
        target = target / DEFAULT_NAME
    try:
        summary = write_report(hunch_home(), target, since_ms=int(since.timestamp() * 1000) if since else None)
    except OSError as error:
        raise HunchError(f"{target}: cannot be written ({error.strerror or error})", "choose another --out") from error
    if as_json:
        print_json(
            {
                "report": str(target.resolve()),
                "events": summary.events,
                "sessions": summary.sessions,
                "shown": summary.total.shown,
                "accepted": summary.total.accepted,
            }
        )
    else:
        console().print(f"{target.resolve()}", soft_wrap=True, markup=False)
