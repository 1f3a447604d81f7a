"""`hunch train gate`: fit the gate to recorded decisions."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from hunch_features.gating.gate import GateModels
from hunch_features.gating.measuring import evaluate
from hunch_features.gating.recorded import Format
from hunch_models.errors import HunchError
from hunch_models.gate.tree_model import WEIGHTS
from hunch_server.commands.gate_data import training_set
from hunch_server.commands.output import console, json_option, print_json, progress_console


@click.command("gate")
@click.option(
    "--data",
    type=(click.Choice(get_args(Format)), click.Path(path_type=Path)),
    multiple=True,
    required=True,
    metavar="FORMAT FILE",
    help="Recorded decisions and their format (copilot, realhumaneval, traces); may be repeated. "
    "`traces record`: your own, recorded on this machine.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to write the models into.")
@click.option("--license", "license_name", default="", help="The weights' licence, for their description.")
@json_option
def gate(data: tuple[tuple[Format, Path], ...], out: Path, license_name: str, as_json: bool) -> None:
    """Fit the models that decide when to ask and when to show; figures are cross-validated by person, your own by day.

    A minute. The setting `gate.models` uses them.
    """
    if out.resolve() == WEIGHTS:
        raise HunchError("shipped weights are never written over", "choose another folder with --out")
    screen = progress_console()
    sets = [(kind, training_set(path, kind)) for kind, path in data]
    few = [kind for kind, one in sets if len(set(one.people)) < 2]
    if few:
        raise HunchError(f"{few[0]}: decisions of fewer than two people", "give data of more people")
    try:
        from hunch_features.gating.fitting import train_gate  # noqa: PLC0415 - needs the train extra
    except ImportError as error:
        raise HunchError(
            f"training needs packages that are not installed ({error.name})", "pip install 'hunch-ls[train]'"
        ) from None
    try:
        metrics = train_gate(sets, out, license_name, lambda line: screen.print(line, markup=False))
    except OSError as error:
        raise HunchError(f"{out}: {error.strerror or error}", "choose another folder with --out") from error
    shipped = GateModels.load()
    for kind, one in sets:
        if kind == "traces" and shipped.show is not None:
            found = evaluate(shipped, one)
            metrics[kind]["shipped"] = {key: found[key] for key in ("auc", "auc_interval", "ece", "lost_accepts_at")}
    if as_json:
        print_json({"model": "hunch-gate", "path": str(out), "metrics": metrics})
        return
    for name, found in metrics.items():
        low, high = found["auc_interval"]
        left_out = "left-out days" if name == "traces" else "left-out people"
        console().print(f"{name}: AUC {found['auc']:.3f} ({low:.3f} to {high:.3f}), {left_out}", markup=False)
        if "shipped" in found:
            low, high = found["shipped"]["auc_interval"]
            console().print(
                f"  the shipped gate: AUC {found['shipped']['auc']:.3f} ({low:.3f} to {high:.3f}); "
                "use your own only where it is clearly better",
                markup=False,
                soft_wrap=True,
            )
    console().print(f"written to {out}; measure with: hunch eval gate --models {out} --data FILE", markup=False)
