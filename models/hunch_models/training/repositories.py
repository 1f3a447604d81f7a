"""Sources from clones of public repositories: permissive by their licence file, as they were before a date.

Nothing is checked out and nothing of a repository runs: files are read from git's objects. A folder with a licence of
its own that is not permissive is left out with everything below it.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

LICENCE_FILE = re.compile(r"(?i)^(licen[cs]e|copying)([-._].*)?$")
TEXTS = (
    ("Apache-2.0", r"apache license\s+version 2\.0"),
    ("MIT", r"permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("BSD", r"redistribution and use in source and binary forms, with or without modification, are permitted"),
    ("ISC", r"permission to use, copy, modify, and(/or)? distribute this software for any purpose with or without fee"),
    ("Unlicense", r"this is free and unencumbered software released into the public domain"),
)
"""Words that stand in a licence of that name, in lower case with single spaces."""
NOT_PERMISSIVE = re.compile(
    r"gnu (affero |lesser )?general public|mozilla public|commons clause|business source|server side public"
    r"|elastic license|functional source|enterprise (edition|license)|non-?commercial|eclipse public"
)
MAX_LICENCE_BYTES = 200_000
GIT_TIMEOUT_S = 300.0
DEPTH = 2


def licence_of_text(text: str) -> str | None:
    """The permissive licence that a text is, None for any other and for one that is mixed with another."""
    words = " ".join(text.lower().split())
    if NOT_PERMISSIVE.search(words):
        return None
    return next((name for name, pattern in TEXTS if re.search(pattern, words)), None)


def find_repositories(folder: Path) -> list[tuple[str, Path]]:
    """(name, git directory) of the clones in a folder, bare or not, up to two levels down, in order of their names."""
    found: list[tuple[str, Path]] = []
    pending = [(folder, 0)]
    while pending:
        place, depth = pending.pop()
        git = place / ".git" if (place / ".git").is_dir() else place
        if (git / "HEAD").is_file() and (git / "objects").is_dir():
            parts = [part for part in place.relative_to(folder).parts if part != "repo"]
            found.append(("/".join(parts).replace("+", "/").removesuffix(".git") or folder.name, git))
        elif depth < DEPTH:
            pending += [(child, depth + 1) for child in place.iterdir() if child.is_dir() and not child.is_symlink()]
    return sorted(found)


class Repository:
    """One clone at its newest commit before a date. Raises OSError or subprocess errors where git fails."""

    def __init__(self, git: Path, before: str) -> None:
        self._git_directory = git
        self.commit = self._git("rev-list", "-1", f"--before={before}", "HEAD").decode().strip()

    def sources(self, wanted: Callable[[str], bool]) -> tuple[str, Mapping[str, int], Callable[[], Iterator[bytes]]]:
        """Licence (empty: not permissive), sizes of the wanted files by path, and a way to read them in that order."""
        rows = self._git("ls-tree", "-r", "-l", "-z", self.commit).decode("utf-8", "replace").split("\0")
        blobs: dict[str, tuple[str, int]] = {}
        for row in rows:
            head, _, path = row.partition("\t")
            _mode, kind, name, size = (head.split() + [""] * 4)[:4]
            if kind == "blob" and size.isdigit():
                blobs[path] = (name, int(size))
        licence, closed = self._licences(blobs)
        if not licence:
            return "", {}, lambda: iter(())
        chosen = {
            path: blob for path, blob in sorted(blobs.items()) if wanted(path) and not path.startswith(tuple(closed))
        }
        names = [name for name, _ in chosen.values()]
        return licence, {path: size for path, (_, size) in chosen.items()}, lambda: self._read(names)

    def _licences(self, blobs: Mapping[str, tuple[str, int]]) -> tuple[str, list[str]]:
        """The licence at the root, and the folders that have another which is not permissive."""
        root, closed = "", []
        files = [path for path in blobs if LICENCE_FILE.match(PurePosixPath(path).name) and _is_text(path)]
        for path, raw in zip(files, self._read([blobs[path][0] for path in files]), strict=True):
            found = licence_of_text(raw[:MAX_LICENCE_BYTES].decode("utf-8", "replace"))
            folder = path.rpartition("/")[0]
            if folder and found is None:
                closed.append(f"{folder}/")
            elif not folder and found is None:
                return "", []
            elif not folder:
                root = found or root
        return root, closed

    def _read(self, names: Iterable[str]) -> Iterator[bytes]:
        """The contents of objects, from one process of git."""
        listed = list(names)
        answer = self._git("cat-file", "--batch", feed="".join(f"{name}\n" for name in listed).encode())
        at = 0
        for _ in listed:
            end = answer.index(b"\n", at)
            size = int(answer[at:end].split()[2])
            yield answer[end + 1 : end + 1 + size]
            at = end + 1 + size + 1

    def _git(self, *arguments: str, feed: bytes = b"") -> bytes:
        command = ["git", f"--git-dir={self._git_directory}", *arguments]
        return subprocess.run(command, input=feed, capture_output=True, timeout=GIT_TIMEOUT_S, check=True).stdout


def _is_text(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in ("", ".md", ".txt", ".rst", ".mit", ".apache", ".bsd")
