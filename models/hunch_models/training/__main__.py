"""`python -m hunch_models.training STEP --run DIR`: one step of a training run, or all of them."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path

from hunch_models.errors import HunchError
from hunch_models.training import phases
from hunch_models.training.config import PRESETS
from hunch_models.training.train import CHECKPOINT

STEPS = ("corpus", "tokenizer", "pack", "train", "decay", "export", "evaluate", "all")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(prog="python -m hunch_models.training", description=__doc__)
    result.add_argument("step", choices=STEPS)
    result.add_argument("--preset", choices=sorted(PRESETS), default="10m", help="size of the model")
    result.add_argument("--run", type=Path, help="the run's folder (default: in the user's cache folder)")
    result.add_argument("--tokens", type=int, help="train: stop after this many tokens (default: go on)")
    result.add_argument("--decay-tokens", type=int, default=3_000_000, help="decay: length of the branch")
    result.add_argument("--minutes", type=float, default=math.inf, help="train, decay: at most this long")
    result.add_argument("--megabytes", type=float, default=58.0, help="pack: size of the file")
    result.add_argument("--checkpoint", type=Path, help="export: which checkpoint (default: the run's last)")
    result.add_argument("--out", type=Path, help="export: folder for the GGUF file (default: RUN/export)")
    result.add_argument("--gguf", type=Path, help="evaluate: which file (default: the exported one)")
    result.add_argument("--holes", type=int, default=500, help="evaluate: holes of each kind")
    result.add_argument(
        "--site-packages", type=Path, action="append", help="corpus: where packages lie (may be repeated)"
    )
    result.add_argument(
        "--clones", type=Path, action="append", help="corpus: folder with clones of repositories (may be repeated)"
    )
    return result


def show(record: Mapping[str, object]) -> None:
    """One line of progress on stderr."""
    sys.stderr.write(json.dumps(record) + "\n")
    sys.stderr.flush()


def run_step(options: argparse.Namespace) -> object:
    """Do what the command line asks; returns what to print."""
    config = PRESETS[options.preset]
    run: Path = options.run or phases.default_run(config)
    seconds = options.minutes * 60
    if options.step == "train":
        phases.train(config, run, show, until_tokens=options.tokens, seconds=seconds)
        return None
    if options.step == "decay":
        return str(phases.decay(config, run, show, tokens=options.decay_tokens, seconds=seconds))
    from hunch_models.training import pipeline  # noqa: PLC0415 - a machine that only trains has none of what it needs

    out: Path = options.out or run / "export"
    if options.step == "corpus":
        return pipeline.build_corpus(config, run, options.site_packages, options.clones or ())
    if options.step == "tokenizer":
        pipeline.build_tokenizer(config, run)
        return None
    if options.step == "pack":
        return pipeline.pack_samples(config, run, most_bytes=round(options.megabytes * 1e6))
    if options.step == "export":
        checkpoint = options.checkpoint or run / CHECKPOINT
        card = pipeline.export(config, run, checkpoint, out)
        pipeline.write_card(card, run, checkpoint.parent, out / f"{config.name}.json")
        return card
    if options.step == "evaluate":
        gguf_path = options.gguf or out / f"{config.name}-q8_0.gguf"
        return pipeline.measure(config, run, gguf_path, holes=options.holes)
    if options.tokens is None:
        raise HunchError("`all` needs --tokens", "for example --tokens 50000000")
    return pipeline.train_completion(
        config,
        run,
        show,
        tokens=options.tokens,
        decay_tokens=options.decay_tokens,
        folders=options.site_packages,
    )


def main() -> int:
    """Exit code 0, or 2 with one line on stderr for what a person can mend."""
    options = parser().parse_args()
    phases.lower_priority()
    try:
        result = run_step(options)
    except HunchError as error:
        sys.stderr.write(f"{error.one_line()}\n")
        return 2
    if result is not None:
        sys.stdout.write(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
