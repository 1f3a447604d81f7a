"""Holes with what serving would put before them from other files: training samples with repository context.

    python -m hunch_features.evaluation.training_contexts CORPUS OUT [--holes N] [--seed N]

CORPUS is the training corpus (`train.jsonl` of a run's folder): each of its packages is laid out as a repository,
indexed by the real memory, and asked by the real retrieval at every hole. The trainer takes `contexts.jsonl` from the
run's folder where there is one.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.retrieval import Retriever
from hunch_features.syntax import language_of_path
from hunch_features.text import Document as Opened
from hunch_models.training.config import FimConfig
from hunch_models.training.corpus import Document, read_corpus
from hunch_models.training.fim import Hole, cut

BUDGETS = (96, 160, 224, 288)
"""Tokens of other files, one of them at each hole: what there is room for beside 300 and more of the file itself."""
MIN_CHARS, MAX_CHARS = 400, 60_000
CHARS_PER_HOLE = 6_000
MOST_HOLES = 4
MIN_FILES = 4
BEFORE, AFTER = 2_400, 800
"""Code points of the file itself that are kept around a hole; a row of the trainer has room for about as much."""


def contexts(sources: Iterable[Document], config: FimConfig, seed: int) -> Iterator[dict[str, object]]:
    """One row per hole: path, prefix, middle, suffix and `extra`, a list of [path, text] in the prompt's order."""
    for package, found in itertools.groupby(sources, lambda source: source.package):
        files = [source for source in found if _inside(source.path)]
        if len(files) >= MIN_FILES:
            yield from _of_package(package, files, config, seed)


def _of_package(package: str, files: list[Document], config: FimConfig, seed: int) -> Iterator[dict[str, object]]:
    rng = random.Random(f"{seed}:{package}")  # noqa: S311 - the same holes every time
    with tempfile.TemporaryDirectory(prefix="hunch-contexts-") as folder:
        root = Path(folder).resolve() / "repository"
        for source in files:
            target = root / source.path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(source.text, encoding="utf-8", newline="")
        memory = RepositoryMemory(root, Path(folder) / "home")
        try:
            memory.refresh(workers=1)
            memory.settle()
            retriever = Retriever(memory)
            for source in files:
                if MIN_CHARS <= len(source.text) <= MAX_CHARS:
                    for _ in range(min(MOST_HOLES, 1 + len(source.text) // CHARS_PER_HOLE)):
                        yield _row(source, cut(source.text, config, rng), retriever, rng.choice(BUDGETS))
                        memory.forget(source.path)
        finally:
            memory.close()


def _row(source: Document, hole: Hole, retriever: Retriever, budget: int) -> dict[str, object]:
    """The hole as an editor has it: the text without the middle, the caret where that was."""
    document = Opened(hole.prefix + hole.suffix, source.path, language_of_path(source.path) or "plaintext")
    position = document.position_at(len(hole.prefix))
    pieces = retriever.fresh(document.snapshot(), position, budget)
    return {
        "package": source.package,
        "path": source.path,
        "prefix": hole.prefix[-BEFORE:],
        "middle": hole.middle,
        "suffix": hole.suffix[:AFTER],
        "extra": [[piece.path, piece.text] for piece in pieces],
    }


def _inside(path: str) -> bool:
    """Whether a path of the corpus stays below the folder that it is laid out in."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not PurePosixPath(path).is_absolute() and ".." not in parts and "\\" not in path


def main() -> None:
    """Write the rows; one line of progress per thousand."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("corpus", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--holes", type=int, default=100_000, help="at most so many")
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    # Other files are for what serving asks for most: ends of lines, and lines.
    config = FimConfig(rest_of_line=0.6, lines=0.3, block=0.1)
    written = 0
    with options.out.open("w", encoding="utf-8", newline="\n") as out:
        for row in itertools.islice(contexts(read_corpus(options.corpus), config, options.seed), options.holes):
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            written += 1
            if not written % 1000:
                sys.stderr.write(f"{written} holes, at {row['package']}\n")


if __name__ == "__main__":
    main()
