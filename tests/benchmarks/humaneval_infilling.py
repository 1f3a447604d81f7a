"""HumanEval's single-line infilling through the engine that serves: a familiar number, for comparison only.

    HUNCH_DATA=FOLDER python -m tests.benchmarks.humaneval_infilling [-n 1033]

The problems are old and public: any model may have seen them. Exact match of the line after stripping, and pass@1: the
problem's own tests on the filled function. It runs what a model wrote, in a process of its own with bounds
on time, memory and files. No memory, no gate; greedy.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
from rich.progress import track

from hunch_features.completion import CompletionEngine, CompletionQuery
from hunch_features.text import Document
from hunch_models.intervals import wilson
from hunch_server.adapters.engines import make_backend, started
from hunch_server.adapters.home import ensure_home
from hunch_server.settings_sources import resolve

FILE = Path("humaneval_infilling") / "HumanEval-SingleLineInfilling.jsonl.gz"
LIMIT_S = 5.0
BOUNDS = """
import resource
for what, most in (("CPU", 4), ("AS", 2 << 30), ("FSIZE", 0), ("NPROC", 0)):
    resource.setrlimit(getattr(resource, f"RLIMIT_{what}"), (most, most))
"""


def passes(program: str) -> bool:
    """Whether a program ends well within its bounds."""
    with tempfile.TemporaryDirectory(prefix="hunch-humaneval-") as folder:
        path = Path(folder) / "program.py"
        path.write_text((BOUNDS if os.name == "posix" else "") + program, encoding="utf-8")
        try:
            done = subprocess.run(
                [sys.executable, "-I", str(path)], cwd=folder, capture_output=True, timeout=LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0


async def measure(problems: list[dict[str, str]]) -> dict[str, object]:
    """Shares with 95 % intervals."""
    settings = resolve([]).settings
    completion = msgspec.structs.replace(settings.completion, multiline="never", delay_ms=0, time_limit_ms=8000)
    backend = make_backend(settings, ensure_home())
    exact = right = 0
    async with started(backend):
        for problem in track(problems, "problems"):
            document = Document(problem["prompt"] + "\n" + problem["suffix"], "solution.py", "python", 1)
            engine = CompletionEngine(backend, completion)
            query = CompletionQuery(document.snapshot(), len(problem["prompt"]), explicit=True)
            outcome = await engine.complete(query)
            line = outcome.items[0].completion if outcome.items else ""
            exact += line.strip() == problem["canonical_solution"].strip()
            program = (
                f"{problem['prompt']}{line}\n{problem['suffix']}\n{problem['test']}\ncheck({problem['entry_point']})\n"
            )
            right += await asyncio.to_thread(passes, program)
    count = len(problems)
    return {
        "problems": count,
        "exact": round(exact / count, 4),
        "exact_interval": [round(edge, 4) for edge in wilson(exact, count)],
        "pass_at_1": round(right / count, 4),
        "pass_at_1_interval": [round(edge, 4) for edge in wilson(right, count)],
    }


def main() -> None:
    """Print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("-n", dest="count", type=int, default=1033)
    options = parser.parse_args()
    data = os.environ.get("HUNCH_DATA")
    if not data or not (Path(data) / FILE).is_file():
        sys.exit(f"HUNCH_DATA does not name a folder with {FILE.as_posix()}")
    with gzip.open(Path(data) / FILE, "rt", encoding="utf-8") as lines:
        problems = [json.loads(line) for line in lines]
    step = max(1, len(problems) // options.count)
    print(json.dumps(asyncio.run(measure(problems[::step][: options.count])), indent=2))


if __name__ == "__main__":
    main()
