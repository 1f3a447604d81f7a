"""How often calls that authors really wrote are taken for calls of nothing: lines that the newest commits of
repositories added, as they stand in the commit, and as they may have stood while they were typed (of what the same
commit adds, nothing below is there yet, and none of its imports).

Run: `python -m tests.benchmarks.unknown_calls DIR… [-n 1500]` with git repositories.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from hunch_features.evaluation.holes import Hole, holes, write_tree
from hunch_features.git import run_git
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.unknown_calls import UnknownCall, unknown_call
from hunch_features.syntax import language_of_path
from hunch_features.text import Document
from hunch_models.intervals import wilson

_HUNK = re.compile(rb"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@", re.M)
_IMPORT = re.compile(r"^\s*(?:from\s+\S+\s+import\b|import\b)")


def added(root: Path, hole: Hole) -> set[int]:
    """0-based lines that the hole's commit added to its file."""
    diff = run_git(root, ["diff-tree", "-p", "-U0", "-r", "--no-renames", "--root", hole.commit, "--", hole.path])
    found: set[int] = set()
    for start, count in _HUNK.findall(diff):
        found.update(range(int(start) - 1, int(start) - 1 + int(count or 1)))
    return found


def while_typed(root: Path, hole: Hole) -> tuple[str, str]:
    """Prefix and suffix without what the author had not typed yet."""
    fresh = added(root, hole)
    *above, line = hole.prefix.split("\n")
    rest, *below = hole.suffix.split("\n")
    kept = [text for number, text in enumerate(above) if number not in fresh or not _IMPORT.match(text)]
    later = [text for number, text in enumerate(below, len(above) + 1) if number not in fresh]
    return "\n".join([*kept, line]), "\n".join([rest, *later])


def told(memory: RepositoryMemory, path: str, prefix: str, suffix: str, text: str) -> tuple[UnknownCall | None, float]:
    """The verdict on a text, and its processor time in ms."""
    document = Document(prefix + suffix, path=path, language="python", version=1)
    snapshot = document.snapshot()
    memory.forget(path)
    memory.facts(snapshot)  # an editor knows these since the file was opened
    started = time.process_time()
    found = unknown_call(memory, snapshot, document.position_at(len(prefix)), text)
    return found, (time.process_time() - started) * 1000


def measure(root: Path, count: int, *, listed: bool) -> tuple[int, int, int, list[float]]:
    """Lines, those accused as they stand and as they were typed, and all times."""
    found = holes(root, count, "line", seed=3)
    lines, stands, typed = 0, 0, 0
    times: list[float] = []
    with tempfile.TemporaryDirectory(prefix="hunch-names-") as scratch:
        tree = Path(scratch) / "tree"
        tree.mkdir()
        write_tree(root, found.base, tree)
        memory = RepositoryMemory(tree, Path(scratch) / "home")
        memory.refresh()
        for hole in found.holes:
            if language_of_path(hole.path) != "python":
                continue
            lines += 1
            for place, (prefix, suffix) in enumerate(((hole.prefix, hole.suffix), while_typed(root, hole))):
                accused, took = told(memory, hole.path, prefix, suffix, hole.expected)
                times.append(took)
                if accused is None:
                    continue
                stands += place == 0
                typed += place == 1
                if listed:
                    print(f"  {'typed' if place else 'stands'}: {accused.written} ({hole.path}): {hole.expected[:80]}")
        memory.close()
    return lines, stands, typed, times


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("-n", type=int, default=1500)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    total = np.zeros(3, int)
    times: list[float] = []
    for root in options.repositories:
        *counts, took = measure(root.resolve(), options.n, listed=options.list)
        print(
            f"{root.name}: {counts[0]} lines, accused as they stand {counts[1]}, as they were typed {counts[2]}",
            flush=True,
        )
        total += counts
        times += took
    for name, accused in (("as they stand", total[1]), ("as they were typed", total[2])):
        low, high = wilson(int(accused), int(total[0]))
        print(f"{name}: {accused / total[0]:.2%} ({low:.2%} to {high:.2%})")
    p50, p99 = np.percentile(times, (50, 99))
    print(f"processor time p50 {p50:.2f}, p99 {p99:.2f}, most {max(times):.2f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
