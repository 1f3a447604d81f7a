"""Files of a repository worth remembering. What is left out is counted with its reason; links are never followed."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from hunch_features.gitignore import GitIgnore
from hunch_features.syntax.languages import language_of_path

MAX_FILE_BYTES = 1_000_000
MAX_FILES = 100_000
MAX_DEPTH = 40
SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox", "target"})


class FoundFile(NamedTuple):
    """A file by its path below the root (with `/`), size in bytes and time of change in ns."""

    path: str
    language: str
    size: int
    mtime_ns: int


@dataclass(slots=True)
class Skips:
    """How many entries were left out, by reason, and one example of each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    """Folders that could not be read."""

    def add(self, reason: str, path: str) -> None:
        """Count one entry that is left out."""
        self.counts[reason] += 1
        self.examples.setdefault(reason, path)


language_of = lru_cache(maxsize=50_000)(language_of_path)
"""Language of a file name, remembered: a walk asks for the same names again and again."""


def walk(root: Path, skips: Skips) -> Iterator[FoundFile]:
    """Files below `root` in a stable order. What is ignored, linked, large or unknown is counted in `skips`."""
    ignore = GitIgnore(root)
    found = 0
    pending: list[tuple[str, ...]] = [()]
    while pending:
        parts = pending.pop()
        try:
            with os.scandir(root.joinpath(*parts)) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            skips.add("unreadable folder", "/".join(parts))
            skips.unread.append("/".join(parts))
            continue
        folders = []
        for entry in listed:
            below = (*parts, entry.name)
            looked_at = _look_at(entry, below, ignore)
            if isinstance(looked_at, str):
                skips.add(looked_at, "/".join(below).encode("utf-8", "backslashreplace").decode())
            elif looked_at is None:
                folders.append(below)
            elif found >= MAX_FILES:
                skips.add("too many files", looked_at.path)
            else:
                found += 1
                yield looked_at
        pending.extend(reversed(folders))


def look_at(root: Path, path: str) -> FoundFile | str:
    """One file by its path below the root, or the reason to leave it out."""
    below = tuple(path.split("/"))
    ignore = GitIgnore(root)
    if any(part in SKIPPED_FOLDERS for part in below[:-1]) or len(below) > MAX_DEPTH:
        return "ignored"
    for length in range(1, len(below)):
        folder = root.joinpath(*below[:length])
        if folder.is_symlink():
            return "symbolic link"
        if ignore.ignores(below[:length], is_folder=True):
            return "ignored"
    language = language_of(below[-1])
    if language is None:
        return "unknown language"
    if ignore.ignores(below, is_folder=False):
        return "ignored"
    try:
        status = root.joinpath(*below).lstat()
    except OSError:
        return "unreadable file"
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if status.st_size > MAX_FILE_BYTES:
        return "too large"
    return FoundFile(path, language, status.st_size, status.st_mtime_ns)


def _look_at(entry: os.DirEntry[str], below: tuple[str, ...], ignore: GitIgnore) -> FoundFile | str | None:
    """A file to remember, a reason to leave the entry out, or None for a folder to go into."""
    path = "/".join(below)
    try:
        path.encode("utf-8")
        if entry.is_symlink():
            return "symbolic link"
        if entry.is_dir(follow_symlinks=False):
            if entry.name in SKIPPED_FOLDERS or ignore.ignores(below, is_folder=True):
                return "ignored"
            return "too deep" if len(below) >= MAX_DEPTH else None
        language = language_of(entry.name)
        if language is None:
            return "unknown language"
        if ignore.ignores(below, is_folder=False):
            return "ignored"
        if not entry.is_file(follow_symlinks=False):
            return "not a regular file"
        status = entry.stat(follow_symlinks=False)
    except UnicodeEncodeError:
        return "name that is not text"
    except OSError:
        return "unreadable file"
    if status.st_size > MAX_FILE_BYTES:
        return "too large"
    return FoundFile(path, language, status.st_size, status.st_mtime_ns)


def decode(raw: bytes) -> str | None:
    """Text of a file's bytes, undecodable ones replaced; None for binary content."""
    if b"\0" in raw[:8192]:
        return None
    return raw.decode("utf-8-sig", errors="replace")
