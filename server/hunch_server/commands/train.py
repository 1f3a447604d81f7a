"""`hunch train`: make models again from data. Never touches the weights that Hunch ships."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hunch_models.errors import HunchError
from hunch_server.commands.output import console, json_option, print_json, progress_console
from hunch_server.commands.train_gate import gate
from hunch_server.commands.train_intent import intent

PRESETS = ("10m", "20m", "60m", "100m")


@click.group("train")
def command() -> None:
    """Train models on this machine; what Hunch ships stays as it is."""


command.add_command(gate)
command.add_command(intent)


@command.command("completion")
@click.option("--preset", type=click.Choice(PRESETS), default="10m", show_default=True, help="Size of the model.")
@click.option("--tokens", type=click.IntRange(min=1), default=50_000_000, show_default=True, help="Tokens to train on.")
@click.option(
    "--decay-tokens",
    type=click.IntRange(min=1),
    default=10_000_000,
    show_default=True,
    help="Tokens of the last phase, in which the learning rate falls to zero.",
)
@click.option("--run", type=click.Path(path_type=Path), help="The run's folder. Default: in your cache folder.")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="CPU threads.")
@click.option(
    "--site-packages",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Where the packages to learn from lie. Default: this environment.",
)
@json_option
def completion(
    preset: str,
    tokens: int,
    decay_tokens: int,
    run: Path | None,
    threads: int,
    site_packages: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Train a completion model on permissively licensed packages; an interrupted run goes on where it stopped.

    Prints where the GGUF file is; `hunch models add` makes Hunch use it.
    """
    try:
        from hunch_models.training import phases, pipeline  # noqa: PLC0415 - needs the train extra
        from hunch_models.training.config import PRESETS as CONFIGS  # noqa: PLC0415
    except ImportError as error:
        raise HunchError(
            f"training needs packages that are not installed ({error.name})",
            "pip install 'hunch-ls[train,corpus]'",
        ) from None
    config = CONFIGS[preset]
    config = replace(config, train=replace(config.train, threads=min(threads, os.cpu_count() or 1)))
    folder = run or phases.default_run(config)
    phases.lower_priority()
    with _progress(progress_console(), tokens + decay_tokens) as show:
        try:
            card = pipeline.train_completion(
                config,
                folder,
                show,
                tokens=tokens,
                decay_tokens=decay_tokens,
                folders=site_packages or None,
            )
        except OSError as error:
            raise HunchError(f"{folder}: {error.strerror or error}", "choose another folder with --run") from error
    result = {"model": card["id"], "path": card["path"], "metrics": card["evaluation"]}
    if as_json:
        print_json(result)
    else:
        console().print(f"{result['path']}\nuse it with: hunch models add {result['path']}", markup=False)


@contextlib.contextmanager
def _progress(screen: Console, total: int) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """A bar on a terminal, one line every hundred steps elsewhere."""
    if not screen.is_terminal:

        def tell(record: Mapping[str, Any]) -> None:
            if record.get("step", 0) % 100 == 0 or "validation_loss" in record:
                screen.print(" ".join(f"{key} {value}" for key, value in record.items()), markup=False)

        yield tell
        return
    columns = (
        TextColumn("training"),
        BarColumn(),
        TextColumn("{task.completed:,} of {task.total:,} tokens, loss {task.fields[loss]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task("", total=total, loss="-")
        yield lambda record: progress.update(task, completed=record["tokens"], loss=record["loss"])
