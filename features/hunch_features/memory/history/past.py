"""The past of the files, replayed in RAM: who is who across renames, which commits touched what."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from hunch_features.memory.history.store import STATUSES, Row

MEGA = 30
"""A commit of more files says nothing about pairs of them (Zimmermann et al., "Mining Version Histories", use 30)."""
HALF_LIFE = 1_500
"""Commits after which one counts half. From tuning repositories: docs/benchmarks.md."""
SIZE_POWER = 1.0
"""A commit of n other files gives each of them n to the minus this."""
LESS = {"style": 0.5, "chore": 0.5}
FOLDER_FILES = 40

_ADDED, _DELETED, _RENAMED = (STATUSES.index(status) for status in "ADR")
_TEST_AFFIX = re.compile(r"^(test_|tests_|_)+|([._-]?(test|tests|spec))+$", re.IGNORECASE)


@dataclass(slots=True)
class Past:
    """Files as numbers that survive renames. Not changed after `replay`, so that threads may share it."""

    names: list[str] = field(default_factory=list)
    alive: list[bool] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    """Path to file; former names stay until another file takes them."""
    commits: list[tuple[int, ...]] = field(default_factory=list)
    """The files of each commit that counts, oldest first."""
    weights: list[float] = field(default_factory=list)
    touched: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    """File to the commits that touched it, oldest first."""
    share: dict[int, float] = field(default_factory=dict)
    """File to the weighted share of commits that touched it."""
    by_stem: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    by_folder: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    often: list[int] = field(default_factory=list)

    def find(self, path: str) -> int | None:
        """The file of a path, by its name now or before."""
        return self.ids.get(path)


def replay(rows: Iterable[Row], paths: Sequence[str]) -> Past:
    """Work out the past from the store's rows."""
    past = Past()
    kept: list[tuple[int, Row]] = []
    last = 0
    for number, row in enumerate(rows):
        files = tuple(dict.fromkeys(_follow(past, status, paths[new], paths[old]) for status, new, old in row.changes))
        if files and row.files <= MEGA and not row.by_bot:
            kept.append((number, row))
            past.commits.append(files)
            last = number
    total = 0.0
    share: dict[int, float] = defaultdict(float)
    for place, (number, row) in enumerate(kept):
        files = past.commits[place]
        weight = LESS.get(row.kind, 1.0) * max(1, len(files) - 1) ** -SIZE_POWER * 2.0 ** ((number - last) / HALF_LIFE)
        past.weights.append(weight)
        total += weight
        for file in files:
            past.touched[file].append(place)
            share[file] += weight
    past.share = {file: weight / total for file, weight in share.items()} if total else {}
    _sort_in(past)
    return past


def _follow(past: Past, status: int, path: str, old: str) -> int:
    """The file that a change is about, with its name and whether it exists brought up to date."""
    file = past.ids.get(path)
    before = past.ids.get(old) if status == _RENAMED else None
    if before is not None and past.names[before] == old:
        file = before
        past.ids[path] = file
        past.names[file] = path
    elif file is None or (status == _ADDED and past.names[file] != path):
        file = len(past.names)
        past.ids[path] = file
        past.names.append(path)
        past.alive.append(True)
    past.alive[file] = status != _DELETED
    return file


def _sort_in(past: Past) -> None:
    order = sorted(range(len(past.names)), key=lambda file: (-past.share.get(file, 0.0), past.names[file]))
    for file in order:
        if past.alive[file]:
            past.by_stem[stem(past.names[file])].append(file)
            folder = past.by_folder[str(PurePosixPath(past.names[file]).parent)]
            if len(folder) < FOLDER_FILES:
                folder.append(file)
    past.often = [file for file in order if past.alive[file]][:50]


def stem(path: str) -> str:
    """What a file is about by its name: `tests/test_paths.py` and `src/paths.py` are both about `paths`."""
    name = PurePosixPath(path).name.split(".", 1)[0]
    return _TEST_AFFIX.sub("", name).lower()
