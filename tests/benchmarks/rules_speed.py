"""How fast rules are checked: on save in the real server, on a whole repository cold and warm, and on suggestions.

`python -m tests.benchmarks.rules_speed [--files 5000] [--repeats 5]`; the command line of ast-grep (package
`ast-grep-cli`) is measured beside it with the same patterns where it is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import psutil

from hunch_features.constraints.checking import YOUNG_NS
from hunch_features.constraints.engine import check_text
from hunch_features.constraints.rule import ForbidReference, Place, Rule
from hunch_features.constraints.rulebook import compile_root
from hunch_features.constraints.suggestions import judge
from hunch_features.text import Document
from hunch_server.adapters.editor import Editor, editor_session

RULES = 60
LINES = 2_000
SAVES = 60
LIBRARY = Path(sysconfig.get_paths()["stdlib"])


def corpus() -> list[str]:
    """Python's standard library: real code that every machine has."""
    return [path.read_text("utf-8", "replace") for path in sorted(LIBRARY.glob("*.py"))]


def names() -> list[str]:
    """What the rules forbid: functions of the library that real code calls now and then."""
    picked = ("eval", "os.system", "os.popen", "time.sleep", "sys.exit", "os.getcwd", "random.seed", "pickle.loads")
    return [*picked, *(f"legacy.call_{number}" for number in range(RULES - len(picked)))]


def workspace(root: Path, files: int) -> None:
    """A repository of `files` files and an AGENTS.md with the rules."""
    (root / "AGENTS.md").write_text("".join(f"- Never call `{name}`.\n" for name in names()))
    texts = [text for text in corpus() if len(text) < 60_000]
    chosen = random.Random(0)
    for number in range(files):
        folder = root / f"package_{number // 50}"
        folder.mkdir(exist_ok=True)
        (folder / f"module_{number}.py").write_text(chosen.choice(texts), "utf-8")


def grep_rules(root: Path) -> Path:
    """The same patterns for ast-grep: a call of each name."""
    folder = root / ".grep"
    (folder / "rules").mkdir(parents=True)
    (folder / "sgconfig.yml").write_text("ruleDirs: [rules]\n")
    for number, name in enumerate(names()):
        (folder / "rules" / f"r{number}.yml").write_text(
            f"id: r{number}\nlanguage: Python\nseverity: error\nrule:\n  pattern: {name}($$$)\n"
        )
    return folder / "sgconfig.yml"


def timed(command: list[str], environment: dict[str, str], cwd: Path) -> tuple[float, float, str]:
    """Seconds of a whole process by the clock and of processor time, and its output."""
    before = psutil.Process().cpu_times()
    started = perf_counter()
    ended = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    seconds = perf_counter() - started
    after = psutil.Process().cpu_times()
    busy = sum(after[2:4]) - sum(before[2:4])  # of children that have ended
    return seconds, busy, ended.stdout


def repository(files: int, repeats: int) -> dict[str, object]:
    """Seconds for a whole repository: Hunch cold (nothing remembered), warm, and ast-grep."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "repo"
        root.mkdir()
        workspace(root, files)
        config = grep_rules(Path(name))
        time.sleep(YOUNG_NS / 1e9)  # files as young as this are not remembered
        state = Path(name) / "state"
        environment = {**os.environ, "HUNCH_HOME": str(state)}
        hunch = [sys.executable, "-I", "-m", "hunch_server", "check", "--json"]
        grep = shutil.which("ast-grep", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        cold, warm, other = [], [], []
        out = ""
        for _ in range(repeats):
            shutil.rmtree(state, ignore_errors=True)
            *times, out = timed(hunch, environment, root)
            cold.append(times)
            warm.append(timed(hunch, environment, root)[:2])
            if grep:
                *times, theirs = timed([grep, "scan", "-c", str(config), "--json=stream", "."], environment, root)
                other.append(times)
        result: dict[str, object] = {
            "files": files,
            "hunch_cold_s": medians(cold),
            "hunch_warm_s": medians(warm),
            "hunch_violations": len(json.loads(out)["violations"]),
        }
        if other:
            result["ast_grep_s"] = medians(other)
            result["ast_grep_matches"] = theirs.count("\n")
            result["ratio"] = {name: round(medians(cold)[name] / medians(other)[name], 2) for name in ("clock", "cpu")}
        return result


def medians(times: Sequence[Sequence[float]]) -> dict[str, float]:
    """Median seconds by the clock and of processor time, which other work on the machine hardly touches."""
    return {name: round(statistics.median(one[at] for one in times), 2) for at, name in enumerate(("clock", "cpu"))}


async def saves() -> dict[str, float]:
    """Milliseconds from the save to the diagnostics, in the real server over stdio."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name).resolve()
        workspace(root, 0)
        lines = "".join(text for text in corpus() if len(text) < 60_000).splitlines(keepends=True)
        text = "".join(lines[10_000 : 10_000 + LINES - 1]) + "eval(1)\n"
        took = []
        async with editor_session(root) as editor:
            await editor.wait_for_state("ready", "degraded")
            uri = editor.open(root / "a.py", "python", text)
            await _told(editor, uri)
            for number in range(SAVES):
                end = len(editor.documents[uri].text())
                editor.replace(uri, end, end, f"x{number} = 1\n")
                started = perf_counter()
                await editor.save_and_wait(uri, 10)
                took.append((perf_counter() - started) * 1000)
                await asyncio.sleep(0.1)  # a person saves once, then looks
        return percentiles(took)


async def _told(editor: Editor, uri: str) -> None:
    while uri not in editor.diagnostics:
        await asyncio.sleep(0.01)


def engine() -> dict[str, float]:
    """Milliseconds of processor time of the check itself, with every rule's words in the file and with none."""
    rules = [
        Rule(f"r{i}", "source", "enforced", "t", Place("AGENTS.md", 1), ForbidReference((name,)))
        for i, name in enumerate(names())
    ]
    text = "".join("".join(corpus()).splitlines(keepends=True)[: LINES - RULES])
    text += "".join(f"x = {name}(1)\n" for name in names())
    took = []
    check_text(rules, "a.py", text)  # patterns are made once
    for _ in range(30):
        started = time.process_time()
        check_text(rules, "a.py", text)
        took.append((time.process_time() - started) * 1000)
    return percentiles(took)


def suggestions() -> dict[str, float]:
    """Milliseconds of processor time that a suggestion is held up, in a file of 2,000 lines under 60 rules."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        workspace(root, 0)
        rules = compile_root(root).enforced
    lines = "".join(corpus()).splitlines(keepends=True)[:LINES]
    document = Document("".join(lines), path="a.py", language="python", version=1)
    snapshot = document.snapshot()
    took = []
    for number in range(200, LINES - 50, 5):
        position = snapshot.position_at(snapshot.line_start(number))
        for completion in ("    return sorted(values)\n", "eval(text)", "os.system(command)\n    time.sleep(1)"):
            started = time.process_time()
            judge(rules, "a.py", snapshot, position, completion)
            took.append((time.process_time() - started) * 1000)
    return percentiles(took)


def percentiles(values: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum, two decimals."""
    ordered = sorted(values)
    at = {"p50": len(ordered) // 2, "p95": len(ordered) * 95 // 100, "max": len(ordered) - 1}
    return {name: round(ordered[index], 2) for name, index in at.items()}


def main() -> None:
    """Measure everything and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    figures = {
        "save_ms": asyncio.run(saves()),
        "engine_all_rules_hit_ms": engine(),
        "suggestion_ms": suggestions(),
        "repository": repository(options.files, options.repeats),
    }
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
