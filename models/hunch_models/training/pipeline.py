"""The steps of a training run in order, each callable alone and each going on where it was left.

A run lives in one folder (by default in the user's cache folder, never in a work tree).
"""

from __future__ import annotations

import datetime
import itertools
import json
import random
import subprocess
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from hunch_models.errors import HunchError
from hunch_models.training.bpe import load_tokenizer, save_tokenizer, train_tokenizer
from hunch_models.training.config import RunConfig
from hunch_models.training.corpus import collect, read_corpus, unseen, write_corpus
from hunch_models.training.curve import draw_curve
from hunch_models.training.evaluate import evaluate
from hunch_models.training.export import SHIPPED, SMALLER, agreement, write_gguf
from hunch_models.training.nodes import language_of
from hunch_models.training.packed import FILE_NAME, write_samples
from hunch_models.training.phases import decay, needed, train
from hunch_models.training.sources import Texts
from hunch_models.training.train import Progress, load_weights

#: Code points of sources from which the merges are learnt; more changes little and takes memory.
TOKENIZER_TEXT = 60_000_000


def build_corpus(
    config: RunConfig, run: Path, folders: Iterable[Path] | None = None, clones: Iterable[Path] = ()
) -> dict[str, object]:
    """Collect sources from site-packages `folders` (default: this environment's) and clones; write them to the run."""
    chosen = list(folders) if folders is not None else [Path(sysconfig.get_path("purelib"))]
    clones = list(clones)
    missing = [folder for folder in (*chosen, *clones) if not folder.is_dir()]
    if missing:
        raise HunchError(f"no such folder: {missing[0]}", "name a site-packages folder, or one with clones")
    packages = collect(config.corpus, chosen, clones)
    if not any(package.held_out for package in packages):
        raise HunchError(
            f"none of the {len(packages)} packages found is held out for evaluation",
            "install more packages into that environment (the extra `corpus` names those of the bundled model)",
        )
    return write_corpus(packages, config.corpus, run)


def build_tokenizer(config: RunConfig, run: Path) -> None:
    """Learn the tokenizer from a shuffled part of the training sources."""
    texts = [document.text for document in read_corpus(needed(run / "train.jsonl"))]
    random.Random(config.corpus.seed).shuffle(texts)
    size = 0
    for last, text in enumerate(texts):
        size += len(text)
        if size > TOKENIZER_TEXT:
            texts = texts[: last + 1]
            break
    tokenizer = train_tokenizer(texts, config.model.vocabulary)
    if tokenizer.get_vocab_size() != config.model.vocabulary:
        raise HunchError(
            f"the sources give only {tokenizer.get_vocab_size()} tokens of {config.model.vocabulary}",
            "use a larger corpus or a smaller vocabulary",
        )
    save_tokenizer(tokenizer, run / "tokenizer.json")


def pack_samples(config: RunConfig, run: Path, *, most_bytes: int) -> dict[str, int]:
    """Write the samples of the last phase as token ids into `most_bytes`, for a machine that has only PyTorch."""
    needed(run / "tokenizer.json")
    length = config.train.lengths[-1][1]
    texts = Texts(run, config)
    validation = list(itertools.islice(texts.held_out(length), 2 * config.train.validation_rows))
    samples = texts.stream(config.decay_fim, (0, 0)).samples(length)
    return write_samples(run / FILE_NAME, validation, samples, length=length, most_bytes=most_bytes)


def export(config: RunConfig, run: Path, checkpoint: Path, folder: Path) -> dict[str, object]:
    """Write the model as `<name>-q8_0.gguf` and in a smaller type, compare both with PyTorch's, and describe them."""
    model, state = load_weights(needed(checkpoint), config)
    tokenizer = load_tokenizer(needed(run / "tokenizer.json"))
    folder.mkdir(parents=True, exist_ok=True)
    training: dict[str, str | int | float] = {
        "seed": config.train.seed,
        "tokens": state.tokens,
        "steps": state.step,
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }
    probes = [document.text[:1500] for document, _ in zip(read_corpus(run / "held_out.jsonl"), range(8), strict=False)]

    def written(quant: str) -> dict[str, object]:
        target = folder / f"{config.name}-{quant}.gguf"
        sha256 = write_gguf(model, tokenizer, config, target, training, quant=quant)
        return {
            "file": target.name,
            "sha256": sha256,
            "bytes": target.stat().st_size,
            "quant": quant.upper(),
            "export": agreement(model, tokenizer, target, probes),
        }

    return {
        "id": config.name,
        **written(SHIPPED),
        "smaller": written(SMALLER),
        "params": sum(weight.numel() for weight in model.parameters()),
        "license": "Apache-2.0",
        "fim": "spm",
        "context_length": config.model.context,
        "languages": sorted({language for ending in config.corpus.endings if (language := language_of(ending))}),
        "training": {
            **training,
            "hours": round(state.seconds / 3600, 2),
            "threads": config.train.threads,
        },
        "config": asdict(config),
    }


def train_completion(
    config: RunConfig,
    run: Path,
    progress: Progress,
    *,
    tokens: int,
    decay_tokens: int,
    folders: Iterable[Path] | None = None,
) -> dict[str, object]:
    """Everything from sources to an evaluated GGUF file in the run's folder; finished steps are not repeated.

    `tokens` is the length of the long phase, `decay_tokens` that of the rate falling to zero after it.
    Returns what describes the model, with its figures under `evaluation` and the file under `path`.
    """
    if not (run / "train.jsonl").exists():
        build_corpus(config, run, folders)
    if not (run / "tokenizer.json").exists():
        build_tokenizer(config, run)
    train(config, run, progress, until_tokens=tokens)
    checkpoint = decay(config, run, progress, tokens=decay_tokens)
    card = export(config, run, checkpoint, run / "export")
    path = run / "export" / str(card["file"])
    card["evaluation"] = measure(config, run, path)
    write_card(card, run, checkpoint.parent, path.with_name(f"{config.name}.json"))
    return {**card, "path": str(path)}


def measure(config: RunConfig, run: Path, gguf_path: Path, *, holes: int = 500) -> dict[str, object]:
    """Evaluate a GGUF file on the run's held-out packages, without files that share code with the training set."""
    held_out = list(read_corpus(needed(run / "held_out.jsonl")))
    documents = unseen(held_out, read_corpus(needed(run / "train.jsonl")))
    if not documents:
        raise HunchError("every held-out file shares code with the training set", "collect another corpus")
    return {
        "files": len(documents),
        "files_left_out": len(held_out) - len(documents),
        **evaluate(needed(gguf_path), documents, context=config.model.context, holes=holes),
    }


def write_card(card: Mapping[str, object], run: Path, branch: Path, path: Path) -> None:
    """Write the JSON that lies beside the weights, `card` plus corpus manifest and loss curve, and its picture."""
    corpus = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    curve = loss_curve(run, branch)
    content = {**card, "corpus": corpus, "loss_curve": curve}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    picture = draw_curve(curve, branch_begin(branch))
    path.with_suffix(".svg").write_text(picture, encoding="utf-8", newline="\n")


def loss_curve(run: Path, branch: Path, points: int = 120) -> list[dict[str, float]]:
    """Tokens, smoothed training loss and validation loss along the run and then its decay branch."""
    begin = branch_begin(branch)
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    if begin is not None:
        rows = [row for row in rows if row["tokens"] <= begin]
        rows += [json.loads(line) for line in (branch / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    size = max(1, len(rows) // points)
    curve = []
    for start in range(0, len(rows), size):
        group = rows[start : start + size]
        point = {
            "tokens": group[-1]["tokens"],
            "loss": round(sum(row["loss"] for row in group) / len(group), 4),
        }
        checks = [row["validation_loss"] for row in group if "validation_loss" in row]
        if checks:
            point["validation_loss"] = checks[-1]
        curve.append(point)
    return curve


def branch_begin(branch: Path) -> int | None:
    """Tokens seen when a decay branch left the run; None for the run's own folder."""
    return int(branch.name.removeprefix("decay-")) if branch.name.startswith("decay-") else None


def commit() -> str:
    """The commit of the source tree this runs from, or `unknown` outside of one."""
    try:
        answer = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return answer.stdout.strip()
