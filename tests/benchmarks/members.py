"""API member completion on real code: is the member that the author wrote offered, and how high?

    python -m tests.benchmarks.members CHECKOUT…

Every sampled place is `receiver.member` of a Python file, cut off after the dot, where the member's name is defined
somewhere in the repository. What the file itself says elsewhere is known, as while editing; its other uses of pairs
are taken out of the repository's counts. Baselines rank the same candidates by name, and by how often a name is used.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np

from hunch_features.memory.members import members_at
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.text import Document

PLACES = 600
SEED = 7
_ACCESS = re.compile(r"(?<![\w.])([A-Za-z_][\w.]*)\.([A-Za-z_]\w*)")


def measure(root: Path, home: Path) -> dict[str, float]:
    """Shares over the sampled places of one checkout."""
    memory = RepositoryMemory(root, home)
    memory.refresh()
    places = _places(memory, random.Random(SEED))
    ranks: dict[str, list[int | None]] = {"ours": [], "alphabet": [], "frequency": []}
    times: list[float] = []
    for path, line, column, member in places:
        text = (root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        text[line] = text[line][:column]
        document = Document("\n".join(text), path=path, language="python", version=1)
        kept, memory.pairs = memory.pairs, memory.without(path)
        position = document.position_at(document.line_start(line) + column)
        started = perf_counter()
        memory.forget(path)
        found = members_at(memory, document.snapshot(), position)
        times.append((perf_counter() - started) * 1000)
        orders = {
            "ours": [entry.name for entry in found],
            "alphabet": sorted(entry.name for entry in found),
            "frequency": sorted((entry.name for entry in found), key=lambda name: (-memory.any_count(name), name)),
        }
        memory.pairs = kept
        for name, order in orders.items():
            ranks[name].append(order.index(member) if member in order else None)
    memory.close()
    result: dict[str, float] = {"places": len(places), "offered": _share(ranks["ours"], 10_000)}
    for name, found_ranks in ranks.items():
        result[f"{name}@1"] = _share(found_ranks, 1)
        result[f"{name}@5"] = _share(found_ranks, 5)
    result["p95_ms"] = float(np.percentile(times, 95)) if times else 0.0
    return result


def _share(ranks: Sequence[int | None], within: int) -> float:
    return sum(rank is not None and rank < within for rank in ranks) / max(1, len(ranks))


def _places(memory: RepositoryMemory, rng: random.Random) -> list[tuple[str, int, int, str]]:
    found = []
    for path in sorted(memory.paths.all()):
        if not path.endswith(".py"):
            continue
        text = (memory.root / path).read_text(encoding="utf-8", errors="replace").splitlines()
        for line, content in enumerate(text):
            if content.lstrip().startswith(("#", "from ", "import ")):
                continue
            for match in _ACCESS.finditer(content):
                if match.group(2) in memory.defined and "'" not in content[: match.start()]:
                    found.append((path, line, match.start(2), match.group(2)))
    return rng.sample(found, min(PLACES, len(found)))


def main(checkouts: Sequence[str]) -> None:
    """Print one row per checkout."""
    columns = ("top-1", "top-5", "alph.1", "alph.5", "freq.1", "freq.5", "p95 ms")
    print(" " * 22 + f"{'places':>8}{'offered':>9}" + "".join(f"{column:>8}" for column in columns))
    with tempfile.TemporaryDirectory() as home:
        for checkout in checkouts:
            row = measure(Path(checkout).resolve(), Path(home))
            keys = ("offered", "ours@1", "ours@5", "alphabet@1", "alphabet@5", "frequency@1", "frequency@5")
            shares = "".join(f"{row[key]:>{9 if key == 'offered' else 8}.1%}" for key in keys)
            print(f"{Path(checkout).name:22}{row['places']:>8.0f}{shares}{row['p95_ms']:>8.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])
