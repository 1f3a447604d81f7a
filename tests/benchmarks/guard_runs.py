"""How often the watch over runs speaks up on ordinary runs of commands: the jobs of real repositories' CI workflows.

`python -m tests.benchmarks.guard_runs REPOSITORY…` (folders with a `.git`, or bare repositories). A job's `run` steps,
in order, are one run. These are people's scripts, not agents' runs, and none of them is known to have ended badly: it
is a rate of warnings, not of right or wrong ones. Nothing of the repositories is executed.
"""

from __future__ import annotations

import argparse
import json
import shlex
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from hunch_features.guard.acts import acts_of
from hunch_features.guard.commands import Forbidden, falls_under
from hunch_features.guard.risk import ENDS, START, THRESHOLD, after, chance_of_bad_end, level
from hunch_models.intervals import wilson

OPERATORS = set("();<>|&")


def workflows(repository: Path) -> Iterator[tuple[str, str]]:
    """Names and texts of the workflow files at HEAD."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(repository), *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        ).stdout

    for name in git("ls-tree", "-r", "--name-only", "HEAD", ".github/workflows").splitlines():
        if name.endswith((".yml", ".yaml")):
            yield name, git("show", f"HEAD:{name}")


def jobs(text: str) -> Iterator[tuple[str, list[str]]]:
    """Names of jobs and their scripts."""
    try:
        data: Any = yaml.safe_load(text)
    except yaml.YAMLError:
        return
    found = data.get("jobs") if isinstance(data, dict) else None
    for name, job in (found or {}).items() if isinstance(found, dict) else ():
        steps = job.get("steps") if isinstance(job, dict) else None
        scripts = [step["run"] for step in steps or () if isinstance(step, dict) and isinstance(step.get("run"), str)]
        if scripts:
            yield str(name), scripts


def commands(script: str) -> Iterator[list[str]]:
    """The simple commands of a shell script, as far as its words can be told without running it."""
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        current: list[str] = []
        try:
            for word in lexer:
                if set(word) <= OPERATORS:
                    if current:
                        yield current
                    current = []
                elif current or "=" not in word:
                    current.append(word)
        except ValueError:
            continue
        if current:
            yield current


def main() -> None:
    """Replay all jobs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--rule", action="append", default=[], help="also list the commands that fall under it")
    parser.add_argument("--show", action="store_true", help="print the jobs with a warning")
    arguments = parser.parse_args()
    rules = [Forbidden(program, words) for program, *words in (rule.split() for rule in arguments.rule)]
    under: list[Counter[str]] = [Counter() for _ in rules]
    counts: Counter[str] = Counter()
    for repository in arguments.repositories:
        for name, text in workflows(repository):
            for job, scripts in jobs(text):
                state = START
                warned = bad = False
                counts["jobs"] += 1
                for command in (one for script in scripts for one in commands(script)):
                    acts = acts_of(Path(command[0]).name, command[1:], "/nowhere")
                    counts["commands"] += 1
                    for rule, found in zip(rules, under, strict=True):
                        if falls_under(rule, Path(command[0]).name, command[1:], "/nowhere"):
                            found[shlex.join(command)[:200]] += 1
                    counts["classified"] += bool(acts)
                    for act in acts:
                        state = after(state, act)
                        counts[f"act {act}"] += 1
                        bad = bad or act in ENDS or level(state) == 4
                    known = bool(acts) and acts[-1] not in ENDS
                    if not warned and known and chance_of_bad_end(state) > THRESHOLD:
                        warned = True
                        counts["warned"] += 1
                        if arguments.show:
                            print(repository.parent.name, name, job, command)
                counts["ended"] += bad
                counts["warned and ended"] += warned and bad
    for text, found in zip(arguments.rule, under, strict=True):
        print(f"{text}: {sum(found.values())} commands, {len(found)} different")
        print("".join(f"    {number} {command}\n" for command, number in found.most_common()), end="")
    low, high = wilson(counts["warned"], counts["jobs"])
    share = counts["warned"] / max(counts["jobs"], 1)
    print(
        json.dumps(
            {**counts, "warned_share": round(share, 4), "interval_95": [round(low, 4), round(high, 4)]}, indent=2
        )
    )


if __name__ == "__main__":
    main()
