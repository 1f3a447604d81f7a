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
from pathlib import Path

import msgspec

from hunch_features.completion import CompletionEngine, CompletionQuery
from hunch_features.completion.settings import CompletionSettings
from hunch_features.evaluation.holes import holes, write_tree
from hunch_features.memory.repository import RepositoryMemory
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
from hunch_models.llama.engine import Engine
from hunch_models.llama.generation import Generator, Outcome
from hunch_models.llama.library import NativeLog, load_library
from hunch_models.llama.settings import EngineSettings
from hunch_server.adapters.memory import OneRepository

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


def requests(root: Path, count: int) -> list[GenerationRequest]:
    """What the completion engine asks for at holes, with the texts that the repository's memory recalls."""
    found = holes(root, count, "rest")
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        write_tree(root, found.base, tree)
        memory = RepositoryMemory(tree, Path(scratch) / "home")
        memory.refresh()
        memory.settle()
        listener = Listener()
        settings = msgspec.structs.replace(CompletionSettings(), multiline="never", languages={"*": True}, delay_ms=0)

        async def ask() -> None:
            for hole in found.holes:
                language = language_of_path(hole.path) or "plaintext"
                document = Document(hole.prefix + hole.suffix, path=hole.path, language=language, version=1)
                memory.forget(hole.path)
                memory.facts(document.snapshot())
                repository = OneRepository(memory)
                engine = CompletionEngine(listener, settings, context=repository, recall=repository)
                await engine.complete(CompletionQuery(snapshot=document.snapshot(), offset=len(hole.prefix)))

        asyncio.run(ask())
        memory.close()
    return listener.asked


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
    asked = requests(root, int(sys.argv[3]) if len(sys.argv) > 3 else 200)
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


if __name__ == "__main__":
    main()
