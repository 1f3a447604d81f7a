"""How much of what a model could propose passes the trials of a proposal: with labelled sentences, without a model.

`HUNCH_DATA=… python -m tests.benchmarks.proposals` takes the sentences that no pattern understood. An *eager* model,
which forbids whatever stands in a code span and gives examples that fit, shows how many wrong checks get through; one
that *knows* the label shows how many right ones do. The files of the repositories are not at hand: nothing is tried on
them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from hunch_features.constraints.compiler import compile_statement
from hunch_features.constraints.files import Instructions
from hunch_features.constraints.judging_proposals import judged
from hunch_features.constraints.proposals import ASKED_ABOUT
from hunch_features.constraints.proposing import Example, Proposable, Proposal
from hunch_features.constraints.rule import (
    ForbidCommand,
    ForbidEdit,
    ForbidImport,
    ForbidReference,
    LimitLength,
    Rule,
)
from hunch_features.constraints.statements import Statement, statements
from tests.constraints.quality.canonical import demands_of
from tests.constraints.quality.labels import Line, half_of, labelled_lines, rows

PROGRAMS = (
    "git", "npm", "npx", "pnpm", "yarn", "pip", "uv", "poetry", "make", "docker", "cargo", "go", "gh", "pytest", "ruff",
    "bun", "kubectl", "terraform", "dotnet", "mvn", "gradle", "rm", "curl", "grep", "sed", "cat",
)  # fmt: skip
NAME = re.compile(r"[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)*(?:\(\))?")


def asked(data: Path, half: str) -> Iterator[tuple[str, Rule, Statement, Line]]:
    """Labelled sentences that a model would be asked about, with their repositories."""
    at = {(line.repository, line.path, line.line): line for line in labelled_lines(data)}
    for row in rows(data, "files"):
        if row["symlink"] or half_of(row["repo"]) != half:
            continue
        for statement in statements(Instructions(row["path"], "", row["text"])):
            line = at.get((row["repo"], row["path"], statement.line))
            rules = compile_statement(statement)
            if line is not None and len(rules) == 1 and rules[0].status in ASKED_ABOUT:
                yield row["repo"], rules[0], statement, line


def eager(statement: Statement) -> Iterator[Proposal]:
    """What a model without judgement would propose: forbid each thing that stands in a code span, and each number."""
    for span in dict.fromkeys(statement.spans):
        made = fitting(span)
        if made is not None:
            yield made
    for number in re.findall(r"\b[1-9]\d{0,4}\b", statement.text):
        yield limit(int(number))


def fitting(span: str) -> Proposal | None:
    """A check for a piece of code, with examples that it tells apart."""
    words = span.split()
    if words and words[0] in PROGRAMS:
        return with_examples(ForbidCommand(words[0], tuple(words[1:])), "-", span, "ls")
    if NAME.fullmatch(span):
        return with_examples(ForbidReference((span,)), "a.py", f"x = {span.removesuffix('()')}(1)\n", "x = y(1)\n")
    if re.fullmatch(r"[\w./-]*[/.][\w./-]*", span):
        return with_examples(ForbidEdit((span,)), span.strip("/") + ("/a" if span.endswith("/") else ""), "x", "x", "y")
    return None


def limit(most: int) -> Proposal:
    """A limit on lines, with a line that is too long."""
    return with_examples(LimitLength("line", most), "a.py", "x" * min(most + 1, 320) + "\n", "x\n")


def with_examples(check: Proposable, path: str, bad: str, good: str, other: str = "") -> Proposal:
    """A proposal with one example of each kind."""
    return Proposal(check, (Example(path or "a", bad),), (Example(other or path or "a", good),))


def knowing(demand: str) -> Proposal | None:
    """The right proposal for a label, where one file, path or command shows it."""
    kind, _, rest = demand.partition(" @")[0].partition(" ")
    match kind:
        case "reference" if NAME.fullmatch(rest):
            return with_examples(ForbidReference((rest,)), "a.py", f"x = {rest.removesuffix('()')}(1)\n", "x = y(1)\n")
        case "command" if " without " not in rest:
            words = rest.split()
            return with_examples(ForbidCommand(words[0], tuple(words[1:])), "-", rest, "ls")
        case "edit" if "/" in rest or "." in rest:
            path = rest.replace("*", "x")
            return with_examples(ForbidEdit((rest,)), path + ("a" if path.endswith("/") else ""), "x", "x", "y")
        case "import":
            return with_examples(ForbidImport((rest,)), "a.py", f"import {rest}\n", "import other\n")
        case "limit" if rest.startswith("line ") and rest.split()[1].isdigit():
            return limit(int(rest.split()[1]))
    return None


def passed(rule: Rule, statement: Statement, proposal: Proposal) -> tuple[Rule | None, str]:
    """The enforced rule that a proposal makes, if any, and what is against it."""
    made, why = judged(rule, msgspec.json.encode(proposal).decode(), statement, "none", lambda _rule: (0, ""))
    return (made if made is not None and made.status == "enforced" else None), why


def main() -> None:
    """Measure both and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=("dev", "test"), default="test")
    parser.add_argument("--show", action="store_true", help="what is enforced and wrong, to mend it; dev half only")
    options = parser.parse_args()
    data = Path(os.environ["HUNCH_DATA"])
    counts: Counter[str] = Counter()
    against: Counter[str] = Counter()
    for _, rule, statement, line in asked(data, options.half):
        counts["sentences"] += 1
        wanted = {demand.partition(" @")[0] for demand in line.label.demands}
        for proposal in eager(statement):
            made, _ = passed(rule, statement, proposal)
            forms = {form.partition(" @")[0] for form in demands_of(made)} if made is not None else set()
            right = bool(forms & wanted)
            if options.show and options.half == "dev" and made is not None and not right:
                print(sorted(wanted), demands_of(made), "|", statement.lead, "|", statement.plain, file=sys.stderr)
            counts["eager_proposed"] += 1
            counts["eager_enforced"] += made is not None
            counts["eager_enforced_right"] += right
        for demand in line.label.demands:
            known = knowing(demand)
            if known is not None:
                made, why = passed(rule, statement, known)
                counts["knowing_proposed"] += 1
                counts["knowing_enforced"] += made is not None
                against[re.sub(r"`[^`]*`", "`…`", why)] += made is None
    print(json.dumps({**counts, "refused_though_right": dict(against.most_common(8))}, indent=2))


if __name__ == "__main__":
    main()
