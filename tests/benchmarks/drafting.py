"""What guessing tokens saves: the requests of holes in a repository's newest commits, with drafts and without.

    python -m tests.benchmarks.drafting REPOSITORY [MODEL.gguf] [HOLES]

Both ways run in this process, one after the other on each request, in turns; so they meet the same load. Evaluations
are calls of llama_decode after the prompt was read; seconds are CPU time.
"""

from __future__ import annotations

import asyncio
import dataclasses
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from hunch_features.completion import CompletionEngine, CompletionQuery
from hunch_features.completion.settings import CompletionSettings
from hunch_features.evaluation.holes import Hole, holes, write_tree
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.retrieval import Retriever
from hunch_features.syntax import language_of_path
from hunch_features.text import Document
from hunch_models.backend import (
    BackendState,
    BackendStatus,
    Finish,
    GenerationRequest,
    GenerationResult,
    GenerationTiming,
    ModelInfo,
)
from hunch_models.llama.backend import LONGEST_LOOKUP, MOST_LOOKUPS
from hunch_models.llama.engine import Engine
from hunch_models.llama.generation import Generator, Outcome
from hunch_models.llama.library import NativeLog, load_library
from hunch_models.llama.settings import EngineSettings
from hunch_server.adapters.memory import OneRepository

PIECE_TOKENS = 512
"""Of what retrieval is asked for."""
BUNDLED = Path(__file__).parents[2] / "models" / "hunch_models" / "weights" / "hunch-py-10m-q8_0.gguf"


class Listener:
    """A backend that only notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[GenerationRequest] = []
        self.status = BackendStatus(BackendState.READY)
        self.info = ModelInfo("listener", context_length=768)

    def on_status(self, listener: Callable[[BackendStatus], None]) -> None:
        """The state never changes."""

    async def start(self) -> None:
        """Nothing to start."""

    async def stop(self) -> None:
        """Nothing to stop."""

    async def generate(
        self, request: GenerationRequest, on_text: Callable[[str], None] | None = None
    ) -> GenerationResult:
        """Nothing is generated."""
        self.asked.append(request)
        return GenerationResult("", (), Finish.END, GenerationTiming())

    async def prewarm(self, request: GenerationRequest) -> None:
        """Nothing to warm."""

    async def idle(self) -> None:
        """Always idle."""


@dataclass(slots=True)
class Sources:
    """Where guesses could come from besides, for each request: what stands around the places in other files that the
    newest commits changed (as if a person had come from there), and what retrieval finds for a prompt."""

    other_files: list[tuple[str, ...]] = field(default_factory=list)
    retrieved: list[tuple[str, ...]] = field(default_factory=list)


def around(hole: Hole) -> str:
    """The text around a place, as much as one lookup may have."""
    return hole.prefix[-LONGEST_LOOKUP // 2 :] + hole.suffix[: LONGEST_LOOKUP // 2]


def requests(root: Path, count: int) -> tuple[list[GenerationRequest], Sources]:
    """What the completion engine asks for at holes, with the texts that the repository's memory recalls."""
    found = holes(root, count, "rest")
    sources = Sources()
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        write_tree(root, found.base, tree)
        memory = RepositoryMemory(tree, Path(scratch) / "home")
        memory.refresh()
        memory.settle()
        listener, retriever = Listener(), Retriever(memory)
        settings = msgspec.structs.replace(CompletionSettings(), multiline="never", languages={"*": True}, delay_ms=0)

        async def ask() -> None:
            for number, hole in enumerate(found.holes):
                language = language_of_path(hole.path) or "plaintext"
                document = Document(hole.prefix + hole.suffix, path=hole.path, language=language, version=1)
                memory.forget(hole.path)
                memory.facts(document.snapshot())
                repository = OneRepository(memory)
                engine = CompletionEngine(listener, settings, context=repository, recall=repository)
                snapshot = document.snapshot()
                before = len(listener.asked)
                await engine.complete(CompletionQuery(snapshot=snapshot, offset=len(hole.prefix)))
                if len(listener.asked) == before:
                    continue
                others = {other.path: around(other) for other in found.holes[:number] if other.path != hole.path}
                sources.other_files.append(tuple(others.values())[-MOST_LOOKUPS:])
                pieces = retriever.pieces(snapshot, snapshot.position_at(len(hole.prefix)), PIECE_TOKENS)
                sources.retrieved.append(tuple(piece.text for piece in pieces)[:MOST_LOOKUPS])

        asyncio.run(ask())
        memory.close()
    return listener.asked, sources


class Tally:
    """Sums over the requests of one way."""

    def __init__(self, path: Path, *, drafts: bool) -> None:
        library = load_library()
        settings = EngineSettings(drafts=drafts)
        self.generator = Generator(Engine(library, NativeLog(library), path, settings), time.perf_counter)
        self.evaluations = self.decoded = self.drafted = self.accepted = self.scored = 0
        self.cpu_s = 0.0

    def run(self, request: GenerationRequest) -> Outcome:
        """One request, its prompt read before the clock starts."""
        generator = self.generator
        generator.run(request, cancelled=lambda: False, decode=False)
        before, began = generator.engine.evaluated, time.process_time()
        outcome = generator.run(request, cancelled=lambda: False)
        self.cpu_s += time.process_time() - began
        self.evaluations += generator.engine.evaluated - before
        timing = outcome.timing
        self.decoded += timing.decoded_tokens
        self.drafted += timing.drafted_tokens
        self.accepted += timing.accepted_tokens
        self.scored += timing.scored_tokens
        return outcome


def compare(path: Path, asked: list[GenerationRequest], title: str) -> None:
    """Print one row for each way."""
    plain, drafting = Tally(path, drafts=False), Tally(path, drafts=True)
    differ = 0
    for request in asked:
        differ += plain.run(request).text != drafting.run(request).text
    print(f"{title}: {len(asked)} requests, {differ} texts differ")
    for name, tally in (("plain", plain), ("drafts", drafting)):
        print(
            f"  {name:7} evaluations {tally.evaluations}, decoded {tally.decoded}, drafted {tally.drafted}, "
            f"of which right {tally.accepted}, scored {tally.scored}, CPU {tally.cpu_s:.2f} s, "
            f"tokens per CPU second {tally.decoded / tally.cpu_s:.0f}"
        )


def main() -> None:
    """Print the comparison for single lines without and with recalled texts, and for several lines."""
    root = Path(sys.argv[1]).resolve()
    path = Path(sys.argv[2]) if len(sys.argv) > 2 else BUNDLED
    asked, sources = requests(root, int(sys.argv[3]) if len(sys.argv) > 3 else 200)
    patient = [dataclasses.replace(request, time_limit_ms=60_000.0) for request in asked]
    compare(path, [dataclasses.replace(request, score=()) for request in patient], "lines, nothing recalled")
    compare(path, patient, "lines, with recalled texts")
    block = [
        dataclasses.replace(
            request, score=(), max_tokens=96, stop=dataclasses.replace(request.stop, single_line=False, max_lines=12)
        )
        for request in patient
    ]
    compare(path, block, "up to 12 lines")
    for title, texts in (("other files", sources.other_files), ("what retrieval finds", sources.retrieved)):
        for kind, some in (("lines", patient), ("up to 12 lines", block)):
            looked = [dataclasses.replace(one, lookup=found) for one, found in zip(some, texts, strict=True)]
            compare(path, looked, f"{kind}, guesses from {title} too")


if __name__ == "__main__":
    main()
