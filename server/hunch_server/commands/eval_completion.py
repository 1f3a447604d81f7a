"""`hunch eval completion`: does Hunch write what the authors of a repository's newest commits wrote?

The index knows the tree from before those commits; everything goes through the engine that serves the editor.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import click
import msgspec
import numpy as np
from rapidfuzz.distance import Levenshtein
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hunch_features.completion import CompletionEngine, CompletionQuery
from hunch_features.completion.reasons import Reason
from hunch_features.completion.settings import CompletionSettings
from hunch_features.evaluation.holes import Hole, holes, write_tree
from hunch_features.gating.gate import Gate, GateModels, Verdict
from hunch_features.gating.live import LiveGate
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.syntax import language_of_path
from hunch_features.text import Document, Snapshot
from hunch_models.backend import Backend, BackendState
from hunch_models.errors import BackendError, HunchError
from hunch_server.adapters.engines import NoBackend, make_backend, started
from hunch_server.adapters.home import ensure_home
from hunch_server.adapters.memory import OneRepository
from hunch_server.commands.output import console, json_option, print_json, progress_console
from hunch_server.settings_sources import resolve


@dataclass(frozen=True, slots=True)
class Filled:
    """One hole and what was written into it. `wrote` is empty where nothing was."""

    expected: str
    wrote: str
    shown: bool
    latency_ms: float
    new_tokens: int
    source: str
    reason: str


@click.command("completion")
@click.option("--repo", type=click.Path(path_type=Path), required=True, help="A git repository.")
@click.option("--since", default="", help="Only commits after this date. Default: the newest ones.")
@click.option("-n", "count", type=click.IntRange(1, 100_000), default=200, show_default=True, help="How many holes.")
@click.option(
    "--holes",
    "kind",
    type=click.Choice(["rest", "line"]),
    default="rest",
    show_default=True,
    help="From a random token to the line's end, or the whole line.",
)
@click.option("--no-memory", is_flag=True, help="Without the repository's index.")
@click.option("--no-model", is_flag=True, help="Without a model.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another sample.")
@json_option
def command(
    repo: Path, since: str, count: int, kind: Literal["rest", "line"], no_memory: bool, no_model: bool, seed: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Fill holes in lines that the newest commits of a repository added."""
    if not repo.is_dir():
        raise HunchError(f"--repo {repo}: not a folder", "give a git repository")
    if no_memory and no_model:
        raise HunchError("--no-memory and --no-model leave nothing to measure", "give one of them")
    root = repo.resolve()
    found = holes(root, count, kind, since=since, seed=seed)
    with tempfile.TemporaryDirectory(prefix="hunch-eval-") as scratch:
        memory = None if no_memory else _memory(root, found.base, Path(scratch))
        filled = asyncio.run(_fill(found.holes, memory, with_model=not no_model))
        if memory is not None:
            memory.close()
    result = summary(filled)
    if as_json:
        print_json(result)
    else:
        _print(result)


def _memory(root: Path, base: str, scratch: Path) -> RepositoryMemory:
    tree = scratch / "tree"
    tree.mkdir()
    write_tree(root, base, tree)
    memory = RepositoryMemory(tree, scratch / "home")
    memory.refresh()
    memory.settle()
    return memory


async def _fill(found: list[Hole], memory: RepositoryMemory | None, *, with_model: bool) -> list[Filled]:
    settings = resolve([]).settings
    completion = msgspec.structs.replace(settings.completion, multiline="never", languages={"*": True}, delay_ms=0)
    backend: Backend = make_backend(settings, ensure_home()) if with_model else NoBackend("switched off")
    async with started(backend):
        if with_model and backend.status.state is not BackendState.READY:
            raise BackendError(backend.status.detail or "the model is not available", "try `hunch doctor`")
        gates = GateModels.load()
        with _progress(len(found)) as advance:
            filled = []
            for hole in found:
                gate = AlwaysAsking(Gate(gates, msgspec.structs.replace(settings.gate, explore=0.0)))
                filled.append(await _one(backend, completion, memory, gate, hole))
                advance()
        return filled


class AlwaysAsking(LiveGate):
    """A gate whose first stage only notes what it would have done, so that what would be written is seen too."""

    asked = True

    def ask(self, snapshot: Snapshot, offset: int, *, explicit: bool, idle_s: float | None) -> Verdict:
        """Always worth making."""
        self.asked = super().ask(snapshot, offset, explicit=explicit, idle_s=idle_s).allowed
        return Verdict(allowed=True)


async def _one(
    backend: Backend, settings: CompletionSettings, memory: RepositoryMemory | None, gate: AlwaysAsking, hole: Hole
) -> Filled:
    document = Document(
        hole.prefix + hole.suffix, path=hole.path, language=language_of_path(hole.path) or "plaintext", version=1
    )
    repository = OneRepository(memory) if memory is not None else None
    # A new engine for every hole: what an earlier hole of the same file gave away must not be in its cache.
    engine = CompletionEngine(backend, settings, context=repository, recall=repository, gate=gate, planned=False)
    if memory is not None:
        memory.forget(hole.path)
        memory.facts(document.snapshot())  # an editor knows these since the file was opened
    began = perf_counter()
    outcome = await engine.complete(CompletionQuery(snapshot=document.snapshot(), offset=len(hole.prefix)))
    latency = (perf_counter() - began) * 1000
    item = outcome.items[0] if outcome.items else None
    return Filled(
        expected=hole.expected,
        wrote=item.completion.strip() if item is not None else "",
        shown=item is not None and item.shown and gate.asked,
        latency_ms=latency,
        new_tokens=outcome.decision.timing.new_tokens,
        source=str(item.source) if item is not None else "",
        reason=str(outcome.decision.reason if gate.asked else Reason.UNLIKELY_HERE),
    )


@contextlib.contextmanager
def _progress(total: int) -> Iterator[Any]:
    columns = (TextColumn("holes"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_console(), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


def summary(filled: Sequence[Filled]) -> dict[str, Any]:
    """The contract's JSON document. What is withheld counts as written in `exact_match`, as not in `…_shown`."""
    shown = [one for one in filled if one.shown]
    exact = [one.wrote == one.expected for one in filled]
    return {
        "n": len(filled),
        "exact_match": _mean(exact),
        "exact_match_interval": _interval(exact),
        "edit_similarity": _mean([Levenshtein.normalized_similarity(one.wrote, one.expected) for one in filled]),
        "shown": _mean([one.shown for one in filled]),
        "exact_match_shown": _mean([one.wrote == one.expected for one in shown]),
        "latency_ms": _spread([one.latency_ms for one in filled]),
        "new_tokens": _spread([one.new_tokens for one in filled]),
        "sources": dict(sorted(Counter(one.source for one in filled).items())),
        "reasons": dict(Counter(one.reason for one in filled).most_common()),
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if len(values) else None


def _interval(values: Sequence[bool]) -> list[float]:
    """95 % bootstrap interval of a share, over holes."""
    rng = np.random.default_rng(0)
    means = rng.choice(np.array(values, dtype=float), (1000, len(values))).mean(axis=1)
    return [round(float(edge), 4) for edge in np.percentile(means, (2.5, 97.5))]


def _spread(values: Sequence[float]) -> dict[str, float]:
    low, high = np.percentile(values, (50, 95))
    return {"p50": round(float(low), 2), "p95": round(float(high), 2)}


def _print(result: dict[str, Any]) -> None:
    screen = console()
    low, high = result["exact_match_interval"]
    screen.print(f"{result['n']} holes: {result['exact_match']:.1%} exact ({low:.1%} to {high:.1%})", markup=False)
    screen.print(f"edit similarity {result['edit_similarity']:.1%}", markup=False)
    shown = result["exact_match_shown"]
    screen.print(
        f"{result['shown']:.1%} shown" + ("" if shown is None else f", {shown:.1%} of these exact"), markup=False
    )
    latency, tokens = result["latency_ms"], result["new_tokens"]
    screen.print(f"latency p50 {latency['p50']:.1f} ms, p95 {latency['p95']:.1f} ms", markup=False)
    screen.print(f"prompt tokens evaluated p50 {tokens['p50']:.0f}, p95 {tokens['p95']:.0f}", markup=False)
