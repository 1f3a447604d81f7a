"""Counts what the compiled checks report on the trees that their instruction files belong to, and draws a sample.

`python -m tests.constraints.quality.alarms FOLDER [--sample 120] [--json]`; FOLDER holds checkouts named `owner+name`.
A report is a true breach or a false alarm by hand: `alarms.tsv` says which, under a hash of repository, rule and place.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hunch_features.constraints.checking import check_all
from hunch_features.constraints.engine import Violation
from hunch_features.constraints.rulebook import compile_root, files_below, read_checked
from tests.constraints.quality.labels import HERE, key_of


@dataclass(frozen=True, slots=True)
class Tree:
    """One checkout: lines of its text files, rules with checks on files, and what they report."""

    repository: str
    lines: int
    rules: int
    found: tuple[Violation, ...]


def check_tree(repository: str, root: Path) -> Tree:
    """Compile the instruction files of a checkout and run what they became on the whole of it."""
    book = compile_root(root)
    lines = 0
    for path in files_below(root, [root]):
        text, _ = read_checked(root, path)
        lines += text.count("\n") if text else 0
    rules = sum(rule.kind != "process" for rule in book.enforced)
    return Tree(repository, lines, rules, check_all(book, root, [root]).violations if rules else ())


def key_of_report(repository: str, report: Violation) -> str:
    """What a judged report is kept under."""
    return key_of(repository, report.rule.id, report.path, str(report.line), str(report.column))


def judged() -> dict[str, str]:
    """`true` or `false` by key."""
    with (HERE / "alarms.tsv").open(encoding="utf-8", newline="") as stream:
        return {row["id"]: row["verdict"] for row in csv.DictReader(stream, delimiter="\t")}


def drawn(trees: Sequence[Tree], count: int) -> list[tuple[str, Violation]]:
    """A sample in which every rule has its turn before any has its second, from a fixed seed."""
    generator = random.Random(0)
    groups: dict[tuple[str, str], list[Violation]] = {}
    for tree in trees:
        for report in tree.found:
            groups.setdefault((tree.repository, report.rule.id), []).append(report)
    for reports in groups.values():
        generator.shuffle(reports)
    found: list[tuple[str, Violation]] = []
    turn = 0
    while len(found) < count and any(len(reports) > turn for reports in groups.values()):
        for (repository, _), reports in sorted(groups.items()):
            if len(reports) > turn and len(found) < count:
                found.append((repository, reports[turn]))
        turn += 1
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.constraints.quality.alarms", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sample", type=int, default=120)
    parser.add_argument("--show", action="store_true", help="print the sample, for judging")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.folder.is_dir():
        print(f"{options.folder} is no folder", file=sys.stderr)
        return 2
    trees = [
        check_tree(path.name.replace("+", "/", 1), path) for path in sorted(options.folder.iterdir()) if path.is_dir()
    ]
    if options.show:
        for repository, report in drawn(trees, options.sample):
            line = (options.folder / repository.replace("/", "+") / report.path).read_text("utf-8", "replace")
            text = (line.split("\n")[report.line : report.line + 1] or [""])[0].strip()[:160]
            fields = (key_of_report(repository, report), report.rule.text[:200], f"{repository} {report.path}", text)
            print("\t".join((*fields, report.message[:100])))
        return 0
    known = judged()
    verdicts = {
        (tree.repository, report.rule.id, known[key])
        for tree in trees
        for report in tree.found
        if (key := key_of_report(tree.repository, report)) in known
    }
    counts = Counter(
        known[key] for tree in trees for r in tree.found if (key := key_of_report(tree.repository, r)) in known
    )
    # The share of false alarms of each rule, from its judged reports, over all of its reports.
    total = false = 0.0
    for tree in trees:
        for rule_id, reports in Counter(report.rule.id for report in tree.found).items():
            mine = [known.get(key_of_report(tree.repository, r)) for r in tree.found if r.rule.id == rule_id]
            told = [verdict for verdict in mine if verdict]
            total += reports
            false += reports * (sum(verdict == "false" for verdict in told) / len(told)) if told else 0
    lines = sum(tree.lines for tree in trees)
    result = {
        "repositories": len(trees),
        "with_file_rules": sum(tree.rules > 0 for tree in trees),
        "rules": sum(tree.rules for tree in trees),
        "lines": lines,
        "reports": int(total),
        "reports_per_1000_lines": round(1000 * total / lines, 3) if lines else 0.0,
        "judged": dict(counts),
        "judged_rules": len({(repository, rule) for repository, rule, _ in verdicts}),
        "false_alarms_per_1000_lines": round(1000 * false / lines, 3) if lines else 0.0,
        "by_repository": {tree.repository: [tree.lines, tree.rules, len(tree.found)] for tree in trees if tree.rules},
    }
    print(json.dumps(result) if options.json else "\n".join(f"{key:28} {value}" for key, value in result.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
