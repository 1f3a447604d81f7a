"""What a shim adds to a command: the same command with and without the shims on PATH, one after the other.

`python -m tests.benchmarks.guard [--runs 200]` prints milliseconds per case: p50 and p95 of both, and of the difference
of each pair, and the median of the processor time added, which other work on the machine hardly touches. The machine's
noise is in the difference of two plain runs (`nothing between them`).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, time

from hunch_features.guard.shims import install
from hunch_server.commands.guard import paths

RULES = "- Never force-push.\n- Do not use `--no-verify`.\n- Use `pnpm`, never `npm`.\n- Avoid `git stash`.\n"
CASES: dict[str, list[str]] = {
    "git --version": ["git", "--version"],
    "git status": ["git", "status"],
    "git log, below six folders": ["git", "-C", "a/b/c/d/e/f", "log", "-1"],
    "git st, an alias": ["git", "st"],
    "git push": ["git", "push", "--quiet", "origin", "main"],
    "git stash list, advised against": ["git", "stash", "list"],
    "git push --force --dry-run, asks the gate": ["git", "push", "--force", "--dry-run", "--quiet"],
}


def repository(base: Path) -> Path:
    """A repository with rules that have been there for an hour, and a remote."""
    repo = base / "repo"
    (repo / "a/b/c/d/e/f").mkdir(parents=True)
    (repo / "AGENTS.md").write_text(RULES)
    os.utime(repo / "AGENTS.md", (time() - 3600, time() - 3600))
    for command in (
        ["git", "init", "-q", "--bare", str(base / "remote.git")],
        ["git", "init", "-q", "-b", "main"],
        ["git", "remote", "add", "origin", str(base / "remote.git")],
        ["git", "config", "alias.st", "status"],
        ["git", "add", "."],
        ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "-m", "first"],
        ["git", "push", "-q", "-u", "origin", "main"],
    ):
        subprocess.run(command, cwd=repo, check=True, capture_output=True)
    return repo


def milliseconds(command: Sequence[str], cwd: Path, path: str) -> tuple[float, float]:
    """One run, from start to end, started through PATH as a shell does; and its processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = perf_counter()
    subprocess.run(
        ["/usr/bin/env", *command], cwd=cwd, env={**os.environ, "PATH": path}, capture_output=True, check=False
    )
    ended = perf_counter()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (ended - started) * 1000, busy * 1000


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50 and p95, one decimal."""
    ordered = sorted(values)
    return {name: round(ordered[int(len(ordered) * share)], 1) for name, share in (("p50", 0.5), ("p95", 0.95))}


def measure(command: Sequence[str], cwd: Path, plain: str, guarded: str, runs: int) -> dict[str, object]:
    """Alternating runs without and with the shims."""
    pairs = [(milliseconds(command, cwd, plain), milliseconds(command, cwd, guarded)) for _ in range(runs)]
    return {
        "bare": percentiles([bare for (bare, _), _ in pairs]),
        "shim": percentiles([shim for _, (shim, _) in pairs]),
        "added": percentiles([shim - bare for (bare, _), (shim, _) in pairs]),
        "added_cpu": round(statistics.median(shim - bare for (_, bare), (_, shim) in pairs), 1),
    }


def main() -> None:
    """Measure all cases."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--monitor", action="store_true", help="with the monitor on")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder).resolve()
        repo, home = repository(base), base / "home"
        install(paths(home), home / "shims", ["git", "npm"], monitor=arguments.monitor)
        plain = os.environ["PATH"]
        guarded = f"{home / 'shims'}{os.pathsep}{plain}"
        os.environ["HUNCH_HOME"] = str(home)
        first, _ = milliseconds(["git", "status"], repo, guarded)
        results = {"nothing between them": measure(["git", "--version"], repo, plain, plain, arguments.runs)}
        for name, command in CASES.items():
            results[name] = measure(command, repo, plain, guarded, arguments.runs)
        few = max(5, arguments.runs // 10)
        refusals = [milliseconds(["git", "push", "--force"], repo, guarded) for _ in range(few)]
        refused = {
            **percentiles([clock for clock, _ in refusals]),
            "cpu": round(statistics.median(busy for _, busy in refusals)),
        }
        print(
            json.dumps({"runs": arguments.runs, "first_ms": round(first), "ms": results, "refusal": refused}, indent=2)
        )


if __name__ == "__main__":
    main()
