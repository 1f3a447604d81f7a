"""Notices staging and commits of a folder by two files of git; git itself is asked only when one of them changed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from hunch_features.git import run_git
from hunch_models.errors import HunchError

MOST_FILES = 500
GIT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class GitState:
    """The commit that is checked out ("": none yet), its parents, and the staged files below the folder."""

    head: str
    parents: tuple[str, ...]
    staged: frozenset[str]


@dataclass(frozen=True, slots=True)
class GitChange:
    """What changed between two looks."""

    committed: bool
    staged_more: bool
    state: GitState
    files: frozenset[str] = frozenset()
    """What the new commit changed, below the folder."""


class GitWatch:
    """One folder. `look` is cheap while nothing changed: two file times."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: tuple[Path, ...] | None = None
        self._times: tuple[int, ...] = ()
        self._state: GitState | None = None

    async def look(self) -> GitChange | None:
        """What changed since the last look; None for nothing, for no repository, and at the first look."""
        return await asyncio.to_thread(self._look)

    def _look(self) -> GitChange | None:
        try:
            if self._files is None:
                names = run_git(self.root, ["rev-parse", "--git-path", "index", "--git-path", "logs/HEAD"])
                self._files = tuple(self.root / name for name in names.decode("utf-8", "replace").splitlines())
            times = tuple(_time(path) for path in self._files)
            if times == self._times:
                return None
            self._times = times
            before, self._state = self._state, self._read()
            return self._changed(before, self._state) if before is not None else None
        except HunchError:
            self._files = self._files or ()
            return None

    def _changed(self, before: GitState, now: GitState) -> GitChange:
        if now.head != before.head and (before.head in now.parents or not before.head):
            files = self._names(["diff-tree", "--root", "--no-commit-id", "-r", now.head])
            return GitChange(True, False, now, files)
        return GitChange(False, bool(now.staged - before.staged), now)

    def _read(self) -> GitState:
        try:
            line = run_git(self.root, ["log", "-1", "--format=%H %P"], timeout_s=GIT_TIMEOUT_S).decode(
                "ascii", "replace"
            )
        except HunchError:
            line = ""  # before the first commit
        head, *parents = line.split() or [""]
        against = [head] if head else []
        return GitState(head, tuple(parents), self._names(["diff", "--cached", *against]))

    def _names(self, command: list[str]) -> frozenset[str]:
        """The files that a command lists; git compares nothing with the work tree, which could run filters."""
        how = ["--name-only", "--no-renames", "--relative", "--no-ext-diff", "-z"]
        listed = run_git(self.root, [command[0], *how, *command[1:]], timeout_s=GIT_TIMEOUT_S)
        names = listed.decode("utf-8", "surrogateescape").split("\0")[:MOST_FILES]
        return frozenset(name for name in names if name)


def _time(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
