"""`hunch train intent`: fit the model of what developers do to other labelled telemetry."""

from __future__ import annotations

from pathlib import Path

import click

from hunch_features.intent.telemetry import read_labelled
from hunch_models.errors import HunchError
from hunch_models.intent.state_model import WEIGHTS
from hunch_models.onnx_weights import description_path
from hunch_server.commands.output import console, json_option, print_json, progress_console


@click.command("intent")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Labelled telemetry (JSON lines, .gz).")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Where to write the model (.onnx).")
@click.option("--license", "license_name", default="", help="The weights' licence, for their description.")
@json_option
def intent(data: Path, out: Path, license_name: str, as_json: bool) -> None:
    """Fit the model of what developers do; figures are cross-validated by person. Minutes on one core."""
    if out.suffix != ".onnx":
        raise HunchError(f"--out {out}: not a name for ONNX weights", "let it end in .onnx")
    if out.resolve().parent == WEIGHTS:
        raise HunchError("shipped weights are never written over", "choose another folder with --out")
    sessions = read_labelled(data)
    try:
        from hunch_features.intent.fitting import MODEL_ID, train_intent  # noqa: PLC0415 - needs the train extra
    except ImportError as error:
        raise HunchError(
            f"training needs packages that are not installed ({error.name})", "pip install 'hunch-ls[train]'"
        ) from None
    screen = progress_console()
    try:
        metrics = train_intent(sessions, out, license_name, lambda line: screen.print(line, markup=False))
    except ValueError as error:
        raise HunchError(f"{data.name}: {error}", "give telemetry with more labels") from error
    except OSError as error:
        raise HunchError(f"{out}: {error.strerror or error}", "choose another place with --out") from error
    if as_json:
        print_json({"model": MODEL_ID, "path": str(out), "metrics": metrics})
    else:
        console().print(
            f"{out}, described in {description_path(out).name}\naccuracy {metrics['accuracy']:.3f}, "
            f"macro-F1 {metrics['macro_f1']:.3f} (left-out people)\n"
            f"measure it on other data with: hunch eval intent --model {out} --data FILE",
            markup=False,
        )
