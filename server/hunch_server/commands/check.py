"""`hunch check`: run the checks that the rules became, for CI, hooks and people."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Any

import click
from rich.markup import escape

from hunch_features.constraints.engine import Violation
from hunch_features.constraints.rulebook import check_file, files_below
from hunch_models.errors import HunchError
from hunch_server.commands import FINE, FOUND
from hunch_server.commands.output import console, json_option, print_json
from hunch_server.commands.rules import contributing_option, root_option, rulebook


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@root_option
@contributing_option
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", help="How to print.")
@json_option
def command(paths: tuple[Path, ...], root: Path, contributing: bool, form: str, as_json: bool) -> int:
    """Check files, or the whole repository, against its rules. Exit code 1: violations were found."""
    started = perf_counter()
    book = rulebook(root, contributing)
    top = root.resolve()
    starts = [_inside(top, path) for path in paths] or [top]
    violations: list[Violation] = []
    skipped = list(book.skipped)
    files = 0
    for path in files_below(top, starts):
        files += 1
        checked = check_file(book, top, path)
        violations += checked.violations
        skipped += checked.skipped
    result = {
        "violations": [violation_json(violation) for violation in violations],
        "rules": len(book.enforced),
        "files": files,
        "seconds": round(perf_counter() - started, 3),
        "skipped": [{"what": what, "why": why} for what, why in skipped],
    }
    if as_json or form == "json":
        print_json(result)
    else:
        _print(violations, result, github=form == "github")
    return FOUND if violations else FINE


def _inside(root: Path, path: Path) -> Path:
    full = path.resolve()
    if not full.exists():
        raise HunchError(f"{path}: no such file or folder", "give paths below the root")
    if not full.is_relative_to(root):
        raise HunchError(f"{path}: not below {root}", "give another --root")
    return full


def violation_json(violation: Violation) -> dict[str, Any]:
    """The contract's fields; lines and columns count from 1."""
    rule = violation.rule
    return {
        "rule_id": rule.id,
        "message": violation.message,
        "severity": rule.severity,
        "path": violation.path,
        "line": violation.line + 1,
        "column": violation.column + 1,
        "end_line": violation.end_line + 1,
        "end_column": violation.end_column + 1,
        "source": {"path": rule.source.path, "line": rule.source.line, "text": rule.text},
    }


def _print(violations: list[Violation], result: dict[str, Any], *, github: bool) -> None:
    screen = console()
    for violation in violations:
        rule = violation.rule
        if github:
            place = f"file={violation.path},line={violation.line + 1},col={violation.column + 1}"
            level = "error" if rule.severity == "error" else "warning"
            click.echo(
                f"::{level} {place},title=Hunch {rule.id}::{violation.message} ({rule.source.path}:{rule.source.line})"
            )
            continue
        place = f"{violation.path}:{violation.line + 1}:{violation.column + 1}"
        words = f"{rule.source.path}:{rule.source.line} {rule.text}"
        screen.print(f"[bold]{escape(place)}[/bold] {escape(violation.message)}", soft_wrap=True)
        screen.print(f"    [dim]{escape(words)}[/dim] ({rule.id})", soft_wrap=True)
    for entry in result["skipped"]:
        click.echo(f"skipped: {entry['what']}: {entry['why']}", err=True)
    counted = f"{len(violations)} violations of {result['rules']} rules in {result['files']} files"
    click.echo(f"{counted}, {result['seconds']:.1f} s", err=True)
