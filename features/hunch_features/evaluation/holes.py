"""Holes in lines that a repository's newest commits added, and the tree as it was before them.

Everything is asked from git's objects; nothing is checked out in place and nothing of the repository is run.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hunch_features.git import run_git
from hunch_features.memory.walk import MAX_FILE_BYTES, decode, language_of
from hunch_models.errors import HunchError

HoleKind = Literal["rest", "line"]

MAX_COMMITS = 400
LINES_PER_HOLE = 6
"""Commits are read until there are this many added lines per hole, so that holes spread over them."""
LINES_PER_COMMIT = 80
MAX_LINE = 200
MIN_CHARS = 6
MAX_TREE_FILES = 20_000
NOT_CODE = frozenset({"json", "yaml", "toml", "markdown"})
_COMMENT = re.compile(r"^\s*(?:#|//|/\*|\*|--|<!--|\"\"\"|''')")
_IMPORT = re.compile(
    r"^\s*(?:import\b|from\s+\S+\s+import\b|use\s|using\s|#include|require\b|package\b|export\s.*\bfrom\b)"
)
_TOKEN = re.compile(r"\w+|[^\w\s]")
_HUNK = re.compile(rb"^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Hole:
    """What an author wrote (`expected`) between `prefix` and `suffix` of a file; `line` is 0-based."""

    commit: str
    path: str
    line: int
    prefix: str
    suffix: str
    expected: str


@dataclass(frozen=True, slots=True)
class Holes:
    """Holes, and the commit (`base`) whose tree and history the completion may know."""

    base: str
    holes: list[Hole]


def holes(root: Path, count: int, kind: HoleKind, *, since: str = "", seed: int = 0) -> Holes:
    """`count` holes from the newest commits (after `since`, a date that git understands).

    Raises HunchError where there is no git, no repository, or too little history.
    """
    commits = _commits(root, since)
    if len(commits) < 2:
        raise HunchError(f"{root}: too few commits to take holes from", "use another repository or --since")
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    added: list[tuple[str, str, int]] = []
    oldest = commits[0]
    for commit in commits[:-1]:  # the first commit of all has nothing before it
        lines = [(commit, path, line) for path, line in _added_lines(root, commit)]
        oldest = commit
        added += rng.sample(lines, min(LINES_PER_COMMIT, len(lines)))
        if not since and len(added) >= count * LINES_PER_HOLE:
            break
    rng.shuffle(added)
    found: list[Hole] = []
    texts: dict[tuple[str, str], list[str] | None] = {}
    for commit, path, number in added:
        if len(found) >= count:
            break
        if (commit, path) not in texts:
            texts[commit, path] = _lines(root, commit, path)
        lines_of_file = texts[commit, path]
        hole = _hole(commit, path, lines_of_file, number, kind, rng) if lines_of_file is not None else None
        if hole is not None:
            found.append(hole)
    if not found:
        raise HunchError(f"{root}: its newest commits added no lines of code", "use another repository or --since")
    base = run_git(root, ["rev-parse", f"{oldest}^"]).decode().strip()
    return Holes(base, found)


def _commits(root: Path, since: str) -> list[str]:
    dates = [f"--since={since}"] if since else []
    listed = run_git(root, ["rev-list", "--no-merges", "--first-parent", f"--max-count={MAX_COMMITS}", *dates, "HEAD"])
    return listed.decode().split()


def _added_lines(root: Path, commit: str) -> Iterator[tuple[str, int]]:
    """Path and 0-based number of the lines that a commit added to files of code."""
    diff = run_git(
        root,
        ["diff-tree", "-p", "-U0", "-r", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color",
         "--no-commit-id", "--diff-filter=AM", "--root", commit],
    )  # fmt: skip
    path = ""
    number = 0
    for line in diff.split(b"\n"):
        if line.startswith(b"+++ "):
            named = line[4:].decode("utf-8", "replace").strip()
            path = named[2:] if named.startswith("b/") else ""
            if language_of(path) in (None, *NOT_CODE):
                path = ""
        elif (hunk := _HUNK.match(line)) is not None:
            number = int(hunk.group(1)) - 1
        elif line.startswith(b"+") and path:
            if _is_code(line[1:].decode("utf-8", "replace")):
                yield path, number
            number += 1


def _is_code(line: str) -> bool:
    fits = len(line.strip()) >= MIN_CHARS and len(line) <= MAX_LINE
    return fits and not _COMMENT.match(line) and not _IMPORT.match(line)


def _lines(root: Path, commit: str, path: str) -> list[str] | None:
    raw = run_git(root, ["cat-file", "blob", f"{commit}:{path}"])
    text = decode(raw) if len(raw) <= MAX_FILE_BYTES else None
    return text.split("\n") if text is not None else None


def _hole(commit: str, path: str, lines: list[str], number: int, kind: HoleKind, rng: random.Random) -> Hole | None:
    if number >= len(lines) or not _is_code(lines[number]):
        return None
    line = lines[number]
    starts = [match.start() for match in _TOKEN.finditer(line)]
    at = starts[0] if kind == "line" else rng.choice(starts)
    expected = line[at:].strip()
    if not expected:
        return None
    before = "\n".join([*lines[:number], line[:at]])
    after = "\n".join(["", *lines[number + 1 :]])
    return Hole(commit, path, number, before, after, expected)


def write_tree(root: Path, commit: str, target: Path) -> int:
    """Write the files of a commit's tree that memory would index below `target`; answers how many."""
    listed = run_git(root, ["ls-tree", "-r", "-z", "--long", commit]).split(b"\0")
    written = 0
    for entry in listed:
        meta, _, name = entry.partition(b"\t")
        parts = meta.split()
        path = name.decode("utf-8", "replace")
        if len(parts) != 4 or parts[0] not in (b"100644", b"100755") or language_of(path) is None:
            continue
        if not parts[3].isdigit():  # git's `BAD`: an object that this clone does not have
            continue
        if int(parts[3]) > MAX_FILE_BYTES or ".." in Path(path).parts or written >= MAX_TREE_FILES:
            continue
        place = target / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(run_git(root, ["cat-file", "blob", parts[2].decode()]))
        written += 1
    return written
