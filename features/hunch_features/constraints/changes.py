"""What a change touches, and which violations it adds: the files of a commit against the work tree or the index.

Files are compared by their object ids, worked out here: git itself would run a repository's filters to compare them.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hunch_features.constraints.engine import Violation
from hunch_features.git import run_git
from hunch_models.errors import HunchError

MAX_FILE_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Change:
    """A file that differs. `before`, `after`: its object ids; None where it is not there.

    A file that only moved has the same id twice, and its `old_path`.
    """

    path: str
    before: str | None
    after: str | None
    old_path: str


def commit_of(root: Path, ref: str) -> str:
    """The object id of a commit by any of its names. Raises HunchError where there is none."""
    try:
        found = run_git(root, ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}"])
    except HunchError as error:
        if "PATH" in error.message:
            raise
        raise HunchError(f"{ref!r} is no commit here", "name a branch, a tag or a commit of this repository") from error
    return found.decode("ascii").strip()


def staged_changes(root: Path) -> list[Change]:
    """What the index changes against the last commit; all of it before the first one."""
    return _compared(_tree(root, "HEAD", may_be_missing=True), _index(root))


def changes_since(root: Path, ref: str, paths: Iterable[str]) -> list[Change]:
    """What the work tree changes against a commit; `paths` are the files that are there, ignored ones left out."""
    before = _tree(root, commit_of(root, ref))
    kind = "sha256" if any(len(key) == 64 for key in list(before.values())[:1]) else "sha1"
    after: dict[str, str] = {}
    top = root.resolve()
    here = set(paths) | {path for path in before if (root / path).is_file()}
    for path in here:
        if not (root / path).resolve().is_relative_to(top):
            continue  # below a link that leads out
        found = _blob_ids(root / path, kind)
        if found:
            # A work tree may hold Windows line ends where the commit does not.
            after[path] = before[path] if before.get(path) in found else found[0]
    return _compared(before, after)


def content(root: Path, object_id: str) -> str | None:
    """The text of a file by its object id; None where it is none or too large."""
    if int(run_git(root, ["cat-file", "-s", object_id])) > MAX_FILE_BYTES:
        return None
    data = run_git(root, ["cat-file", "blob", object_id])
    try:
        return None if b"\0" in data else data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def added(before: Sequence[Violation], old: str, after: Sequence[Violation], new: str) -> list[Violation]:
    """Violations that were not there before. Moved lines are the same line; a second copy of one is new."""
    known = Counter(_key(violation, old.split("\n")) for violation in before)
    result: list[Violation] = []
    for violation in after:
        key = _key(violation, new.split("\n"))
        if known[key] > 0:
            known[key] -= 1
        else:
            result.append(violation)
    return result


def _key(violation: Violation, lines: Sequence[str]) -> tuple[str, str, str]:
    # What is said of a whole file has no line of its own, and its numbers change with every line.
    whole = (violation.line, violation.column) == (violation.end_line, violation.end_column)
    line = "" if whole or violation.line >= len(lines) else " ".join(lines[violation.line].split())
    return violation.rule.id, re.sub(r"\d+", "0", violation.message), line


def _tree(root: Path, commit: str, *, may_be_missing: bool = False) -> dict[str, str]:
    try:
        listed = run_git(root, ["ls-tree", "-r", "-z", commit])
    except HunchError:
        if may_be_missing and not _has_commits(root):
            return {}
        raise
    found: dict[str, str] = {}
    for entry in listed.split(b"\0"):
        head, _, name = entry.partition(b"\t")
        parts = head.split()
        if len(parts) == 3 and parts[1] == b"blob" and parts[0] != b"120000":
            found[name.decode("utf-8", "surrogateescape")] = parts[2].decode("ascii")
    return found


def _has_commits(root: Path) -> bool:
    return bool(run_git(root, ["for-each-ref", "--count=1", "--format=%(objectname)"]))


def _index(root: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in run_git(root, ["ls-files", "--stage", "-z"]).split(b"\0"):
        head, _, name = entry.partition(b"\t")
        parts = head.split()
        if len(parts) == 3 and parts[0] in (b"100644", b"100755") and parts[2] == b"0":
            found[name.decode("utf-8", "surrogateescape")] = parts[1].decode("ascii")
    return found


def _blob_ids(path: Path, kind: str) -> list[str]:
    """Object ids of a file as it is, and with plain line ends; none for what cannot be read or is a link."""
    try:
        if path.is_symlink() or path.stat().st_size > MAX_FILE_BYTES:
            return []
        data = path.read_bytes()
    except OSError:
        return []
    versions = [data, data.replace(b"\r\n", b"\n")] if b"\r\n" in data else [data]
    return [hashlib.new(kind, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest() for data in versions]


def _compared(before: dict[str, str], after: dict[str, str]) -> list[Change]:
    gone = {key: path for path, key in before.items() if path not in after}
    result = []
    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        moved = gone.get(new) if old is None and new is not None else None
        result.append(Change(path, new if moved else old, new, moved or path))
    return result
