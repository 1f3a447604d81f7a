"""Brings the history store up to what git has: new commits are added, those that a rewrite took away are forgotten."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

from hunch_features.git import run_git
from hunch_features.memory.history.git_log import MOST_COMMITS, commits
from hunch_features.memory.history.store import HistoryStore
from hunch_features.memory.history.symbols import touched_symbols
from hunch_models.errors import HunchError

MISSING = "unable to read"
"""What git says of a content that it should have and has not."""


@dataclass(frozen=True, slots=True)
class Mined:
    """Commits remembered now (no merges), added and forgotten by this run; `notes` says what is missing and why."""

    commits: int
    added: int = 0
    removed: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """Where a repository stands: its newest commit, and what changes how its history is read."""

    tip: str
    shallow: bool
    partial: bool


def head_of(root: Path) -> Head | str:
    """Where git stands in a folder, or in words why there is nothing to learn from."""
    try:
        shallow = run_git(root, ["rev-parse", "--is-shallow-repository"]).strip() == b"true"
    except HunchError as error:
        missing = "not a git repository" in error.message
        return "not a git repository: there is no history" if missing else error.one_line()
    try:
        tip = run_git(root, ["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).decode("ascii").strip()
    except HunchError:
        return "no commits yet"
    try:
        partial = bool(run_git(root, ["config", "--get", "extensions.partialClone"]).strip())
    except HunchError:
        partial = False
    return Head(tip, shallow, partial)


def mine(
    root: Path, store: HistoryStore, most: int = MOST_COMMITS, *, with_symbols: bool = True, incomplete: bool = False
) -> Mined:
    """Bring the store up to date. What git cannot tell is a note, never an error; raises sqlite3.DatabaseError.

    `incomplete` says that contents are missing, as in a partial clone; found out here where git does not know it.
    """
    started = perf_counter()
    head = head_of(root)
    if isinstance(head, str):
        return Mined(store.count(), notes=(head,))
    mode = f"{head.shallow} {head.partial}"
    if incomplete:
        head = replace(head, partial=True)
    notes = _notes(head)
    try:
        tip = store.fact("tip") if store.fact("mode") == mode else ""
        if tip == head.tip:
            return Mined(store.count(), seconds=perf_counter() - started, notes=notes)
        with store.transaction():
            gone = _gone(root, tip, head.tip, most) if tip else None
            removed = 0
            if gone is None:
                removed = store.count()
                store.clear()
            elif gone:
                removed = store.remove(gone)
            revisions = [head.tip] if gone is None else [head.tip, f"^{tip}"]
            symbols, why = ({}, "") if head.partial or not with_symbols else touched_symbols(root, revisions)
            found = commits(root, revisions, most, renames="-M100%" if head.partial else "-M", shallow=head.shallow)
            added = store.add((commit, symbols.get(commit.sha, ())) for commit in found)
            store.keep_newest(most)
            store.set_facts(tip=head.tip, mode=mode)
            count = store.count()
    except HunchError as error:
        if MISSING in error.message and not head.partial:
            return mine(root, store, most, with_symbols=with_symbols, incomplete=True)
        return Mined(store.count(), seconds=perf_counter() - started, notes=(*notes, error.one_line()))
    except sqlite3.OperationalError as error:
        return Mined(0, seconds=perf_counter() - started, notes=(*notes, f"the history cannot be written now: {error}"))
    if why:
        notes = (*notes, f"definitions of some changes are missing: {why}")
    if count >= most:
        notes = (*notes, f"only the newest {most} commits are remembered")
    return Mined(count, added, removed, perf_counter() - started, notes)


def _notes(head: Head) -> tuple[str, ...]:
    notes = []
    if head.shallow:
        notes.append("a shallow clone: older history is missing (`git fetch --unshallow` brings it)")
    if head.partial:
        notes.append("contents are missing, as in a partial clone: only exact renames are followed, and no definitions")
    return tuple(notes)


def _gone(root: Path, old: str, new: str, most: int) -> list[str] | None:
    """Commits of the old tip that the new one does not have; None when git does not know the old tip any more."""
    try:
        listed = run_git(root, ["rev-list", f"--max-count={most}", old, f"^{new}", "--"])
    except HunchError:
        return None
    shas = listed.decode("ascii").split()
    return shas if len(shas) < most else None
