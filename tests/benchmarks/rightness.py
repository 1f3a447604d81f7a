"""Does the gate tell right texts from wrong ones? Holes in the newest commits of repositories, through the real engine
with the index and the model; the gate's score without and with what the engine knows of being right.

Run: `python -m tests.benchmarks.rightness DIR… [-n 450]` with git repositories.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import sys
import tempfile
from pathlib import Path

import msgspec
import numpy as np

from hunch_features.completion import CompletionEngine, CompletionQuery
from hunch_features.completion.reasons import Reason
from hunch_features.evaluation.holes import holes
from hunch_features.gating.gate import Gate, GateModels
from hunch_features.gating.levels import LOST
from hunch_features.gating.rightness import RIGHT
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.syntax import language_of_path
from hunch_features.text import Document
from hunch_models.backend import Backend
from hunch_models.gate.metrics import auc
from hunch_server.adapters.engines import make_backend, started
from hunch_server.adapters.home import ensure_home
from hunch_server.adapters.memory import OneRepository
from hunch_server.commands.eval_completion import AlwaysAsking, _memory
from hunch_server.settings import Settings
from hunch_server.settings_sources import resolve

Row = tuple[float, float, float, bool, bool]
"""The gate's score without its offset, the offset, the probability of being right, whether it was, whether it may be
shown as far as the other rules go."""


async def rows(backend: Backend, settings: Settings, memory: RepositoryMemory, root: Path, count: int) -> list[Row]:
    completion = msgspec.structs.replace(settings.completion, multiline="never", languages={"*": True}, delay_ms=0)
    models, found = GateModels.load(), []
    for hole in holes(root, count, "rest", seed=7).holes:
        text = hole.prefix + hole.suffix
        document = Document(text, path=hole.path, language=language_of_path(hole.path) or "plaintext", version=1)
        repository = OneRepository(memory)
        gate = AlwaysAsking(Gate(models, msgspec.structs.replace(settings.gate, explore=0.0)))
        engine = CompletionEngine(backend, completion, context=repository, recall=repository, gate=gate)
        memory.forget(hole.path)
        memory.facts(document.snapshot())
        outcome = await engine.complete(CompletionQuery(snapshot=document.snapshot(), offset=len(hole.prefix)))
        verdict = outcome.decision.verdict
        if not outcome.items or verdict is None or verdict.log_odds is None:
            continue
        may_show = outcome.items[0].reason in (Reason.SHOWN, Reason.UNLIKELY)
        exact = outcome.items[0].completion.strip() == hole.expected
        known = verdict.values.get(RIGHT, math.nan)
        found.append((verdict.log_odds - verdict.offset, verdict.offset, known, exact, may_show))
    return found


async def collect(roots: list[Path], count: int) -> dict[str, list[Row]]:
    settings = resolve([]).settings
    backend = make_backend(settings, ensure_home())
    found: dict[str, list[Row]] = {}
    async with started(backend):
        for root in roots:
            with tempfile.TemporaryDirectory(prefix="hunch-right-") as scratch:
                memory = _memory(root, holes(root, count, "rest", seed=7).base, Path(scratch))
                found[root.name] = await rows(backend, settings, memory, root, count)
                memory.close()
            print(f"{root.name}: {len(found[root.name])} texts", flush=True)
    return found


def tell(name: str, data: list[Row]) -> None:
    gate, offset, right, exact, may_show = (np.array(column, float) for column in zip(*data, strict=True))
    labels, models = exact.astype(np.int64), GateModels.load()
    known = ~np.isnan(right)
    print(
        f"{name}: {len(data)} texts, {exact.mean():.1%} right; AUC of the gate {auc(gate, labels):.3f}, "
        f"with its offset {auc(gate + offset, labels):.3f}, "
        f"of the probability alone {auc(right[known], labels[known]):.3f}"
    )
    assert models.show is not None
    for low, high in ((0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = known & (right >= low) & (right < high)
        if inside.any():
            print(f"  said {right[inside].mean():.0%}, true {exact[inside].mean():.0%} ({inside.sum()})")
    shown = may_show == 1
    for level in LOST:
        least = np.quantile(models.show.about.taken, models.show.about.lost[level], method="lower")
        for what, away in (("new", 0.0), ("turns much down", 1.5)):
            for form, score in (("without", gate), ("with", gate + offset)):
                hidden = shown & (score - away < least)
                lost = (hidden & (exact == 1)).sum() / max(1, (shown & (exact == 1)).sum())
                kept_out = (hidden & (exact == 0)).sum() / max(1, (shown & (exact == 0)).sum())
                print(f"  {level}, {what}, {form}: right lost {lost:.1%}, wrong hidden {kept_out:.1%}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("-n", type=int, default=450)
    options = parser.parse_args()
    found = asyncio.run(collect([root.resolve() for root in options.repositories], options.n))
    for name, data in found.items():
        tell(name, data)
    tell("all", [row for data in found.values() for row in data])
    return 0


if __name__ == "__main__":
    sys.exit(main())
