"""Next edits that really followed: commits of several hunks, the first one made, the others to be foreseen.

Trees come from bare histories, read object by object; nothing is checked out and nothing of a repository is run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hunch_features.git import run_git
from hunch_features.memory.history.history import History
from hunch_features.memory.paths import Paths
from hunch_features.memory.walk import MAX_FILE_BYTES, decode, language_of
from hunch_features.next_edit.edit import EditJustMade
from hunch_features.next_edit.repository import MAX_RELATED, MAX_USERS
from hunch_features.next_edit.source import Source, words_in
from hunch_features.next_edit.twins import twins
from hunch_features.text import Edit
from hunch_features.traces.importers.files import read_lines
from hunch_models.errors import HunchError

NEAR = 3
"""Lines between a place and a hunk's changed lines, at most, for the place to be right."""
MAX_HUNKS = 40


class _File(msgspec.Struct):
    path: str
    status: str
    hunks: list[tuple[int, int, int, int, str, str]]


class CommitRow(msgspec.Struct):
    """One commit of the data set."""

    repo: str
    sha: str
    parent: str
    time: int
    files: list[_File]
    ai_coauthored: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Lines `start`…`end` (end excluded; equal for an insertion) of a file that a later hunk changed to `new`."""

    path: str
    hunk: int
    start: int
    end: int
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A commit of which the first hunk was made; `targets` are in the lines of the state after it."""

    repo: str
    sha: str
    parent: str
    time: int
    edit: EditJustMade
    targets: tuple[Target, ...]


def read_commits(path: Path) -> Iterator[CommitRow]:
    """Rows of `commits.jsonl.gz`. Raises ImportFileError."""
    return read_lines(path, CommitRow)


class CommitTree:
    """A repository as it was at a commit, its first hunk made, for `next_edit.candidates`."""

    def __init__(self, root: Path, commit: str, time: int, edit: EditJustMade, history: History | None = None) -> None:
        self._root = root
        self._commit = commit
        self._time = time
        self._edit = edit
        self._history = history
        self._paths: Paths | None = None

    def files_using(self, words: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """By `git grep` in the commit's tree."""
        if not words:
            return {}
        patterns = [part for word in words for part in ("-e", word)]
        try:
            out = run_git(
                self._root,
                [
                    "-c",
                    "grep.threads=2",
                    "grep",
                    "-z",
                    "-o",
                    "-w",
                    "-F",
                    "-I",
                    "--no-color",
                    *patterns,
                    self._commit,
                    "--",
                ],
                timeout_s=60,
            )
        except HunchError:
            return {}
        found: dict[str, set[str]] = {word: set() for word in words}
        lead = len(self._commit) + 1
        for entry in out.split(b"\n"):
            name, _, word = entry.partition(b"\0")
            path = name.decode("utf-8", "replace")[lead:]
            if path and language_of(path) is not None:
                found.setdefault(word.decode("utf-8", "replace"), set()).add(path)
        return {word: sorted(found[word]) for word in words if len(found[word]) <= MAX_USERS}

    def text(self, path: str) -> str | None:
        """From the commit."""
        return self._edit.after if path == self._edit.path else blob(self._root, self._commit, path)

    def imported_from(self, source: Source, name: str) -> str | None:
        """By the text's own imports and the commit's paths."""
        binding = source.imports.get(name)
        if binding is None:
            return None
        paths = self._known_paths()
        if binding.name and source.language == "python":
            inner = paths.imported(source.language, f"{binding.module}.{binding.name}", source.path)
            if inner is not None:
                return inner
        return paths.imported(source.language, binding.module, source.path)

    def _known_paths(self) -> Paths:
        if self._paths is None:
            listed = run_git(self._root, ["ls-tree", "-r", "-z", "--name-only", self._commit])
            self._paths = Paths(path for path in listed.decode("utf-8", "replace").split("\0") if path)
        return self._paths

    def twins(self, path: str) -> Sequence[str]:
        """By the names of the commit's files."""
        return twins(path, self._known_paths())

    def related(self, path: str) -> Mapping[str, float]:
        """From the commits before."""
        if self._history is None:
            return {}
        return {one.path: one.score for one in self._history.related(path, MAX_RELATED, before=self._time)}


def blob(root: Path, commit: str, path: str) -> str | None:
    """Text of a file in a commit; None for one that is missing, binary or too large."""
    try:
        raw = run_git(root, ["cat-file", "blob", f"{commit}:{path}"])
    except HunchError:
        return None
    return decode(raw) if len(raw) <= MAX_FILE_BYTES else None


def case_of(row: CommitRow, root: Path, given: int = 0) -> Case | None:
    """The commit with its `given`-th hunk made; None where it has no other hunk in files that existed before.

    Only files in a language that memory knows count, and only commits of up to 40 hunks.
    """
    files = [file for file in row.files if file.status == "M" and language_of(file.path) is not None]
    hunks = [(file, hunk) for file in files for hunk in file.hunks]
    if not given < len(hunks) or not 2 <= len(hunks) <= MAX_HUNKS:
        return None
    file, hunk = hunks[given]
    before = blob(root, row.parent, file.path)
    if before is None:
        return None
    after = applied(before, hunk)
    if after is None or after == before:
        return None
    shift = hunk[3] - hunk[1]
    targets: list[Target] = []
    for number, (other, their) in enumerate(hunks):
        if number != given:
            moved = shift if other is file and number > given else 0
            targets += [
                Target(other.path, number, start + moved, end + moved, new) for start, end, new in changed_parts(their)
            ]
    edit = EditJustMade(file.path, language_of(file.path) or "plaintext", before, after)
    return Case(row.repo, row.sha, row.parent, row.time, edit, tuple(targets)) if targets else None


def changed_parts(hunk: tuple[int, int, int, int, str, str]) -> list[tuple[int, int, tuple[str, ...]]]:
    """0-based old lines (end excluded) and the new lines of each run of changes in a hunk."""
    line = hunk[0] - 1 if hunk[1] else hunk[0]
    found: list[tuple[int, int, tuple[str, ...]]] = []
    start = -1
    new: list[str] = []
    for text in [*_body(hunk[5]), " "]:
        if text[:1] in "+-" and text:
            if start < 0:
                start, new = line, []
            if text[0] == "+":
                new.append(text[1:])
            else:
                line += 1
            continue
        if start >= 0:
            found.append((start, line, tuple(new)))
            start = -1
        line += 1
    return found


def _body(text: str) -> list[str]:
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line for line in lines if not line.startswith("\\")]


def applied(text: str, hunk: tuple[int, int, int, int, str, str]) -> str | None:
    """The text with a hunk applied; None where it does not fit."""
    lines = text.split("\n")
    body = _body(hunk[5])
    start = hunk[0] - 1 if hunk[1] else hunk[0]
    old = [line[1:] for line in body if line[:1] != "+"]
    new = [line[1:] for line in body if line[:1] != "-"]
    if start < 0 or lines[start : start + len(old)] != old:
        return None
    return "\n".join([*lines[:start], *new, *lines[start + len(old) :]])


def distance(target: Target, line: int) -> int:
    """Lines between a line and a target."""
    if target.start <= line < max(target.end, target.start + 1):
        return 0
    return target.start - line if line < target.start else line - max(target.start, target.end - 1)


def hits(case: Case, path: str, line: int) -> list[Target]:
    """The targets that a place is right about."""
    return [target for target in case.targets if target.path == path and distance(target, line) <= NEAR]


def is_exact(case: Case, path: str, lines: Sequence[str], edits: Sequence[Edit]) -> bool:
    """Whether every line that the edits write is what the commit made of the lines that they replace."""
    groups: list[list[Edit]] = []
    for edit in sorted(edits, key=lambda one: one.start):
        if groups and edit.start.line <= groups[-1][-1].end.line:
            groups[-1].append(edit)
        else:
            groups.append([edit])
    return bool(groups) and all(_is_exact(case, path, lines, group) for group in groups)


def _is_exact(case: Case, path: str, lines: Sequence[str], edits: Sequence[Edit]) -> bool:
    first = edits[0].start.line
    old = list(lines[first : edits[-1].end.line + 1])
    written = edited(old, edits, first)
    while old and written and old[0] == written[0]:
        old, written, first = old[1:], written[1:], first + 1
    while old and written and old[-1] == written[-1]:
        old, written = old[:-1], written[:-1]
    return any(_fits(target, first, old, written) for target in case.targets if target.path == path)


def _fits(target: Target, first: int, old: list[str], written: list[str]) -> bool:
    """Whether lines `old` from number `first` lie among what a target replaced, and `written` in what it wrote."""
    if not target.start <= first <= first + len(old) <= max(target.end, target.start):
        return False
    return _contains(target.new, written) if written else not set(old) & set(target.new)


def is_part(case: Case, path: str, lines: Sequence[str], edits: Sequence[Edit]) -> bool:
    """Whether the commit did what the edits do, and perhaps more: words taken out became fewer, new ones more."""
    return bool(edits) and all(_is_part(case, path, lines, edit) for edit in edits)


def _is_part(case: Case, path: str, lines: Sequence[str], edit: Edit) -> bool:
    gone = Counter(words_in(" ".join(taken(lines, edit))))
    come = Counter(words_in(edit.text))
    for target in case.targets:
        if target.path == path and target.start <= edit.start.line < max(target.end, target.start + 1):
            old = Counter(word for line in lines[target.start : target.end] for word in words_in(line))
            new = Counter(word for line in target.new for word in words_in(line))
            if all(new[word] < old[word] for word in gone - come) and all(
                new[word] > old[word] for word in come - gone
            ):
                return True
    return False


def taken(lines: Sequence[str], edit: Edit) -> list[str]:
    """The text that an edit replaces, line by line."""
    part = list(lines[edit.start.line : edit.end.line + 1])
    if part:
        part[-1] = part[-1][: edit.end.column]
        part[0] = part[0][edit.start.column :]
    return part


def _contains(lines: Sequence[str], part: Sequence[str]) -> bool:
    stripped = [line.rstrip() for line in lines]
    wanted = [line.rstrip() for line in part]
    return any(stripped[at : at + len(wanted)] == wanted for at in range(len(stripped) - len(wanted) + 1))


def edited(lines: Sequence[str], edits: Sequence[Edit], first: int) -> list[str]:
    """Lines, the first of which has the number `first`, with edits made."""
    text = list(lines)
    for edit in sorted(edits, key=lambda one: one.start, reverse=True):
        start, end = edit.start.line - first, edit.end.line - first
        tail = text[end][edit.end.column :] if end < len(text) else ""
        head = text[start][: edit.start.column] if start < len(text) else ""
        text[start : end + 1] = (head + edit.text + tail).split("\n")
    return text
