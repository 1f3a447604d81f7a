"""Keeps suggestions from breaking rules: what a completion adds is checked, and mended where that is safe.

Only source rules whose words occur in the completion are looked at, and only the code around it is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hunch_features.constraints.engine import Violation, applies, check_text, replacement
from hunch_features.constraints.rule import (
    ForbidConstruct,
    ForbidImport,
    ForbidReference,
    ForbidText,
    Rule,
)
from hunch_features.text import Position, Snapshot

LINES_BEFORE = 40
LINES_AFTER = 3
MAX_CHARS = 8_000


@dataclass(frozen=True, slots=True)
class Judged:
    """What may be shown: `text`, mended or as it was; None when `rule` forbids it."""

    text: str | None
    rule: Rule | None = None


def judge(rules: Sequence[Rule], path: str, snapshot: Snapshot, position: Position, completion: str) -> Judged:
    """Check a completion at a position of a document; `path` is relative to the root of the rules."""
    # A name may begin before the cursor: `console.` + `log(1)`.
    written = snapshot.line(position.line)[: position.column][-200:] + completion
    chosen = [rule for rule in rules if _may_break(rule, written) and applies(rule, path)]
    if not chosen or len(completion) > MAX_CHARS:
        return Judged(completion)
    here = snapshot.line_start(position.line) + position.column
    below = position.line + 1 + LINES_AFTER
    end = snapshot.line_start(below) if below < snapshot.line_count else snapshot.char_count
    head = snapshot.slice(snapshot.line_start(max(0, position.line - LINES_BEFORE)), here)
    tail = snapshot.slice(here, min(end, here + MAX_CHARS))
    rule: Rule | None = None
    for _ in range(2):
        start = len(head)
        added = _added(chosen, path, head, completion, tail)
        if not added:
            return Judged(completion, rule)
        rule = added[0][0].rule
        mended = completion
        for violation, at, until in sorted(added, key=lambda entry: -entry[1]):
            better = replacement(violation, (head + completion)[at:until])
            if better is None or at < start:
                return Judged(None, rule)
            mended = mended[: at - start] + better + mended[until - start :]
        completion = mended
    return Judged(None, rule)


def _added(rules: Sequence[Rule], path: str, head: str, completion: str, tail: str) -> list[tuple[Violation, int, int]]:
    """Violations that lie in the completion or reach into it, with their places in the whole text."""
    text = head + completion + tail
    starts = [0, *(match.end() for match in re.finditer(r"\n", text))]
    found: list[tuple[Violation, int, int]] = []
    for violation in check_text(rules, path, text).violations:
        at = starts[violation.line] + violation.column
        until = starts[violation.end_line] + violation.end_column
        if until > len(head) and at < len(head) + len(completion):
            found.append((violation, at, until))
    return found


def _may_break(rule: Rule, written: str) -> bool:
    """Whether a text could break a rule at all; of the checks only those that look at a place."""
    match rule.check:
        case ForbidReference():
            return any(max(re.findall(r"\w+", name) or [name], key=len) in written for name in rule.check.names)
        case ForbidImport():
            return any(module.strip("*") in written for module in rule.check.modules)
        case ForbidText():
            return not rule.check.text or rule.check.text in written
        case ForbidConstruct():
            return True
    return False
