"""Measures the sentence compiler on the labelled instruction files of the data set named by `HUNCH_DATA`.

`python -m tests.constraints.quality [--half test | --fresh FOLDER [--round 7]] [--show misses|wrong|unjudged] [--json]`
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rulebook import compiled_rules
from tests.constraints.quality.canonical import demands_of
from tests.constraints.quality.labels import (
    CHECKABLE,
    Line,
    fresh_lines,
    fresh_repositories,
    half_of,
    key_of,
    labelled_lines,
    rows,
    verdicts,
)

DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class Judged:
    """A compiled check: right, wrong or not judged; `line` where its sentence has a label."""

    repository: str
    rule: Rule
    form: str
    key: str
    verdict: str
    line: Line | None


@dataclass(slots=True)
class Result:
    lines: list[Line]
    checks: list[Judged] = field(default_factory=list)
    met: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))


def of_half(data: Path, half: str) -> tuple[list[Line], dict[str, list[Rule]]]:
    """Labelled lines of a half, and the rules of its repositories, compiled from their instruction files alone."""
    files: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows(data, "files"):
        if half_of(row["repo"]) == half and not row["symlink"]:
            files[row["repo"]].append((row["path"], row["text"]))
    found: dict[str, list[Rule]] = {}
    for repository, entries in files.items():
        with tempfile.TemporaryDirectory() as folder:
            for path, text in entries:
                (Path(folder) / path).parent.mkdir(parents=True, exist_ok=True)
                (Path(folder) / path).write_text(text, encoding="utf-8")
            found[repository] = compiled_rules(Path(folder))[0]
    return [line for line in labelled_lines(data) if half_of(line.repository) == half], found


def of_fresh(folder: Path, number: str) -> tuple[list[Line], dict[str, list[Rule]]]:
    """The same of a round of the fresh set, from checkouts named `owner+name` in a folder."""
    lines: list[Line] = []
    found: dict[str, list[Rule]] = {}
    for repository in fresh_repositories(number):
        root = folder / repository.replace("/", "+")
        if not root.is_dir():
            print(f"no checkout of {repository} in {folder}", file=sys.stderr)
            continue
        lines += fresh_lines(repository, root)
        found[repository] = compiled_rules(root)[0]
    return lines, found


def judge(lines: list[Line], found: dict[str, list[Rule]]) -> Result:
    """Hold every compiled check against the label of its line, or what a person decided about it."""
    at = {(line.repository, line.path, line.line): line for line in lines}
    decided = verdicts()
    result = Result(lines)
    for repository, rules in found.items():
        for rule in rules:
            if rule.status != "enforced":
                continue
            line = at.get((repository, rule.source.path, rule.source.line))
            key = key_of(repository, rule.source.path, rule.text)
            for form in demands_of(rule):
                verdict = decided.get((key, form), "")
                if line is not None and form in line.label.demands:
                    verdict = f"right {line.label.demands.index(form) + 1}"
                if line is not None:
                    result.met[line.key].update(int(number) - 1 for number in verdict.split()[1:])
                result.checks.append(Judged(repository, rule, form, key, verdict.partition(" ")[0], line))
    return result


def interval(pairs: Sequence[tuple[str, bool]]) -> dict[str, float | int]:
    """A share with its 95 % intervals: drawn anew by repository, 2,000 times, from a fixed seed; and Wilson's."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for repository, good in pairs:
        groups[repository].append(good)
    if not pairs:
        return {"n": 0, "good": 0, "share": 0.0, "low": 0.0, "high": 0.0, "wilson_low": 0.0, "wilson_high": 1.0}
    generator = random.Random(0)
    names = sorted(groups)
    shares: list[float] = []
    for _ in range(DRAWS):
        drawn = [good for name in generator.choices(names, k=len(names)) for good in groups[name]]
        shares.append(sum(drawn) / len(drawn))
    shares.sort()
    good = sum(value for _, value in pairs)
    wilson_low, wilson_high = wilson(good, len(pairs))
    return {
        "n": len(pairs),
        "good": good,
        "share": round(good / len(pairs), 4),
        "low": round(shares[DRAWS * 25 // 1000], 4),
        "high": round(shares[DRAWS * 975 // 1000], 4),
        "wilson_low": wilson_low,
        "wilson_high": wilson_high,
    }


def wilson(good: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share, which also says something where all are good."""
    z, share = 1.96, good / count
    middle = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    whole = 1 + z * z / count
    return round((middle - spread) / whole, 4), round((middle + spread) / whole, 4)


def figures(result: Result) -> dict[str, object]:
    """Recall by statement and by demand, for each reach; precision of the checks, and what nobody judged."""
    found: dict[str, object] = {}
    for name, reaches in (("pattern", ("pattern",)), ("checkable", CHECKABLE)):
        lines = [line for line in result.lines if line.label.reach in reaches]
        found[f"statements_compiled_{name}"] = interval(
            [(line.repository, bool(result.met[line.key])) for line in lines]
        )
        found[f"demands_compiled_{name}"] = interval(
            [(line.repository, n in result.met[line.key]) for line in lines for n in range(len(line.label.demands))]
        )
    judged = [check for check in result.checks if check.verdict]
    found["precision"] = interval([(check.repository, check.verdict == "right") for check in judged])
    labelled = [check for check in judged if check.line is not None]
    found["precision_on_labelled_lines"] = interval(
        [(check.repository, check.verdict == "right") for check in labelled]
    )
    found["checks"] = len(result.checks)
    found["unjudged"] = len(result.checks) - len(judged)
    return found


def _show(result: Result, what: str) -> None:
    if what == "misses":
        for line in result.lines:
            missing = [d for n, d in enumerate(line.label.demands) if n not in result.met[line.key]]
            if missing:
                print(f"{line.repository} {line.path}:{line.line}\t{line.label.reach}\t{' ; '.join(missing)}")
        return
    for check in result.checks:
        if check.verdict == ("wrong" if what == "wrong" else ""):
            label = "" if check.line is None else " ; ".join(check.line.label.demands) or check.line.label.kind
            print(
                f"{check.key}\t{check.form}\t{check.rule.text}\t{check.repository} {check.rule.source.path}:"
                f"{check.rule.source.line}\t{label}"
            )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.constraints.quality", description=__doc__)
    parser.add_argument("--half", choices=("dev", "test"), default="test")
    parser.add_argument("--fresh", type=Path, metavar="FOLDER", help="checkouts of the fresh set, as owner+name")
    parser.add_argument("--round", choices=("1", "2", "3", "4", "5", "6", "7", "dev"), default="7", help="which round")
    parser.add_argument("--show", choices=("misses", "wrong", "unjudged"))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.fresh:
        result = judge(*of_fresh(options.fresh, options.round))
    else:
        data = os.environ.get("HUNCH_DATA")
        if not data or not (Path(data) / "agent_instructions").is_dir():
            print("HUNCH_DATA names no folder with agent_instructions", file=sys.stderr)
            return 2
        result = judge(*of_half(Path(data), options.half))
    if options.show:
        _show(result, options.show)
        return 0
    found = figures(result)
    if options.json:
        print(json.dumps(found))
        return 0
    for name, value in found.items():
        if isinstance(value, dict):
            drawn = f"{value['low']:.1%} to {value['high']:.1%}"
            told = f"Wilson {value['wilson_low']:.1%} to {value['wilson_high']:.1%}"
            print(f"{name:32} {value['good']:4} of {value['n']:4}  {value['share']:.1%} ({drawn}; {told})")
        else:
            print(f"{name:32} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
