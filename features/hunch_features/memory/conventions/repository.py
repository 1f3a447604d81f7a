"""The habits of one repository, learnt from what came before a commit, or from everything there is."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import msgspec

from hunch_features.git import run_git
from hunch_features.memory.conventions.convention import Convention
from hunch_features.memory.conventions.files_at import Entry, entries_at, files_on_disk, read_entries
from hunch_features.memory.conventions.learning import Evidence, gather, learn_code
from hunch_features.memory.conventions.messages import NEWEST, Message, learn_messages
from hunch_features.memory.conventions.reading import all_shown
from hunch_features.memory.conventions.statements import ORDER
from hunch_features.memory.conventions.wrappers import learn_wrappers
from hunch_features.memory.history.history import History
from hunch_models.errors import HunchError

YEAR_S = 365 * 86_400
"""Code written in the year before counts as recent; in a younger repository, in the later half of its life."""


VERSION = 2
"""Counted up when the same code would give other habits."""


@dataclass(frozen=True, slots=True)
class Learned:
    """Habits, those that say most first. `commit`: what they were learnt from; empty for files without git."""

    conventions: tuple[Convention, ...]
    commit: str
    files: int
    messages: int
    notes: tuple[str, ...]
    seconds: float

    def find(self, convention_id: str) -> Convention | None:
        """The habit with an id."""
        return next((one for one in self.conventions if one.id == convention_id), None)


def learn(root: Path, history: History, before: str | None = None) -> Learned:
    """Learn from what was committed before the commit `before`, or up to now.

    Reads new commits first. Blocks for seconds. Raises HunchError for a commit that does not exist.
    """
    started = perf_counter()
    notes = history.refresh().notes
    commit = _commit_before(root, before) if before is not None else _head(root)
    kept = Kept(history.store.path)
    if commit and (known := kept.read(commit, before)) is not None:
        return replace(known, notes=notes, seconds=perf_counter() - started)
    if commit:
        evidence = evidence_at(root, commit)
        messages = [Message(*row) for row in history.store.messages(history.moment(before), NEWEST)]
    elif before is None:
        evidence = gather(list(all_shown(files_on_disk(root))), [], [], "")
        messages = []
    else:
        evidence, messages = Evidence([]), []
        notes = (*notes, f"nothing was committed before {before}")
    found = [*learn_code(evidence), *learn_wrappers(evidence.shown), *learn_messages(messages)]
    found.sort(key=lambda one: (ORDER.index(one.about), -one.confidence, one.id))
    learned = Learned(tuple(found), commit, len(evidence.shown), len(messages), notes, perf_counter() - started)
    if commit:
        kept.write(learned, before)
    return learned


class Kept:
    """What was learnt last, beside the history: the same commit gives the same habits."""

    def __init__(self, history: Path) -> None:
        self._path = history.with_name(f"{history.stem.removesuffix('-history')}-conventions.json")

    def read(self, commit: str, before: str | None) -> Learned | None:
        """What was learnt from a commit, if it was the last one asked for."""
        try:
            known = msgspec.json.decode(self._path.read_bytes(), type=_File)
        except (OSError, ValueError):
            return None
        return known.learned if (known.version, known.key) == (VERSION, self._key(commit, before)) else None

    def write(self, learned: Learned, before: str | None) -> None:
        """Remember it; a full disk only costs time."""
        part = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as stream:
                stream.write(msgspec.json.encode(_File(VERSION, self._key(learned.commit, before), learned)))
            part.replace(self._path)
        except OSError:
            part.unlink(missing_ok=True)

    @staticmethod
    def _key(commit: str, before: str | None) -> str:
        return f"{commit} {before or ''}"


class _File(msgspec.Struct, frozen=True):
    version: int
    key: str
    learned: Learned


def evidence_at(root: Path, commit: str) -> Evidence:
    """What the code at a commit shows, with what of it was written lately."""
    entries = entries_at(root, commit)
    old_commit, since = _earlier(root, commit)
    old = entries_at(root, old_commit) if old_commit else []
    return evidence_between(root, entries, old, since)


def evidence_between(root: Path, entries: Sequence[Entry], old: Sequence[Entry], since: str) -> Evidence:
    """The same for the files of two commits; `since` is the day of the earlier one, empty where there is none."""
    known = {(entry.path, entry.blob) for entry in old}
    now = {(entry.path, entry.blob) for entry in entries}
    shown = list(all_shown(read_entries(root, entries)))
    gone = [entry for entry in old if (entry.path, entry.blob) not in now]
    unchanged = [entry.path for entry in entries if (entry.path, entry.blob) in known]
    return gather(shown, list(all_shown(read_entries(root, gone))), unchanged, since)


def _head(root: Path) -> str:
    """The newest commit of a folder; empty without git and without commits."""
    try:
        return run_git(root, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).decode("ascii").strip()
    except HunchError:
        return ""


def _commit_before(root: Path, before: str) -> str:
    """The first parent of a commit; empty for one that has none. Raises HunchError for one that does not exist."""
    name = ["rev-parse", "--verify", "--quiet", "--end-of-options"]
    try:
        sha = run_git(root, [*name, f"{before}^{{commit}}"]).decode("ascii").strip()
    except HunchError as error:
        raise HunchError(f"no commit {before}", "give a commit of this repository") from error
    try:
        return run_git(root, [*name, f"{sha}^1"]).decode("ascii").strip()
    except HunchError:
        return ""


def _earlier(root: Path, commit: str) -> tuple[str, str]:
    """The commit after which code counts as recent, and the day; empty for a history too short to have one."""
    plain = ["log", "--no-show-signature", "--format=%H %ct"]
    newest = _lines(root, [*plain, "-1", commit])
    first = _lines(root, [*plain, "--max-parents=0", commit])
    if not newest or not first:
        return "", ""
    now, begin = int(newest[0][1]), min(int(time) for _sha, time in first)
    at = max(now - YEAR_S, (now + begin) // 2)
    found = _lines(root, [*plain, "-1", f"--before={at}", commit])
    if not found or found[0][0] == commit:
        return "", ""
    return found[0][0], datetime.fromtimestamp(at, UTC).date().isoformat()


def _lines(root: Path, arguments: Sequence[str]) -> list[list[str]]:
    try:
        text = run_git(root, [*arguments, "--"]).decode("ascii", "replace")
    except HunchError:
        return []
    return [parts for line in text.splitlines() if len(parts := line.split()) == 2 and parts[1].isdigit()]
