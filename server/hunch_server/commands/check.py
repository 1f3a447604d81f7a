"""`hunch check`: run the checks that the rules became, for CI, hooks and people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from hunch_features.constraints.changes import Change, changes_since, staged_changes
from hunch_features.constraints.checking import Remembered, Result, check_all, check_changes
from hunch_features.constraints.engine import Violation
from hunch_features.constraints.rulebook import files_below
from hunch_features.guard.messages import message_violations
from hunch_models.errors import HunchError
from hunch_server.adapters.home import hunch_home
from hunch_server.commands import FINE, FOUND
from hunch_server.commands.output import console, json_option, print_json
from hunch_server.commands.rules import contributing_option, root_option, rulebook
from hunch_server.commands.sarif import github_annotation, github_notice, sarif

if TYPE_CHECKING:
    from hunch_features.constraints.opinions import Opinion

FORMATS = ("text", "json", "sarif", "github")


@click.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@root_option
@contributing_option
@click.option(
    "--changed",
    metavar="[REF]",
    is_flag=False,
    flag_value="HEAD",
    help="Only what the work tree adds to a commit. Default: the last one.",
)
@click.option("--staged", is_flag=True, help="Only what is staged for the next commit adds.")
@click.option(
    "--message",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Only the message of a commit, in a file: for a `commit-msg` hook.",
)
@click.option("--with-opinion", is_flag=True, help="Ask a model about rules without a check, for a change only.")
@click.option("--opinions", type=click.IntRange(min=1), default=20, show_default=True, help="Most questions to it.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How to print.")
@json_option
def command(
    paths: tuple[Path, ...],
    root: Path,
    contributing: bool,
    changed: str | None,
    staged: bool,
    message: Path | None,
    with_opinion: bool,
    opinions: int,
    form: str,
    as_json: bool,
) -> int:
    """Check files, or the whole repository, against its rules. Exit code 1: violations were found."""
    started = perf_counter()
    if changed is not None and staged:
        raise HunchError("--changed and --staged exclude each other", "give one of them")
    if with_opinion and changed is None and not staged:
        raise HunchError("--with-opinion is about a change", "add --changed or --staged")
    book = rulebook(root, contributing)
    top = root.resolve()
    starts = [_inside(top, path) for path in paths] or [top]
    views: list[Opinion] = []
    unasked: list[tuple[str, str]] = []
    if message is not None:
        found = Result(tuple(message_violations(book.enforced, message.name, message.read_text("utf-8", "replace"))), 1)
    elif staged or changed is not None:
        changes = _changes(top, starts, changed)
        found = check_changes(book, top, changes, staged=staged)
        if with_opinion:
            from hunch_features.constraints.opinions import Limits  # noqa: PLC0415 - only where one is asked
            from hunch_server.commands.check_opinions import ask  # noqa: PLC0415

            views, unasked = ask(book, top, changes, Limits(opinions), staged=staged)
    else:
        found = check_all(book, top, starts, Remembered(hunch_home() / "checks", top, book.rules))
    skipped = (*book.skipped, *found.skipped, *unasked)
    result = {
        "violations": [violation_json(violation) for violation in found.violations],
        "rules": len(book.enforced),
        "files": found.files,
        "seconds": round(perf_counter() - started, 3),
        "skipped": [{"what": what, "why": why} for what, why in skipped],
    }
    if with_opinion:
        from hunch_server.commands.check_opinions import opinion_json  # noqa: PLC0415

        result["opinions"] = [opinion_json(view) for view in views]
    if as_json or form == "json":
        print_json(result)
    elif form == "sarif":
        print_json(sarif(found.violations, book.enforced, skipped, views))
    else:
        _print(found.violations, views, result, github=form == "github")
    return FOUND if found.violations else FINE


def _changes(root: Path, starts: list[Path], ref: str | None) -> list[Change]:
    """What changed below the paths; without a commit to compare with, what is staged."""
    found = staged_changes(root) if ref is None else changes_since(root, ref, files_below(root, [root]))
    return [change for change in found if any((root / change.path).is_relative_to(start) for start in starts)]


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


def _print(violations: Sequence[Violation], views: Sequence[Opinion], result: dict[str, Any], *, github: bool) -> None:
    screen = console()
    for violation in violations:
        rule = violation.rule
        if github:
            click.echo(github_annotation(violation))
            continue
        place = f"{violation.path}:{violation.line + 1}:{violation.column + 1}"
        words = f"{rule.source.path}:{rule.source.line} {rule.text}"
        screen.print(f"[bold]{escape(place)}[/bold] {escape(violation.message)}", soft_wrap=True)
        screen.print(f"    [dim]{escape(words)}[/dim] ({rule.id})", soft_wrap=True)
    for view in views:
        if github:
            click.echo(github_notice(view))
            continue
        place = f"{view.hunk.path}:{view.hunk.line + 1}-{view.hunk.end_line + 1}"
        words = f"{view.rule.source.path}:{view.rule.source.line} {view.rule.text}"
        screen.print(f"[bold]{escape(place)}[/bold] {escape(view.message)}", soft_wrap=True)
        screen.print(f"    [dim]{escape(words)}[/dim] ({view.rule.id})", soft_wrap=True)
    for entry in result["skipped"]:
        click.echo(f"skipped: {entry['what']}: {entry['why']}", err=True)
    counted = f"{len(violations)} violations of {result['rules']} rules in {result['files']} files"
    counted += f", {len(views)} opinions" if "opinions" in result else ""
    click.echo(f"{counted}, {result['seconds']:.1f} s", err=True)
