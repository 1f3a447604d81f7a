"""The next edit: how long an answer takes in a repository, and the fit of the ranker's numbers.

    python -m tests.benchmarks.next_edit speed CHECKOUT [--edits 200]
    python -m tests.benchmarks.next_edit fit --data commits.jsonl.gz --repos DIR --out ranker.json [--commits 60]

`speed` indexes a checkout in a scratch folder, then renames definitions and adds parameters in random files, one edit
at a time, and asks for the next edits each time. `fit` draws commits of the repositories in `FITTED`, each with the
first hunk made and once more with a random one, and writes the forests. Quality elsewhere is measured by
`hunch eval next-edit`.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import defaultdict
from pathlib import Path
from time import perf_counter, process_time

import msgspec
import numpy as np

from hunch_features.evaluation.next_edits import read_commits
from hunch_features.evaluation.next_edits_cases import draw, history_root
from hunch_features.evaluation.next_edits_fit import ROUNDS_PLACE, ROUNDS_TEXT, Examples, forest, share_with
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.next_edit import EditJustMade, candidates
from hunch_features.next_edit.edit import Delta
from hunch_features.next_edit.finding import find
from hunch_features.next_edit.ranking import Model
from hunch_features.syntax import language_of_path

FITTED = (
    "TanStack/db",
    "ast-grep/ast-grep",
    "astral-sh/uv",
    "github/github-mcp-server",
    "modelcontextprotocol/typescript-sdk",
    "narwhals-dev/narwhals",
    "open-telemetry/opentelemetry-java-instrumentation",
    "openai/openai-agents-js",
    "openai/openai-agents-python",
    "pnpm/pnpm",
    "pydantic/pydantic-ai",
    "vercel/ai",
)
SHOW, CONTENT = 0.5, 0.7
CALIBRATION = (0.646, -0.335)
"""From predictions on fitted repositories that were held out in turn. Slope and shift are those of a logistic curve
through the first place of every case; about two thirds of what was shown there was right."""


def edits(memory: RepositoryMemory, count: int, seed: int) -> list[EditJustMade]:
    """Renamed definitions and added parameters in random files."""
    rng = random.Random(seed)
    paths = [path for path in sorted(memory.paths.all()) if memory.store.in_file(path)]
    found: list[EditJustMade] = []
    while len(found) < count:
        path = rng.choice(paths)
        text = (memory.root / path).read_text(encoding="utf-8", errors="replace")
        hit = rng.choice(memory.store.in_file(path))
        lines = text.split("\n")
        name = hit.symbol.name
        if hit.symbol.line >= len(lines) or name not in lines[hit.symbol.line]:
            continue
        old = lines[hit.symbol.line]
        new = old.replace(name, f"{name}_next", 1)
        if rng.random() < 0.5 and f"{name}(" in old:
            new = old.replace(f"{name}(", f"{name}(extra, ", 1)
        lines[hit.symbol.line] = new
        found.append(EditJustMade(path, language_of_path(path) or "plaintext", text, "\n".join(lines)))
    return found


def speed(root: Path, count: int) -> None:
    """Print the times from an edit to its candidates."""
    with tempfile.TemporaryDirectory() as scratch:
        memory = RepositoryMemory(root, Path(scratch))
        memory.refresh()
        made = edits(memory, count + 5, seed=5)
        for edit in made[:5]:  # grammars and numbers are loaded by the first ones
            candidates(edit, memory, {edit.path: edit.after})
        times, busy = [], []
        for edit in made[5:]:
            began, worked = perf_counter(), process_time()
            candidates(edit, memory, {edit.path: edit.after})
            times.append((perf_counter() - began) * 1000)
            busy.append((process_time() - worked) * 1000)
        memory.close()
    print(f"{len(memory.paths)} files, {len(times)} edits")
    for name, values in (("passed", times), ("of the processor", busy)):
        p50, p95, most = np.percentile(values, (50, 95, 100))
        print(f"ms {name}: p50 {p50:.1f}, p95 {p95:.1f}, max {most:.1f}")


def fit(data: Path, repos: Path, out: Path, commits: int) -> None:
    """Write the ranker's numbers."""
    rows = defaultdict(list)
    for row in read_commits(data):
        rows[row.repo].append(row)
    examples = Examples()
    with tempfile.TemporaryDirectory() as scratch:
        for repo in FITTED:
            root = history_root(repos, repo)
            if root is None:
                raise SystemExit(f"no history of {repo} below {repos}")
            for given in ("first", "random"):
                for drawn in draw(rows[repo], root, Path(scratch), commits, given=given):
                    examples.add(drawn.case, find(Delta(drawn.case.edit), drawn.tree))
            print(f"{repo}: {examples.cases} cases, {len(examples.place_rows)} places")
    model = Model(
        place=forest(examples.place_rows, examples.place_labels, examples.place_cases, ROUNDS_PLACE),
        text=forest(examples.text_rows, examples.text_labels, examples.text_cases, ROUNDS_TEXT),
        calibration=CALIBRATION,
        show=SHOW,
        content=CONTENT,
        must_place=share_with(examples.place_rows, examples.place_labels, examples.place_cases, "must"),
        must_text=share_with(examples.text_rows, examples.text_parts, examples.text_cases, "text_forced"),
        fitted_on=list(FITTED),
    )
    out.write_bytes(msgspec.json.encode(model))
    print(f"{out}: {out.stat().st_size >> 10} KiB")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    fast = commands.add_parser("speed")
    fast.add_argument("checkout", type=Path)
    fast.add_argument("--edits", type=int, default=200)
    fitting = commands.add_parser("fit")
    fitting.add_argument("--data", type=Path, required=True)
    fitting.add_argument("--repos", type=Path, required=True)
    fitting.add_argument("--out", type=Path, required=True)
    fitting.add_argument("--commits", type=int, default=60)
    given = parser.parse_args()
    if given.command == "speed":
        speed(given.checkout, given.edits)
    else:
        fit(given.data, given.repos, given.out, given.commits)


if __name__ == "__main__":
    main()
