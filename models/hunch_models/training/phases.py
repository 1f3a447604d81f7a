"""The two phases that need a fast machine, and where a run lies; besides ourselves they need only PyTorch and numpy."""

from __future__ import annotations

import json
import math
import os
from dataclasses import asdict
from pathlib import Path

from hunch_models.errors import HunchError
from hunch_models.training.config import RunConfig
from hunch_models.training.train import CHECKPOINT, Progress, Trainer


def default_run(config: RunConfig) -> Path:
    """The run's folder in the user's cache folder."""
    import platformdirs  # noqa: PLC0415 - not where --run names the folder

    return Path(platformdirs.user_cache_dir("hunch")) / "training" / config.name


def train(
    config: RunConfig, run: Path, progress: Progress, *, until_tokens: int | None = None, seconds: float = math.inf
) -> None:
    """The long phase, from the run's last checkpoint on, for at most `seconds`."""
    remember(config, run)
    trainer = Trainer(config, run, progress)
    if (run / CHECKPOINT).exists():
        trainer.resume(run / CHECKPOINT)
    trainer.fit(until_tokens=until_tokens, seconds=seconds)


def decay(config: RunConfig, run: Path, progress: Progress, *, tokens: int, seconds: float = math.inf) -> Path:
    """Branch off the run's last checkpoint and let the rate fall to zero over `tokens`; returns the checkpoint.

    At most `seconds`. Called again after an interruption it goes on with the branch; one that has ended stays as it is.
    """
    trainer = Trainer(config, run, progress)
    trainer.resume(needed(run / CHECKPOINT))
    begin = trainer.state.tokens
    branch = run / f"decay-{begin}" / CHECKPOINT
    if branch.exists():
        trainer.resume(branch)
    if not trainer.state.ended:
        trainer.fit(decay_tokens=tokens, begin=begin, seconds=seconds, folder=branch.parent)
    return branch


def remember(config: RunConfig, run: Path) -> None:
    """Write the configuration into the run's folder once; a later call with another model is refused."""
    path = run / "run.json"
    content = json.loads(json.dumps(asdict(config)))
    if path.exists():
        saved = json.loads(path.read_text(encoding="utf-8"))
        if saved["model"] != content["model"]:
            raise HunchError(f"{run.name} was begun with another model shape", "choose another run folder")
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def needed(path: Path) -> Path:
    """The path, or an error that names the step which writes it."""
    if not path.exists():
        raise HunchError(f"{path.name} is missing", "run the earlier steps first: corpus, tokenizer, train, decay")
    return path


def lower_priority() -> None:
    """Give way to everything else on the machine, where the platform has such a notion.

    For command lines: it changes the whole process and cannot be undone.
    """
    if hasattr(os, "nice"):
        os.nice(19)
