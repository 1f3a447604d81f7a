"""`hunch eval gate`: what the shipped gate would have done with recorded decisions."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import click
from rich.table import Table

from hunch_features.gating.gate import GateModels
from hunch_features.gating.measuring import evaluate
from hunch_features.gating.recorded import Format
from hunch_features.gating.replay import LEVELS, replay
from hunch_features.gating.samples import samples
from hunch_models.errors import HunchError, ModelError
from hunch_server.commands.gate_data import decisions
from hunch_server.commands.output import console, json_option, print_json, progress_console


@click.command("gate")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Recorded decisions (JSON lines, .gz), or `record`: your own, with --format traces.",
)
@click.option("--format", "kind", type=click.Choice(get_args(Format)), help="What wrote them.")
@click.option("--models", type=click.Path(path_type=Path), help="Other models, from `hunch train gate`.")
@click.option("--replay", "replayed", is_flag=True, help="Also play them through the gate, switched off and on.")
@click.option(
    "--plot", type=click.Path(path_type=Path), help="Write the models' reliability on people left out as an SVG file."
)
@click.option("--fail-under", type=click.FloatRange(0, 1), help="Exit with 1 when the AUC is below this.")
@json_option
def command(
    data: Path | None, kind: Format | None, models: Path | None, plot: Path | None, fail_under: float | None,
    *, replayed: bool, as_json: bool,
) -> int:  # fmt: skip
    """Measure the gate on recorded decisions; nothing is fitted to the file."""
    loaded = GateModels.load() if models is None else GateModels.load(models / "request.onnx", models / "show.onnx")
    if plot is not None:
        _plot(loaded, plot)
    if data is None and plot is not None:
        return 0
    if data is None or kind is None:
        raise HunchError("nothing to measure", "give --data and --format, or --plot")
    recorded = decisions(data, kind)
    found = samples(recorded)
    result = evaluate(loaded, found)
    if replayed:
        result["replay"] = {level: asdict(replay(loaded, recorded, level)) for level in LEVELS}
    if result["people_in_training"]:
        progress_console().print(
            f"note: {result['people_in_training']} of {result['people']} people are training data of this model; "
            "the figures for them say nothing about other people",
            markup=False,
            soft_wrap=True,
        )
    if as_json:
        print_json(result)
    else:
        _print(result)
    return 1 if fail_under is not None and (result["auc"] or 0.0) < fail_under else 0


def _plot(models: GateModels, path: Path) -> None:
    if models.show is None:
        raise ModelError(models.detail)
    from hunch_server.report.plots import write_reliability  # noqa: PLC0415 - plots take half a second to import

    try:
        write_reliability(models.show.about.metrics, path)
    except OSError as error:
        raise HunchError(f"{path}: cannot be written ({error.strerror or error})", "choose another --plot") from error
    progress_console().print(f"{path}", soft_wrap=True, markup=False)


def _print(result: dict[str, Any]) -> None:
    screen = console()
    low, high = result["auc_interval"]
    people = "one person" if result["people"] == 1 else f"{result['people']} people"
    screen.print(
        f"{result['n']} decisions of {people}, {result['accept_rate']:.1%} taken\n"
        f"AUC {result['auc']:.3f} ({low:.3f} to {high:.3f}), before the text exists {result['request']['auc']:.3f}; "
        f"calibration error {result['ece']:.3f}\n"
        f"at 5 % of the taken lost, {result['lost_accepts_at']['0.05']:.1%} of the refused can be hidden",
        markup=False,
        soft_wrap=True,
    )
    table = Table(box=None, pad_edge=False)
    table.add_column("level")
    for name in ("taken, lost", "refused, hidden", "not even asked", "taken of shown", "taken characters kept"):
        table.add_column(name, justify="right")
    for level, found in result["levels"].items():
        keys = ("lost_accepts", "hidden_rejects", "not_asked", "accept_rate_shown", "kept_accepted_chars")
        table.add_row(level, *("-" if found[key] is None else f"{found[key]:.1%}" for key in keys))
    screen.print(table)
    if "replay" not in result:
        return
    table = Table(box=None, pad_edge=False, title="Played through the gate, one after the other", title_justify="left")
    table.add_column("level")
    for name in ("taken, lost", "refused, hidden", "not even made", "taken characters kept", "tokens not decoded"):
        table.add_column(name, justify="right")
    for level, one in result["replay"].items():
        table.add_row(
            level,
            f"{one['lost']} of {one['taken']}",
            f"{one['hidden']} of {one['decided'] - one['taken']}",
            f"{one['not_made']} of {one['decided']}",
            f"{one['chars_kept']:,} of {one['chars']:,}",
            f"{one['tokens_saved']:,} of {one['tokens']:,}",
        )
    screen.print(table)
