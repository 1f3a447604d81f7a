"""From start to ready, and memory, with the bundled model and a repository of 2,000 files.

    python -m tests.benchmarks.startup [--repo DIR] [--runs N]

Without --repo a repository is made from the installed Python's own library. The first run begins with an empty state
folder (nothing measured, nothing indexed), the others find what it left. CPU seconds tell what a busy machine hides.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sysconfig
import tempfile
from pathlib import Path
from time import perf_counter

import psutil

from hunch_server.adapters.editor import Editor
from hunch_server.benchmarks.hunch_side import HunchSide
from hunch_server.benchmarks.process_cost import CpuMeter, memory_bytes
from hunch_server.benchmarks.typing import SHOW_ALL, replay
from tests.robustness.typists import CLOSED_LOOP, NAME, SOURCE, retyping

FILES = 2_000
LARGEST = 100_000
INDEX_LIMIT_S = 300.0


def make_repository(root: Path) -> int:
    """Fill `root` with at most 2,000 files of the standard library; returns how many."""
    library = Path(sysconfig.get_paths()["stdlib"])
    found = sorted(p for p in library.rglob("*.py") if "site-packages" not in p.parts and p.stat().st_size < LARGEST)
    for path in found[:FILES]:
        target = root / path.relative_to(library)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return len(found[:FILES])


async def one(root: Path, home: Path) -> dict[str, float]:
    """One start: seconds to the answer of `initialize` and to ready, CPU seconds until then, memory in MB."""
    editor = Editor()
    begun = perf_counter()
    try:
        await editor.start(root, options=SHOW_ALL, environment={**os.environ, "HUNCH_HOME": str(home)})
        answered = perf_counter()
        assert editor.process_id is not None
        cpu = sum(psutil.Process(editor.process_id).cpu_times()[:2])
        await editor.wait_for_state("ready")
        ready = perf_counter()
        process = psutil.Process(editor.process_id)
        tree = [process, *process.children(recursive=True)]
        cpu_ready = sum(sum(p.cpu_times()[:2]) for p in tree)
        at_ready = memory_bytes(editor.process_id) / 1e6
        indexed = await _quiet(process)
        after_index = memory_bytes(editor.process_id) / 1e6
        side = HunchSide(editor, root)
        await replay(side, retyping(1, 300), CLOSED_LOOP)
        stats = await editor.request("hunch/stats")
        return {
            "initialize_s": answered - begun,
            "ready_s": ready - begun,
            "cpu_initialize_s": cpu,
            "cpu_ready_s": cpu_ready,
            "index_s": indexed,
            "mb_ready": at_ready,
            "mb_indexed": after_index,
            "mb_typed": memory_bytes(editor.process_id) / 1e6,
            "mb_server": process.memory_info().rss / 1e6,
            "outside_model_p50_ms": stats["outside_model_ms"]["p50"],
            "outside_model_p95_ms": stats["outside_model_ms"]["p95"],
            "did_change_p95_ms": stats["did_change_ms"]["p95"],
        }
    finally:
        await editor.stop()


async def _quiet(process: psutil.Process) -> float:
    """Seconds until the server and its children have hardly worked for two seconds: the index is built."""
    begun = perf_counter()
    meter = CpuMeter(process.pid)
    before = meter.seconds()
    while perf_counter() - begun < INDEX_LIMIT_S:
        await asyncio.sleep(2)
        now = meter.seconds()
        if now - before < 0.05:
            break
        before = now
    return perf_counter() - begun - 2


def main() -> None:
    """Print one line per run and the median of the warm ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--repo", type=Path)
    parser.add_argument("--runs", type=int, default=4)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hunch-startup-") as folder:
        root = arguments.repo or Path(folder) / "repository"
        if arguments.repo is None:
            root.mkdir()
            print(f"{make_repository(root)} files")
            (root / NAME).write_text(SOURCE, encoding="utf-8")
        runs = []
        for number in range(arguments.runs):
            runs.append(asyncio.run(one(root.resolve(), Path(folder) / "home")))
            print("first" if not number else "again", {key: round(value, 3) for key, value in runs[-1].items()})
        if warm := runs[1:]:
            print("median of the warm", {key: round(statistics.median(r[key] for r in warm), 3) for key in warm[0]})


if __name__ == "__main__":
    main()
