"""The rules of the workspace's folders, and the diagnostics that come of them on open and save.

Compiling and checking run in a thread: the event loop only hands texts over and takes diagnostics back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from lsprotocol import types as lsp

from hunch_features.completion.filters import Drop
from hunch_features.completion.reasons import Reason
from hunch_features.constraints.architecture import check_structure, module_roots, on_disk
from hunch_features.constraints.engine import Checked, Violation, check_text, replacement
from hunch_features.constraints.files import NAMES
from hunch_features.constraints.ignores import comment
from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rulebook import Rulebook, compile_root
from hunch_features.constraints.rules_file import PATH
from hunch_features.constraints.suggestions import judge
from hunch_features.syntax import SyntaxTree
from hunch_features.text import Position, Snapshot
from hunch_server import convert
from hunch_server.session import OpenDocument
from hunch_server.settings import RulesSettings

log = logging.getLogger(__name__)

SEVERITY = {
    "error": lsp.DiagnosticSeverity.Error,
    "warning": lsp.DiagnosticSeverity.Warning,
    "information": lsp.DiagnosticSeverity.Information,
    "hint": lsp.DiagnosticSeverity.Hint,
}
SOURCE = "hunch"
OPEN_RULE = "hunch.openRule"
REASON = "because of …"
"""Stands in the comment until the person has written the reason."""


def is_instruction_file(path: Path) -> bool:
    """Whether a file may hold rules, so that a change of it counts."""
    if path.parts[-2:] == PurePosixPath(PATH).parts:
        return True
    return path.name in NAMES or path.suffix == ".mdc" or path.name.endswith("instructions.md")


def check_document(book: Rulebook, root: Path, path: str, text: str, previous: SyntaxTree | None = None) -> Checked:
    """All that one file can break by itself, circles and diffs left to `hunch check`."""
    checked = check_text(book.enforced, path, text, previous=previous)
    structure = [rule for rule in book.enforced if rule.kind == "architecture"]
    if not structure:
        return checked
    more = check_structure(structure, path, text, on_disk(root), module_roots(root))
    return Checked((*checked.violations, *more.violations), (*checked.skipped, *more.skipped), checked.tree)


class _Found(NamedTuple):
    """What the last check of a document gave, and the tree that the next one starts from."""

    snapshot: Snapshot | None
    violations: Sequence[Violation]
    tree: SyntaxTree | None = None


_NOTHING = _Found(None, ())


class RuleChecks:
    """Keeps one rulebook per folder and checks open documents against it."""

    def __init__(self, publish: Callable[[str, list[lsp.Diagnostic]], None]) -> None:
        self._publish = publish
        self._books: dict[Path, Rulebook] = {}
        """The last that was compiled; in force until its successor is."""
        self._compiling: dict[Path, asyncio.Task[Rulebook]] = {}
        """What the folder says now, compiled or on its way."""
        self._latest: dict[str, object] = {}
        """The last check that was begun of each document: an earlier one that ends later says nothing."""
        self._found: dict[str, _Found] = {}
        self._settings = RulesSettings()

    def follow(self, settings: RulesSettings) -> bool:
        """Show broken rules in another way from now on; whether that is a change."""
        changed, self._settings = settings != self._settings, settings
        return changed

    def forget(self) -> None:
        """Instruction files changed: compile anew at the next check."""
        self._compiling.clear()

    async def check(self, opened: OpenDocument, roots: Sequence[Path]) -> None:
        """Check a document as it is now and publish what was found; outside of all folders nothing is."""
        root = _root_of(opened.path, roots)
        if root is None or opened.document is None or opened.path is None:
            return
        turn = self._latest[opened.uri] = object()
        snapshot = opened.document.snapshot()
        book = await self._book(root)
        if not book.enforced and opened.uri not in self._found:
            return
        relative = opened.path.relative_to(root).as_posix()
        before = self._found.get(opened.uri, _NOTHING)
        checked = await asyncio.to_thread(check_document, book, root, relative, snapshot.text(), before.tree)
        for rule_id, why in checked.skipped:
            log.info("rule %s skipped: %s", rule_id, why)
        if self._latest.get(opened.uri) is not turn:
            return
        violations = () if self._settings.severity == "off" else checked.violations
        self._found[opened.uri] = _Found(snapshot, violations, checked.tree or before.tree)
        self._publish(opened.uri, diagnostics(snapshot, violations, self._settings))

    def closed(self, uri: str) -> None:
        """Forget what was found in a document."""
        self._found.pop(uri, None)
        self._latest.pop(uri, None)

    def actions(self, uri: str, wanted: lsp.Range) -> list[lsp.CodeAction]:
        """What can be done about the violations that touch a range: fix, ignore with a reason, open the rule."""
        snapshot, violations, _ = self._found.get(uri, _NOTHING)
        actions: list[lsp.CodeAction] = []
        if snapshot is None:
            return actions
        for violation in violations:
            diagnostic = _diagnostic(snapshot, violation)
            if _touch(diagnostic.range, wanted):
                actions += _actions(uri, snapshot, violation, diagnostic)
        return actions

    def found(self, uri: str) -> tuple[Snapshot, Sequence[Violation]] | None:
        """What the last check of a document gave, and the text that was checked."""
        last = self._found.get(uri)
        return (last.snapshot, last.violations) if last is not None and last.snapshot is not None else None

    def enforced(self, root: Path) -> Sequence[Rule]:
        """The rules of a folder that have a check; none before they were compiled."""
        book = self._books.get(root)
        return book.enforced if book is not None else ()

    def broken(self, uri: str, wanted: lsp.Range) -> dict[str, tuple[Rule, lsp.Diagnostic]]:
        """Rules that are broken within a range, by their ids, each with the first place."""
        snapshot, violations, _ = self._found.get(uri, _NOTHING)
        found: dict[str, tuple[Rule, lsp.Diagnostic]] = {}
        for violation in violations:
            if snapshot is not None and violation.rule.id not in found:
                diagnostic = _diagnostic(snapshot, violation)
                if _touch(diagnostic.range, wanted):
                    found[violation.rule.id] = (violation.rule, diagnostic)
        return found

    def root_of(self, path: Path | None, roots: Sequence[Path]) -> Path | None:
        """The innermost folder of the workspace that holds a file."""
        return _root_of(path, roots)

    def keep_rules(
        self, path: Path | None, roots: Sequence[Path], snapshot: Snapshot, position: Position, completion: str
    ) -> str | Drop:
        """A completion as the rules allow it. Rules that are not compiled yet forbid nothing: nobody waits for them."""
        root = _root_of(path, roots)
        book = self._books.get(root) if root is not None else None
        if root is None or path is None or book is None or not book.enforced:
            return completion
        judged = judge(book.enforced, path.relative_to(root).as_posix(), snapshot, position, completion)
        if judged.text is None and judged.rule is not None:
            rule = judged.rule
            return Drop(Reason.BREAKS_RULE, f"{rule.text.rstrip('.')}, {rule.source.path}:{rule.source.line}")
        return completion if judged.text is None else judged.text

    async def _book(self, root: Path) -> Rulebook:
        """The rules as the folder says them now: what was read before a change is not waited for in vain."""
        while True:
            task = self._compiling.get(root)
            if task is None:
                task = self._compiling[root] = asyncio.ensure_future(asyncio.to_thread(compile_root, root))
                task.add_done_callback(lambda done: self._compiled(root, done))
            book = await asyncio.shield(task)
            if self._compiling.get(root) is task:
                return book

    def _compiled(self, root: Path, task: asyncio.Task[Rulebook]) -> None:
        if self._compiling.get(root) is not task:
            return
        if task.cancelled() or task.exception() is not None:
            del self._compiling[root]
            return
        book = self._books[root] = task.result()
        for what, why in book.skipped:
            log.info("rules left out: %s: %s", what, why)


def _root_of(path: Path | None, roots: Sequence[Path]) -> Path | None:
    inside = [root for root in roots if path is not None and path.is_relative_to(root)]
    return max(inside, key=lambda root: len(PurePosixPath(root).parts), default=None)


def diagnostics(snapshot: Snapshot, violations: Sequence[Violation], settings: RulesSettings) -> list[lsp.Diagnostic]:
    """As the editor shows them: the rule's own words, its id as code, its place as data."""
    most = settings.max_diagnostics
    shown = [_diagnostic(snapshot, violation, settings.severity) for violation in violations[:most]]
    if len(violations) > most:
        shown[-1].message = f"and {len(violations) - most + 1} more places that break rules"
    return shown


def _diagnostic(snapshot: Snapshot, violation: Violation, severity: str = "as_written") -> lsp.Diagnostic:
    rule = violation.rule
    start = snapshot.line_start(violation.line) + violation.column
    end = snapshot.line_start(violation.end_line) + violation.end_column
    return lsp.Diagnostic(
        range=convert.range_to_lsp(snapshot, start, end),
        message=f"{violation.message}\n{rule.text} ({rule.source.path}:{rule.source.line})",
        severity=SEVERITY.get(severity, SEVERITY[rule.severity]),
        code=rule.id,
        source=SOURCE,
        data={"rule": rule.id, "source": {"path": rule.source.path, "line": rule.source.line, "text": rule.text}},
    )


def _touch(a: lsp.Range, b: lsp.Range) -> bool:
    def key(position: lsp.Position) -> tuple[int, int]:
        return position.line, position.character

    return key(a.start) <= key(b.end) and key(b.start) <= key(a.end)


def _actions(uri: str, snapshot: Snapshot, violation: Violation, diagnostic: lsp.Diagnostic) -> list[lsp.CodeAction]:
    rule = violation.rule
    actions: list[lsp.CodeAction] = []
    start = snapshot.line_start(violation.line) + violation.column
    end = snapshot.line_start(violation.end_line) + violation.end_column
    better = replacement(violation, snapshot.slice(start, end))
    if better is not None:
        actions.append(
            _edit(f"Use `{better}`", uri, diagnostic, lsp.TextEdit(diagnostic.range, better), preferred=True)
        )
    line = snapshot.line(violation.line)
    said = comment(snapshot.language, rule.id, REASON)
    if said is not None:
        at = convert.position_to_lsp(snapshot, Position(violation.line, len(line.rstrip())))
        edit = lsp.TextEdit(lsp.Range(at, at), f"  {said}")
        actions.append(_edit("Ignore this rule here, with a reason", uri, diagnostic, edit, preferred=False))
    actions.append(
        lsp.CodeAction(
            title=f"Open the rule ({rule.source.path}:{rule.source.line})",
            kind=lsp.CodeActionKind.QuickFix,
            diagnostics=[diagnostic],
            command=lsp.Command(
                title="Open the rule", command=OPEN_RULE, arguments=[uri, rule.source.path, rule.source.line]
            ),
        )
    )
    return actions


def _edit(title: str, uri: str, diagnostic: lsp.Diagnostic, edit: lsp.TextEdit, *, preferred: bool) -> lsp.CodeAction:
    return lsp.CodeAction(
        title=title,
        kind=lsp.CodeActionKind.QuickFix,
        diagnostics=[diagnostic],
        is_preferred=preferred,
        edit=lsp.WorkspaceEdit(changes={uri: [edit]}),
    )
