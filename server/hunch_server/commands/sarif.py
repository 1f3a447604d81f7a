"""Violations as SARIF 2.1.0, for code scanning, and as annotations of GitHub's workflow commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from hunch_features.constraints.engine import Violation
from hunch_features.constraints.rule import Rule
from hunch_server import __version__

if TYPE_CHECKING:
    from hunch_features.constraints.opinions import Opinion

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(
    violations: Sequence[Violation],
    rules: Sequence[Rule],
    skipped: Sequence[tuple[str, str]],
    views: Sequence[Opinion] = (),
) -> dict[str, Any]:
    """One SARIF log with one run; rules that no file broke are named too. Columns count code points."""
    rules = [*rules, *dict.fromkeys(view.rule for view in views)]
    places = {rule.id: number for number, rule in enumerate(rules)}
    driver = {"name": "Hunch", "version": __version__, "rules": [_rule(rule) for rule in rules]}
    notes = [{"level": "note", "message": {"text": f"{what}: {why}"}} for what, why in skipped]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notes}],
        "results": [
            *(_result(violation, places) for violation in violations),
            *(_opinion(view, places) for view in views),
        ],
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.text},
        "help": {"text": f"{rule.text} ({rule.source.path}:{rule.source.line})"},
        "defaultConfiguration": {"level": rule.severity},
    }


def _result(violation: Violation, places: dict[str, int]) -> dict[str, Any]:
    rule = violation.rule
    return {
        "ruleId": rule.id,
        "ruleIndex": places[rule.id],
        "level": rule.severity,
        "message": {"text": f"{violation.message} ({rule.source.path}:{rule.source.line}: {rule.text})"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(violation.path), "uriBaseId": "%SRCROOT%"},
                    "region": {
                        "startLine": violation.line + 1,
                        "startColumn": violation.column + 1,
                        "endLine": violation.end_line + 1,
                        "endColumn": violation.end_column + 1,
                    },
                }
            }
        ],
    }


def _opinion(view: Opinion, places: dict[str, int]) -> dict[str, Any]:
    """A result to be looked at: SARIF 2.1.0 (3.27.10) wants the level "none" for any kind but "fail"."""
    rule, hunk = view.rule, view.hunk
    return {
        "ruleId": rule.id,
        "ruleIndex": places[rule.id],
        "kind": "review",
        "level": "none",
        "message": {"text": f"{view.message} ({rule.source.path}:{rule.source.line}: {rule.text})"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(hunk.path), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": hunk.line + 1, "endLine": hunk.end_line + 1},
                }
            }
        ],
        "properties": {"tags": ["opinion"], "probability": round(view.probability, 3)},
    }


def github_notice(view: Opinion) -> str:
    """An opinion as a workflow command that fails nothing."""
    rule, hunk = view.rule, view.hunk
    title = _property(f"Hunch opinion {rule.id}")
    place = f"file={_property(hunk.path)},line={hunk.line + 1},endLine={hunk.end_line + 1},title={title}"
    return f"::notice {place}::{_data(f'{view.message} ({rule.source.path}:{rule.source.line}: {rule.text})')}"


def github_annotation(violation: Violation) -> str:
    """A workflow command: one line, with what would end or change it escaped as GitHub asks."""
    rule = violation.rule
    level = "error" if rule.severity == "error" else "warning"
    title = _property(f"Hunch {rule.id}")
    place = f"file={_property(violation.path)},line={violation.line + 1},col={violation.column + 1},title={title}"
    said = _data(f"{violation.message} ({rule.source.path}:{rule.source.line}: {rule.text})")
    return f"::{level} {place}::{said}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
