"""`hunch rules`: which rules the instruction files of a repository hold, and the check that each became."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import msgspec
from rich.markup import escape
from rich.table import Table

from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rulebook import Rulebook, compile_root, compiled_rules
from hunch_features.constraints.rules_file import PATH
from hunch_models.errors import HunchError
from hunch_server.commands.output import console, json_option, print_json

STATUSES = ("enforced", "advisory", "unsupported", "vague")
root_option = click.option(
    "--root", type=click.Path(path_type=Path), default=Path(), help="The repository. Default: this folder."
)
contributing_option = click.option("--contributing", is_flag=True, help="Read CONTRIBUTING.md as well.")


@click.group("rules")
def command() -> None:
    """Constraints found in AGENTS.md and its relatives."""


@command.command("list")
@root_option
@contributing_option
@click.option("--status", type=click.Choice(STATUSES), help="Only these.")
@json_option
def list_rules(root: Path, contributing: bool, status: str | None, as_json: bool) -> None:
    """Every rule with its status and where it stands."""
    book = rulebook(root, contributing)
    rules = [rule for rule in book.rules if status in (None, rule.status)]
    if as_json:
        print_json([rule_json(rule) for rule in rules])
        return
    _print(rules, book)


@command.command("compile")
@root_option
@contributing_option
@click.option("--dry-run", is_flag=True, help="Show what is enforced, write nothing.")
@click.option("--with-model", is_flag=True, help="Let a model propose checks for what no pattern understands.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Sentences to ask it about.")
@click.option(
    "--seconds", type=click.FloatRange(min=1), default=60.0, show_default=True, help="Longest time for a sentence."
)
@click.option("--again", is_flag=True, help="Ask about sentences, too, in which the model saw no check before.")
@json_option
def compile_rules(
    root: Path,
    contributing: bool,
    dry_run: bool,
    with_model: bool,
    limit: int,
    seconds: float,
    again: bool,
    as_json: bool,
) -> None:
    """Compile all instruction files into `.hunch/rules.toml`. What people edited there stays as it is."""
    from hunch_features.constraints.rules_writing import refresh  # noqa: PLC0415 - tomlkit, needed here only

    book = rulebook(root, contributing)
    top = root.resolve()
    proposed: list[Rule] = []
    interrupted = False
    if with_model:
        from hunch_features.constraints.proposals import Limits  # noqa: PLC0415 - with a model only
        from hunch_server.commands.rules_proposals import propose  # noqa: PLC0415

        run = propose(top, Limits(limit, seconds), contributing=contributing, again=again)
        proposed, interrupted = run.rules, run.interrupted
    written = None
    if not dry_run:
        written = refresh(top, compiled_rules(top, with_contributing=contributing)[0], proposed)
        book = rulebook(root, contributing)
    by_id = {rule.id: rule for rule in proposed}
    rules = [by_id.get(rule.id, rule) for rule in book.rules]
    if interrupted:
        raise KeyboardInterrupt
    if as_json:
        print_json([rule_json(rule) for rule in rules])
        return
    _print([rule for rule in rules if rule.status == "enforced"], book)
    if written is not None:
        said = f"{written.added} added, {written.refreshed} refreshed, {written.dropped} dropped, {written.kept} kept"
        console().print(f"{PATH}: {said} as edited", markup=False)


@command.command("explain")
@click.argument("rule_id", metavar="ID")
@root_option
@contributing_option
@json_option
def explain(rule_id: str, root: Path, contributing: bool, as_json: bool) -> None:
    """One rule: its words, its check, and why it is or is not enforced."""
    rule = rulebook(root, contributing).rule(rule_id)
    if rule is None:
        raise HunchError(f"no rule {rule_id}", "see `hunch rules list`")
    if as_json:
        print_json(rule_json(rule))
        return
    screen = console()
    screen.print(f"{rule.source.path}:{rule.source.line}  {rule.text}\n", markup=False)
    screen.print(f"kind    {rule.kind}\nstatus  {rule.status}{f': {rule.why}' if rule.why else ''}", markup=False)
    if rule.check is not None:
        screen.print(f"check   {msgspec.json.encode(rule.check).decode()}", markup=False, soft_wrap=True)
        scope = [
            f"below {rule.folder or '.'}",
            *rule.include,
            *(f"not {glob}" for glob in rule.exclude),
            *rule.languages,
        ]
        screen.print(f"where   {', '.join(scope)}", markup=False, soft_wrap=True)
        screen.print(f"level   {rule.severity}", markup=False)
        if rule.origin:
            screen.print("origin  proposed by a model, not looked at by anybody yet", markup=False)
    screen.print(f"change  the [[rule]] with id {rule.id} in {PATH}", markup=False, soft_wrap=True)


def rulebook(root: Path, contributing: bool) -> Rulebook:
    """The rules of a folder. Raises HunchError when it is none, and for mistakes in its `.hunch/rules.toml`."""
    _folder(root)
    book = compile_root(root.resolve(), with_contributing=contributing)
    if book.problems:
        more = f" (and {len(book.problems) - 1} more)" if len(book.problems) > 1 else ""
        raise HunchError(f"{book.problems[0]}{more}", "see docs/rules.md")
    return book


def _folder(root: Path) -> None:
    if not root.is_dir():
        raise HunchError(f"--root {root}: not a folder", "give the repository's folder")


def rule_json(rule: Rule) -> dict[str, Any]:
    """The contract's fields, and why a rule is not enforced."""
    return {
        "id": rule.id,
        "kind": rule.kind,
        "status": rule.status,
        "text": rule.text,
        "source": {"path": rule.source.path, "line": rule.source.line},
        "check": msgspec.to_builtins(rule.check),
        "severity": rule.severity,
        "folder": rule.folder,
        "include": rule.include,
        "exclude": rule.exclude,
        "languages": rule.languages,
        "why": rule.why,
        "origin": rule.origin or None,
    }


def _print(rules: list[Rule], book: Rulebook) -> None:
    screen = console()
    if not book.rules:
        screen.print("No instruction files with rules here (AGENTS.md, CLAUDE.md, .cursor/rules, …).", markup=False)
    else:
        table = Table(box=None, pad_edge=False)
        for column in ("id", "status", "where", "rule"):
            table.add_column(column, no_wrap=column != "rule")
        for rule in rules:
            status = f"{rule.status} (by a model)" if rule.origin else rule.status
            table.add_row(rule.id, status, escape(f"{rule.source.path}:{rule.source.line}"), escape(rule.text))
        screen.print(table)
        counted = ", ".join(f"{sum(rule.status == name for rule in book.rules)} {name}" for name in STATUSES)
        screen.print(f"\n{len(book.rules)} rules: {counted}", markup=False)
    for what, why in book.skipped:
        screen.print(f"left out: {what}: {why}", markup=False)
