"""Finds the instruction files of a repository and reads them as data: bounded, never executed, links not followed out.

A file counts for its own folder and everything below it; the nearest one wins where two speak of the same thing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from hunch_features.constraints.globs import alternatives

MAX_BYTES = 512 * 1024
MAX_FILES = 500
MAX_FOLDERS = 20_000
MAX_IMPORTS = 5

NAMES = ("AGENTS.md", "CLAUDE.md", "GEMINI.md", ".cursorrules")
SKIPPED_FOLDERS = frozenset({".git", "node_modules", ".venv", "venv", "target", "dist", "build", "__pycache__", ".tox"})
FRONT_MATTER = re.compile(r"\A---\r?\n(.*?)\r?\n---\r?\n", re.DOTALL)
IMPORT_LINE = re.compile(r"^\s*@([\w./-]+\.(?:md|mdc|txt))\s*$", re.MULTILINE)
POINTER = re.compile(r"\A\s*(?:@|[Ss]ee |[Rr]ead )?`?([\w./-]+\.md)`?\.?\s*\Z")


@dataclass(frozen=True, slots=True)
class Instructions:
    """One instruction file. `path` and `folder` are relative to the root; `include` are globs of its front matter."""

    path: str
    folder: str
    text: str
    first_line: int = 1
    include: tuple[str, ...] = ()


def instruction_files(
    root: Path, *, with_contributing: bool = False
) -> tuple[list[Instructions], list[tuple[str, str]]]:
    """All instruction files, nearest to the root first, and what was left out with the reason."""
    found: list[Instructions] = []
    skipped: list[tuple[str, str]] = []
    seen: set[tuple[int, int]] = set()
    for path in _candidates(root, with_contributing, skipped):
        if len(found) >= MAX_FILES:
            skipped.append((_relative(path, root), f"more than {MAX_FILES} instruction files"))
            break
        _read(root, path, seen, found, skipped, depth=0, folder=None)
    return found, skipped


def instruction_files_for(root: Path, folder: Path) -> tuple[list[Instructions], list[Path]]:
    """What speaks for one folder below the root: instruction files there and in the folders above it, farthest first.

    Also all files that were looked at or may not be read, by which a cache can tell whether this still holds.
    """
    found: list[Instructions] = []
    looked_at: list[Path] = []
    seen: set[tuple[int, int]] = set()
    parts = folder.relative_to(root).parts
    for depth in range(len(parts) + 1):
        here = root.joinpath(*parts[:depth])
        candidates = [path for path in _candidates_in(here) if path.is_file()]
        looked_at += candidates
        if SKIPPED_FOLDERS.isdisjoint(parts[:depth]):
            for path in candidates[:MAX_FILES]:
                _read(root, path, seen, found, [], depth=0, folder=None)
    return found, looked_at


_COMMA = re.compile(r",(?![^{}]*\})")


def _candidates_in(folder: Path) -> Iterator[Path]:
    yield from (folder / name for name in NAMES)
    for place in (folder / ".cursor" / "rules", folder / ".github", folder / ".github" / "instructions"):
        if place.is_dir():
            yield from sorted(path for path in place.iterdir() if _is_rule_file(place, path.name))


def _candidates(root: Path, with_contributing: bool, skipped: list[tuple[str, str]]) -> Iterator[Path]:
    names = set(NAMES) | ({"CONTRIBUTING.md"} if with_contributing else set())
    for visited, (folder, folders, files) in enumerate(os.walk(root)):
        if visited >= MAX_FOLDERS:
            skipped.append((_relative(Path(folder), root), f"more than {MAX_FOLDERS} folders"))
            return
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        here = Path(folder)
        for name in sorted(files):
            if name in names or _is_rule_file(here, name):
                yield here / name


def _is_rule_file(folder: Path, name: str) -> bool:
    parts = folder.parts[-2:]
    if parts == (".cursor", "rules"):
        return name.endswith((".mdc", ".md"))
    if folder.name == ".github":
        return name == "copilot-instructions.md"
    return parts == (".github", "instructions") and name.endswith(".instructions.md")


def _read(
    root: Path,
    path: Path,
    seen: set[tuple[int, int]],
    found: list[Instructions],
    skipped: list[tuple[str, str]],
    *,
    depth: int,
    folder: str | None,
) -> None:
    shown = _relative(path, root)
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(root.resolve()):
            skipped.append((shown, "leads out of the repository"))
            return
        status = real.stat()
        key = (status.st_dev, status.st_ino)
        if key in seen:
            return  # the same file under another name, as CLAUDE.md often is
        seen.add(key)
        if status.st_size > MAX_BYTES:
            skipped.append((shown, f"larger than {MAX_BYTES // 1024} KiB"))
            return
        text = real.read_bytes().decode("utf-8-sig")
    except (OSError, RuntimeError) as error:
        skipped.append((shown, f"cannot be read: {getattr(error, 'strerror', None) or error}"))
        return
    except UnicodeDecodeError:
        skipped.append((shown, "not UTF-8"))
        return
    include, body, line = _front_matter(text)
    if folder is None:
        folder = _folder_of(shown)
    found.append(Instructions(shown, folder, body, line, tuple(_below(folder, glob) for glob in include)))
    if depth >= MAX_IMPORTS:
        return
    pointer = POINTER.match(body)
    for target in [*IMPORT_LINE.findall(body), *([pointer.group(1)] if pointer else [])]:
        other = path.parent / target
        if other.is_file():
            _read(root, other, seen, found, skipped, depth=depth + 1, folder=folder)


def _front_matter(text: str) -> tuple[tuple[str, ...], str, int]:
    """Globs of `globs:` or `applyTo:`, the text after the front matter, and its first line's number."""
    match = FRONT_MATTER.match(text)
    if match is None:
        return (), text, 1
    line = text.count("\n", 0, match.end()) + 1
    try:
        data: Any = yaml.safe_load(match.group(1))
    except yaml.YAMLError:
        # Cursor writes `globs: *.ts`, which is no YAML.
        plain = re.search(r"^globs:\s*(\S.*)$", match.group(1), re.MULTILINE)
        data = {"globs": plain.group(1)} if plain else {}
    if not isinstance(data, dict):
        return (), text[match.end() :], line
    value = data.get("globs") or data.get("applyTo") or ()
    listed = [value] if isinstance(value, str) else [str(item) for item in value if isinstance(item, str)]
    globs = [glob.strip() for one in listed for part in _COMMA.split(one) for glob in alternatives(part)]
    wanted = tuple(dict.fromkeys(glob for glob in globs if glob and glob not in ("**", "**/*", "*")))
    return wanted, text[match.end() :], line


def _folder_of(path: str) -> str:
    """The folder for which a file speaks: that of the dot folder it lies in, else its own."""
    parts = list(PurePosixPath(path).parent.parts)
    for special in (".github", ".cursor"):
        if special in parts:
            parts = parts[: parts.index(special)]
    return "/".join(parts)


def _below(folder: str, glob: str) -> str:
    glob = glob.lstrip("/")
    if "/" not in glob:
        glob = f"**/{glob}"
    return f"{folder}/{glob}" if folder else glob


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
