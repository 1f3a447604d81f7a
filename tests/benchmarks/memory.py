"""Speed of the repository's memory: cold index, warm start, a saved file, retrieval, members, continuations; beside
universal-ctags.

    python -m tests.benchmarks.memory FOLDER [--files 10000]

FOLDER is any tree of source files, such as a `site-packages`. It is copied first (links and other files left out), so
that nothing in it is touched. Prints a table and, as the last line, one JSON object. Needs `ctags` on the PATH for the
comparison and says so when it is missing. CPU seconds are of this process and of those that parse.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from hunch_features.memory.members import members_at
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.retrieval import Retriever
from hunch_features.memory.search import search
from hunch_features.text import Document, Position, Snapshot
from hunch_server.adapters.machine import machine_line

QUERIES = 300
SAVES = 20
BUDGET = 256


def copy_tree(source: Path, target: Path, files: int) -> int:
    """Copy the first `files` Python files in name order; answers their bytes."""
    total = 0
    for number, path in enumerate(sorted(source.rglob("*.py"))):
        if number >= files:
            break
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
        total += place.stat().st_size
    return total


def positions(memory: RepositoryMemory, rng: random.Random) -> list[tuple[Snapshot, Position]]:
    """Random places in random files."""
    found = []
    paths = sorted(path for path in memory.paths.all() if path.endswith(".py"))
    for path in rng.choices(paths, k=QUERIES):
        text = (memory.root / path).read_text(encoding="utf-8", errors="replace")
        snapshot = Document(text, path=path, language="python", version=1).snapshot()
        line = rng.randrange(snapshot.line_count)
        found.append((snapshot, Position(line, rng.randint(0, len(snapshot.line(line))))))
    return found


def spread(times: list[float]) -> dict[str, float]:
    """Median, 95th percentile and worst, ms."""
    return {
        "p50": round(float(np.percentile(times, 50)), 2),
        "p95": round(float(np.percentile(times, 95)), 2),
        "max": round(max(times), 2),
    }


def cpu(who: int) -> float:
    """CPU seconds so far."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def questions(memory: RepositoryMemory, rng: random.Random) -> dict[str, dict[str, float]]:
    """Times of what a key asks, in files that were opened a moment ago, and of searches."""
    retriever = Retriever(memory)
    times: dict[str, list[float]] = {}

    def took(what: str, ask: Callable[[], object]) -> None:
        started = perf_counter()
        ask()
        times.setdefault(what, []).append((perf_counter() - started) * 1000)

    for snapshot, position in positions(memory, rng):
        took("open_ms", lambda: retriever.prepare(snapshot))  # noqa: B023 - called at once
        took("retrieval_ms", lambda: retriever.fresh(snapshot, position, BUDGET))  # noqa: B023
        took("members_ms", lambda: members_at(memory, snapshot, position))  # noqa: B023
        took("continuation_first_ms", lambda: memory.continuations(snapshot, position))  # noqa: B023
        if position.column:
            before = Position(position.line, position.column - 1)
            took("continuation_ms", lambda: memory.continuations(snapshot, before))  # noqa: B023
    for name in rng.sample(sorted(memory.defined), min(QUERIES, len(memory.defined))):
        took("search_ms", lambda: search(memory, name))  # noqa: B023
    return {what: spread(measured) for what, measured in times.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--files", type=int, default=10_000)
    options = parser.parse_args()
    result: dict[str, object] = {"machine": machine_line()}
    with tempfile.TemporaryDirectory() as scratch:
        tree, home = Path(scratch) / "tree", Path(scratch) / "home"
        size = copy_tree(options.folder, tree, options.files)
        result["megabytes"] = round(size / 1e6, 1)

        memory = RepositoryMemory(tree, home)
        started = perf_counter()
        done = memory.refresh()
        seconds = perf_counter() - started
        result["cold"] = {
            "files": done.parsed,
            "seconds": round(seconds, 2),
            "mb_per_s": round(size / 1e6 / seconds, 2),
            "cpu_s": [round(cpu(who), 1) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)],
        }
        result["cold_index_only_s"] = round(done.seconds, 2)
        result["index_mb"] = round(sum(file.stat().st_size for file in (home / "memory").iterdir()) / 1e6, 1)
        peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        result["peak_mb"] = {"asking_process": round(peaks[0]), "largest_worker": round(peaks[1])}
        memory.close()

        if shutil.which("ctags"):
            started = perf_counter()
            subprocess.run(
                ["ctags", "-R", "--fields=+nKzS", "-f", str(home / "tags"), str(tree)], check=True, capture_output=True
            )
            seconds = perf_counter() - started
            result["ctags"] = {"seconds": round(seconds, 2), "mb_per_s": round(size / 1e6 / seconds, 2)}
        else:
            print("ctags is not installed: no comparison", file=sys.stderr)

        started, cpu_started = perf_counter(), process_time()
        memory = RepositoryMemory(tree, home)
        memory.load()
        memory.refresh()
        result["warm_start_s"] = round(perf_counter() - started, 2)
        result["warm_start_cpu_s"] = round(process_time() - cpu_started, 2)
        memory.settle()
        result["lines_continued_after_s"] = round(perf_counter() - started, 2)

        rng = random.Random(1)
        result |= questions(memory, rng)

        saves = []
        paths = sorted(path for path in memory.paths.all() if path.endswith(".py"))
        for number, path in enumerate(rng.sample(paths, SAVES)):
            with (tree / path).open("a", encoding="utf-8") as stream:
                stream.write(f"\n\ndef fresh_name_{number}(): ...\n")
            started = perf_counter()
            memory.update([path])
            if not search(memory, f"fresh_name_{number}", 1):
                sys.exit(f"{path}: saved, but not found")
            saves.append((perf_counter() - started) * 1000)
        result["save_to_search_ms"] = spread(saves)
        memory.close()
    for key, value in result.items():
        print(f"{key:20} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
