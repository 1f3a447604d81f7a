"""Retrieval on real code: is the definition that the rest of a line needs among what the prompt is told?

    python -m tests.benchmarks.retrieval CHECKOUT… [--budget 256] [--history]

A place is a line of a Python file, cut off after its first token, whose rest uses a name that another file of the
repository defines and that this file does not, and that the 40 lines above do not show. Found means that the
definition's signature is among the pieces. The baseline fills the same budget with the definitions that BM25 finds
for the words of the twelve lines above.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from hunch_features.memory.history.kept import KeptHistory
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.retrieval import CHARS_PER_TOKEN, Retriever
from hunch_features.memory.search import query_words
from hunch_features.text import Document, Position, Snapshot

PLACES = 400
SEED = 11
ABOVE = 40
_NAME = re.compile(r"[A-Za-z_]\w{2,}")


def places(memory: RepositoryMemory, rng: random.Random) -> list[tuple[Snapshot, Position, str]]:
    """Cut documents, positions and the needed names."""
    found: list[tuple[Snapshot, Position, str]] = []
    paths = sorted(path for path in memory.paths.all() if path.endswith(".py"))
    while len(found) < PLACES and paths:
        path = rng.choice(paths)
        lines = (memory.root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        if not lines:
            continue
        number = rng.randrange(len(lines))
        content = lines[number]
        first = _NAME.search(content)
        if first is None or content.lstrip().startswith(("#", "import ", "from ", '"', "'")):
            continue
        whole = Document("\n".join(lines), path=path, language="python", version=1)
        memory.forget(path)
        own = memory.facts(whole.snapshot()).defined
        shown = "\n".join(lines[max(0, number - ABOVE) : number])
        needed = [
            name
            for name in dict.fromkeys(_NAME.findall(content[first.end() :]))
            if name not in own and name not in shown and _defined_elsewhere(memory, name, path)
        ]
        memory.forget(path)
        if not needed:
            continue
        lines[number] = content[: first.end()]
        cut = Document("\n".join(lines), path=path, language="python", version=2)
        found.append((cut.snapshot(), Position(number, first.end()), needed[0]))
    return found


def _defined_elsewhere(memory: RepositoryMemory, name: str, path: str) -> bool:
    hits = memory.named(name)
    return 0 < len(hits) <= 3 and all(hit.path != path and hit.symbol.kind != "field" for hit in hits)


def has(text: str, name: str) -> bool:
    """Whether a definition of the name stands in a text."""
    return re.search(rf"\b(?:def|class)\s+{name}\b|^\s*{name}\s*[:=]", text, re.MULTILINE) is not None


def bm25(memory: RepositoryMemory, snapshot: Snapshot, position: Position, budget: int) -> str:
    """The baseline's text."""
    lines = [snapshot.line(number) for number in range(max(0, position.line - 12), position.line)]
    words = query_words(" ".join([*lines, snapshot.line(position.line)])[-400:])
    room = int(budget * CHARS_PER_TOKEN)
    text = ""
    for hit in memory.store.search("", words, 60):
        piece = hit.symbol.signature + "\n"
        if hit.path != snapshot.path and len(text) + len(piece) <= room:
            text += piece
    return text


def main() -> None:
    """Print one row per checkout."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkouts", nargs="+", type=Path)
    parser.add_argument("--budget", type=int, default=256)
    parser.add_argument("--history", action="store_true", help="With the files that change together.")
    options = parser.parse_args()
    print(f"{'':16}{'places':>8}{'ours':>8}{'BM25':>8}{'tokens':>8}{'p95 ms':>8}")
    with tempfile.TemporaryDirectory() as home:
        for checkout in options.checkouts:
            memory = RepositoryMemory(checkout.resolve(), Path(home))
            memory.refresh()
            kept = KeptHistory(checkout, Path(home))
            if options.history and (looked := kept.look(now=True)) is not None:
                looked.result()
            sample = places(memory, random.Random(SEED))
            ours, base, sizes, times = [], [], [], []
            for snapshot, position, name in sample:
                memory.forget(snapshot.path)
                memory.facts(snapshot)
                started = perf_counter()
                retriever = Retriever(memory, kept.related)
                text = "".join(piece.text for piece in retriever.fresh(snapshot, position, options.budget))
                times.append((perf_counter() - started) * 1000)
                sizes.append(len(text) / CHARS_PER_TOKEN)
                ours.append(has(text, name))
                base.append(has(bm25(memory, snapshot, position, options.budget), name))
            shares = f"{np.mean(ours):>8.1%}{np.mean(base):>8.1%}{np.mean(sizes):>8.0f}{np.percentile(times, 95):>8.1f}"
            print(f"{checkout.name:16}{len(sample):>8}{shares}")
            kept.close()
            memory.close()


if __name__ == "__main__":
    main()
