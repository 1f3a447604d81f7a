"""`hunch eval intent`: what the shipped model says of labelled telemetry, state by state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table

from hunch_features.intent.measuring import evaluate, state_model
from hunch_features.intent.telemetry import read_labelled
from hunch_models.errors import HunchError
from hunch_models.intent.state_model import SHIPPED
from hunch_server.commands.output import console, json_option, print_json, progress_console


@click.command("intent")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Labelled telemetry (JSON lines, .gz).")
@click.option("--model", type=click.Path(path_type=Path), help="Another model, from `hunch train intent`.")
@click.option("--fail-under", type=click.FloatRange(0, 1), help="Exit with 1 when macro-F1 is below this.")
@json_option
def command(data: Path, model: Path | None, fail_under: float | None, as_json: bool) -> int:
    """Measure the model of what developers do on states that they named themselves."""
    sessions = read_labelled(data)
    try:
        result = evaluate(state_model(model or SHIPPED), sessions)
    except ValueError as error:
        raise HunchError(f"{data.name}: {error}", "give telemetry with labels") from error
    if result["sessions_in_training"]:
        progress_console().print(
            f"note: {result['sessions_in_training']} of {result['sessions']} sessions are training data of this model; "
            "the figures for them say nothing about other people",
            markup=False,
            soft_wrap=True,
        )
    if as_json:
        print_json(result)
    else:
        _print(result)
    return 1 if fail_under is not None and result["macro_f1"] < fail_under else 0


def _print(result: dict[str, Any]) -> None:
    screen = console()
    screen.print(f"{result['n']} labelled intervals of {result['people']} people, {len(result['per_class'])} states")
    for name, key in (("accuracy", "accuracy"), ("macro-F1", "macro_f1")):
        low, high = result[f"{key}_interval"]
        screen.print(f"{name} {result[key]:.3f} ({low:.3f} to {high:.3f})", markup=False)
    screen.print(f"among the first three {result['top3']:.3f}, calibration error {result['ece']:.3f}", markup=False)
    table = Table(box=None, pad_edge=False)
    table.add_column("state")
    for name in ("n", "precision", "recall", "F1"):
        table.add_column(name, justify="right")
    for state, score in sorted(result["per_class"].items(), key=lambda entry: -int(entry[1]["n"])):
        figures = [f"{score[key]:.2f}" for key in ("precision", "recall", "f1")]
        table.add_row(escape(state.replace("_", " ")), str(score["n"]), *figures)
    screen.print(table)
