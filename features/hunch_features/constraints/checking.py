"""Checks a whole repository, or what a change adds to it; remembers what files gave while they and the rules stay."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hunch_features.constraints import engine
from hunch_features.constraints.architecture import (
    check_cycles,
    check_diff,
    check_structure,
    module_roots,
    on_disk,
)
from hunch_features.constraints.changes import Change, added, content
from hunch_features.constraints.engine import Checked, Violation, applies, check_text
from hunch_features.constraints.rule import ForbidCycles, Rule
from hunch_features.constraints.rulebook import Rulebook, check_file, files_below, read_checked

FORMAT = "1"
MAX_REMEMBERED_BYTES = 64 << 20
YOUNG_NS = 2_000_000_000
"""A file changed this short a time ago may change again within the same tick of its clock: it is not remembered."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a check gave: violations in the order of their files, how many files were looked at, what was left out."""

    violations: tuple[Violation, ...]
    files: int
    skipped: tuple[tuple[str, str], ...] = ()


class _Seen(msgspec.Struct, array_like=True):
    mtime_ns: int
    size: int
    # rule id, line, column, end line, end column, message
    violations: list[tuple[str, int, int, int, int, str]] = []
    skipped: list[tuple[str, str]] = []


class _Memory(msgspec.Struct):
    rules: str
    files: dict[str, _Seen]


class Remembered:
    """What files gave at the last check, in one file of the state folder. Lost or damaged, it costs only time."""

    def __init__(
        self, folder: Path, root: Path, rules: Sequence[Rule], now_ns: Callable[[], int] = time.time_ns
    ) -> None:
        name = hashlib.sha256(str(root).encode("utf-8", "replace")).hexdigest()[:16]
        self._path = folder / f"{name}.msgpack"
        self._rules = _fingerprint(rules)
        self._by_id = {rule.id: rule for rule in rules}
        self._now_ns = now_ns
        self._old: dict[str, _Seen] = {}
        self._new: dict[str, _Seen] = {}
        self._changed = False
        try:
            if self._path.stat().st_size <= MAX_REMEMBERED_BYTES:
                memory = msgspec.msgpack.decode(self._path.read_bytes(), type=_Memory)
                self._old = memory.files if memory.rules == self._rules else {}
        except (OSError, msgspec.DecodeError):
            pass  # nothing there, or nothing of use

    def find(self, path: str, status: os.stat_result) -> Checked | None:
        """What a file gave, when neither it nor the rules changed since."""
        seen = self._old.get(path)
        if seen is None or (seen.mtime_ns, seen.size) != (status.st_mtime_ns, status.st_size):
            return None
        self._new[path] = seen
        violations = tuple(
            Violation(self._by_id[rule_id], path, line, column, end_line, end_column, message)
            for rule_id, line, column, end_line, end_column, message in seen.violations
        )
        return Checked(violations, tuple(seen.skipped))

    def add(self, path: str, status: os.stat_result, checked: Checked) -> None:
        """Remember what a file gave."""
        self._changed = True
        if self._now_ns() - status.st_mtime_ns < YOUNG_NS:
            return
        entries = [(v.rule.id, v.line, v.column, v.end_line, v.end_column, v.message) for v in checked.violations]
        self._new[path] = _Seen(status.st_mtime_ns, status.st_size, entries, list(checked.skipped))

    def write(self) -> None:
        """Keep it for the next time; a full disk is no reason to fail."""
        if not self._changed:
            return
        # What was not looked at this time is still known.
        data = msgspec.msgpack.encode(_Memory(self._rules, self._old | self._new))
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary = self._path.with_suffix(f".{os.getpid()}")
            temporary.touch(mode=0o600)
            temporary.write_bytes(data)
            temporary.replace(self._path)
        except OSError:
            return


def _fingerprint(rules: Sequence[Rule]) -> str:
    """Of the rules and of the code that checks them."""
    code = [str(path.stat().st_mtime_ns) for path in sorted(Path(engine.__file__).parent.glob("*.py"))]
    return hashlib.sha256(msgspec.json.encode([FORMAT, code, rules])).hexdigest()


def check_all(book: Rulebook, root: Path, starts: Sequence[Path], remembered: Remembered | None = None) -> Result:
    """Check all files below `starts`."""
    violations: list[Violation] = []
    skipped: list[tuple[str, str]] = []
    files = list(files_below(root, starts))
    structure = [rule for rule in book.enforced if rule.kind == "architecture"]
    exists, roots = on_disk(root), module_roots(root)
    for path in files:
        checked = _checked(book, root, path, remembered)
        violations += checked.violations
        skipped += checked.skipped
        mine = [rule for rule in structure if applies(rule, path)]
        if mine:
            violations += check_structure(mine, path, read_checked(root, path)[0] or "", exists, roots).violations
    if any(isinstance(rule.check, ForbidCycles) for rule in structure):
        circles = check_cycles(structure, sorted(files), lambda path: read_checked(root, path)[0], roots)
        violations += circles.violations
        skipped += circles.skipped
    if remembered is not None:
        remembered.write()
    return Result(tuple(violations), len(files), tuple(skipped))


def _checked(book: Rulebook, root: Path, path: str, remembered: Remembered | None) -> Checked:
    if remembered is None:
        return check_file(book, root, path)
    try:
        status = (root / path).stat()
    except OSError as error:
        return Checked((), ((path, f"cannot be read: {error.strerror or error}"),))
    known = remembered.find(path, status)
    if known is None:
        known = check_file(book, root, path)
        remembered.add(path, status, known)
    return known


def check_changes(book: Rulebook, root: Path, changes: Sequence[Change], *, staged: bool) -> Result:
    """Check what a change adds: violations that the old text of a file had already do not count."""
    violations: list[Violation] = []
    skipped: list[tuple[str, str]] = []
    structure = [rule for rule in book.enforced if rule.kind == "architecture"]
    exists, roots = on_disk(root), module_roots(root)
    files = 0
    for change in changes:
        if change.after is None or change.before == change.after:
            continue
        files += 1
        if not any(applies(rule, change.path) for rule in book.enforced):
            continue
        new, why = (content(root, change.after), "") if staged else read_checked(root, change.path)
        if new is None:
            if why:
                skipped.append((change.path, why))
            continue
        old = (content(root, change.before) or "") if change.before else ""
        after, unusable = _both(book, structure, change.path, new, exists, roots)
        before = _both(book, structure, change.old_path, old, exists, roots)[0] if change.before else []
        skipped += unusable
        violations += added(before, old, after, new)
    whole = check_diff(book.enforced, [change.path for change in changes])
    return Result((*violations, *whole.violations), files, tuple(skipped))


def _both(
    book: Rulebook,
    structure: Sequence[Rule],
    path: str,
    text: str,
    exists: Callable[[str], bool],
    roots: tuple[str, ...],
) -> tuple[list[Violation], tuple[tuple[str, str], ...]]:
    checked = check_text(book.enforced, path, text)
    return [*checked.violations, *check_structure(structure, path, text, exists, roots).violations], checked.skipped
