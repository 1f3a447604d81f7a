"""The order of memory's and the model's texts: collecting what it is fitted to, fitting it, and its figures.

    python -m tests.benchmarks.ranking collect --out DIR CHECKOUT… [-n 400]
    python -m tests.benchmarks.ranking fit DIR [--save]

`collect` takes holes in the newest commits of git repositories, half of those that begin with a word inside of it, and
notes what memory recalls there and how likely the bundled model finds each text; one file per repository. `fit` needs
the `train` extra; its figures are of repositories left out, `--save` writes the shipped forest. No repository may be of
the model's training data: the model would seem surer than it is.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import math
import random
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hunch_features.completion import CompletionEngine, CompletionQuery
from hunch_features.completion import ranking as shipped
from hunch_features.completion.recall import NoRecall, Recalled
from hunch_features.completion.traits import NAMES, Around, Floats, traits
from hunch_features.completion.worth import worth_of
from hunch_features.evaluation.holes import Hole, holes
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.syntax import language_of_path
from hunch_features.text import Document, Position, Snapshot
from hunch_models.backend import Backend, GenerationRequest, GenerationResult
from hunch_models.forests.forest import Description
from hunch_models.onnx_weights import description_path
from hunch_server.adapters.engines import make_backend, started
from hunch_server.adapters.home import ensure_home
from hunch_server.adapters.memory import OneRepository
from hunch_server.commands.eval_completion import _memory
from hunch_server.settings import CompletionSettings
from hunch_server.settings_sources import resolve

SEED = 7
FOLDS = 6
VARIANTS = ("both", "memory", "unscored", "model")
"""With all that is known; without a model; with one that scores only what it wrote; with a model alone."""


class Case(msgspec.Struct, frozen=True):
    """A hole and what was said of it."""

    expected: str
    inside_word: bool
    around: Around
    recalled: tuple[Recalled, ...]
    written: str
    logprobs: tuple[float, ...]
    scores: tuple[tuple[float, ...], ...]

    def seen(self, variant: str) -> tuple[list[str], Floats]:
        """Texts and rows, as far as a variant knows them."""
        alone = (*self.logprobs, float("nan"))
        match variant:
            case "both":
                return traits(self.around, self.recalled, self.written, self._read())
            case "memory":
                return traits(self.around, self.recalled, None, ())
            case "unscored":
                return traits(self.around, self.recalled, self.written, (*((),) * len(self.recalled), alone))
            case _:
                return traits(self.around, (), self.written, (alone,))

    def _read(self) -> list[tuple[float, ...]]:
        """The scores of what the model reads of all that was scored: the first text, and what may be worth more."""
        alone = (*self.logprobs, float("nan"))
        scores, own = self.scores[:-1][: shipped.MOST_SCORED], self.scores[-1] if self.scores else alone
        worth = worth_of(self.recalled[: len(scores)])
        best = -math.inf
        for prior, score in ((worth.own + worth.written, own), *zip(worth.priors[:1], scores, strict=False)):
            if len(score) > 1 and not math.isnan(score[-1]):
                best = max(best, worth.of(prior, score))
        read = [
            score if not place or (len(score) > 1 and worth.most(prior, len(score) - 1, score[:1]) > best) else ()
            for place, (prior, score) in enumerate(zip(worth.priors, scores, strict=True))
        ]
        return [*read, *((),) * (len(self.recalled) - len(read)), own]


class Told:
    """A repository's memory that also keeps what it said last."""

    def __init__(self, memory: OneRepository) -> None:
        self._memory = memory
        self.last: tuple[Recalled, ...] = ()

    def continuations(self, snapshot: Snapshot, position: Position) -> Sequence[Recalled]:
        self.last = tuple(self._memory.continuations(snapshot, position))
        return self.last

    def unknown_call(self, _snapshot: Snapshot, _position: Position, _text: str) -> str:
        return NoRecall().unknown_call(_snapshot, _position, _text)


class Listening:
    """The backend, keeping its last answer."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.last: GenerationResult | None = None

    def __getattr__(self, name: str) -> object:
        return getattr(self._backend, name)

    async def generate(self, request: GenerationRequest, *rest: object) -> GenerationResult:
        self.last = await self._backend.generate(request, *rest)  # type: ignore[arg-type]  # passed on as it came
        return self.last


def inside_words(found: Sequence[Hole], rng: random.Random) -> Iterator[tuple[Hole, bool]]:
    """The holes, half of those that begin with a longer word moved into it, as people pause inside of words."""
    for hole in found:
        word = re.match(r"\w{3,}", hole.expected)
        if word is None or rng.random() < 0.5:
            yield hole, False
            continue
        at = rng.randrange(1, len(word.group()))
        yield replace(hole, prefix=hole.prefix + hole.expected[:at], expected=hole.expected[at:]), True


async def cases(
    backend: Backend, settings: CompletionSettings, memory: RepositoryMemory, found: Sequence[Hole]
) -> list[Case]:
    """What memory and model say of holes."""
    told, listening = Told(OneRepository(memory)), Listening(backend)
    result = []
    for hole, inside in inside_words(found, random.Random(SEED)):
        document = Document(
            hole.prefix + hole.suffix, path=hole.path, language=language_of_path(hole.path) or "plaintext", version=1
        )
        snapshot = document.snapshot()
        memory.forget(hole.path)
        memory.facts(snapshot)
        told.last, listening.last = (), None
        engine = CompletionEngine(listening, settings, recall=told, planned=False)  # type: ignore[arg-type]  # it listens
        await engine.complete(CompletionQuery(snapshot=snapshot, offset=len(hole.prefix), explicit=True))
        if listening.last is not None:
            around = Around.caret(snapshot, snapshot.position_at(len(hole.prefix)))
            answer = listening.last
            result.append(
                Case(hole.expected, inside, around, told.last, answer.text, answer.token_logprobs, answer.scores)
            )
    return result


async def collect(roots: Sequence[Path], out: Path, count: int) -> None:
    """Write one file per repository."""
    settings = resolve([]).settings
    completion = msgspec.structs.replace(settings.completion, multiline="never", languages={"*": True}, delay_ms=0)
    backend = make_backend(settings, ensure_home())
    out.mkdir(parents=True, exist_ok=True)
    async with started(backend):
        for root in roots:
            found = holes(root, count, "rest", seed=SEED)
            with tempfile.TemporaryDirectory(prefix="hunch-ranking-") as scratch:
                memory = _memory(root, found.base, Path(scratch))
                kept = await cases(backend, completion, memory, found.holes)
                memory.close()
            (out / f"{root.name}.json").write_bytes(msgspec.json.encode(kept))
            print(f"{root.name}: {len(kept)} holes", flush=True)


class Table:
    """Rows of all texts, with their holes, repositories and labels."""

    def __init__(self, data: dict[str, list[Case]], variant: str) -> None:
        rows, right, hole, home = [], [], [], []
        self.holes = 0
        for number, found in enumerate(data.values()):
            for case in found:
                texts, numbers = case.seen(variant)
                rows.append(numbers)
                right += [text.strip() == case.expected for text in texts]
                hole += [self.holes] * len(texts)
                home += [number] * len(texts)
                self.holes += 1
        self.rows = np.concatenate(rows)
        self.right = np.array(right, np.int64)
        self.hole = np.array(hole)
        self.home = np.array(home)

    def first(self, score: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """By hole: whether the text with the highest score is right; no text at all is not."""
        order = np.lexsort((-score, self.hole))
        heads = order[np.r_[True, np.diff(self.hole[order]) != 0]]
        found = np.zeros(self.holes, np.bool_)
        found[self.hole[heads]] = self.right[heads] == 1
        return found


def fit(folder: Path, *, save: bool) -> None:
    """Figures of repositories left out; the forest of all of them where asked."""
    from hunch_models.forests import fitting

    config = fitting.FitConfig(
        members=1, trees=300, leaves=15, rate=0.05, least_in_leaf=60, features=0.5, rows=0.8, random_splits=False
    )
    data = {
        path.stem: msgspec.json.decode(path.read_bytes(), type=list[Case]) for path in sorted(folder.glob("*.json"))
    }
    tables = {variant: Table(data, variant) for variant in VARIANTS}
    homes = np.random.default_rng(SEED).permutation(len(data)) % FOLDS
    odds = {variant: np.zeros(len(table.right)) for variant, table in tables.items()}
    for fold in range(FOLDS):
        rows = np.concatenate([table.rows[homes[table.home] != fold] for table in tables.values()])
        right = np.concatenate([table.right[homes[table.home] != fold] for table in tables.values()])
        forest = fitting.fit(rows, right, config)
        for variant, table in tables.items():
            out = homes[table.home] == fold
            odds[variant][out] = fitting.log_odds(forest, table.rows[out])
    everything = np.concatenate(list(odds.values()))
    right = np.concatenate([table.right for table in tables.values()])
    scale, shift = fitting.calibrate(everything, right, np.ones(len(right), np.float32))
    figures: dict[str, object] = {"holes": tables["both"].holes, "repositories": len(data)}
    inside = np.array([case.inside_word for found in data.values() for case in found])
    for variant, table in tables.items():
        first = table.first(odds[variant])
        memory = table.first(np.nan_to_num(table.rows[:, NAMES.index("recalled")].astype(float), nan=-1.0))
        any_right = np.zeros(table.holes, np.int64)
        np.maximum.at(any_right, table.hole, table.right)
        chance = 1 / (1 + np.exp(-(odds[variant] * scale + shift)))
        told = {
            "first": first[~inside].mean(),
            "first_inside_words": first[inside].mean(),
            "memory_first": memory[~inside].mean(),
            "memory_first_inside_words": memory[inside].mean(),
            "any": any_right[~inside].mean(),
            "any_inside_words": any_right[inside].mean(),
            "calibration_error": abs(chance - table.right).mean()
            if not len(chance)
            else _calibration(chance, table.right),
        }
        figures[variant] = {name: round(float(value), 4) for name, value in told.items()}
        print(variant, figures[variant], flush=True)
    if save:
        rows = np.concatenate([table.rows for table in tables.values()])
        fitting.export(fitting.fit(rows, right, config), shipped.WEIGHTS, rows.shape[1])
        about = Description(
            id="hunch-ranking",
            file=shipped.WEIGHTS.name,
            sha256=hashlib.sha256(shipped.WEIGHTS.read_bytes()).hexdigest(),
            license="Apache-2.0",
            version=shipped.VERSION,
            features=NAMES,
            scale=scale,
            shift=shift,
            data=tuple(data),
            metrics=figures,
        )
        description_path(shipped.WEIGHTS).write_bytes(msgspec.json.format(msgspec.json.encode(about), indent=1) + b"\n")


def _calibration(chance: npt.NDArray[np.float64], right: npt.NDArray[np.int64]) -> float:
    """Expected calibration error over ten bins of equal width."""
    bins = np.minimum((chance * 10).astype(int), 9)
    return float(
        sum(
            abs(chance[bins == one].mean() - right[bins == one].mean()) * (bins == one).mean()
            for one in np.unique(bins)
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("repositories", nargs="+", type=Path)
    collecting.add_argument("--out", type=Path, required=True)
    collecting.add_argument("-n", type=int, default=400)
    fitting = commands.add_parser("fit")
    fitting.add_argument("folder", type=Path)
    fitting.add_argument("--save", action="store_true")
    options = parser.parse_args()
    if options.command == "collect":
        asyncio.run(collect([root.resolve() for root in options.repositories], options.out, options.n))
    else:
        fit(options.folder, save=options.save)
    return 0


if __name__ == "__main__":
    sys.exit(main())
