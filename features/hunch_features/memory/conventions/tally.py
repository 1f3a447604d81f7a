"""Counts of choices: how many follow each value, in which files, and whether that is enough to call it a habit."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath

from hunch_features.memory.conventions.observation import Observation
from hunch_features.memory.history.cochange import wilson

LEAST = 0.8
"""Lower bound (Wilson, 95 %) of the share that follows, from which on something is a habit."""
LEAST_OF_FILES = 0.8
"""Share of the files with such a choice whose choices mostly follow: one large file makes no habit."""
LEAST_SUPPORT = 20
LEAST_FILES = 4
EXAMPLES = 3


@dataclass(slots=True)
class Tally:
    """Counts of one choice in one scope."""

    values: Counter[str] = field(default_factory=Counter)
    by_file: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    places: defaultdict[str, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))

    def add(self, path: str, value: str, line: int, times: int = 1) -> None:
        """Count one choice."""
        self.values[value] += times
        self.by_file[path][value] += times
        if len(self.places[value]) < 200:
            self.places[value].append((path, line))

    @property
    def total(self) -> int:
        """All choices."""
        return self.values.total()

    def leader(self) -> str:
        """The commonest value, empty when nothing was counted."""
        return min(self.values, key=lambda value: (-self.values[value], value), default="")

    def share(self, value: str) -> float:
        """Of all choices."""
        return self.values[value] / self.total if self.total else 0.0

    def bound(self, value: str) -> float:
        """Lower bound of the share, 95 %."""
        return wilson(self.values[value], self.total)

    def files_that_follow(self, value: str) -> float:
        """Share of files in which at least half of the choices are this one."""
        following = sum(2 * counts[value] >= counts.total() for counts in self.by_file.values())
        return following / len(self.by_file) if self.by_file else 0.0

    def is_habit(self, value: str, *, per_file: bool = False, least_files: int = LEAST_FILES) -> bool:
        """Whether the value is chosen often enough, nearly always, and in nearly all files."""
        files = sum(counts[value] > 0 for counts in self.by_file.values())
        return (
            self.values[value] >= (LEAST_SUPPORT // 2 if per_file else LEAST_SUPPORT)
            and files >= least_files
            and self.bound(value) >= (LEAST - 0.1 if per_file else LEAST)
            and self.files_that_follow(value) >= LEAST_OF_FILES
        )

    def examples(self, value: str, most: int = EXAMPLES) -> tuple[str, ...]:
        """Places that chose the value, `path:line` with lines from 1, of different files first."""
        return spread(self.places[value], most)

    def against(self, value: str, most: int = EXAMPLES) -> tuple[str, ...]:
        """Places that chose something else."""
        others = [place for other, places in self.places.items() if other != value for place in places]
        return spread(sorted(others), most)


def spread(places: Iterable[tuple[str, int]], most: int) -> tuple[str, ...]:
    """Some of the places as `path:line`, of different files first."""
    listed = list(places)
    first = list({path: (path, line) for path, line in reversed(listed)}.values())[::-1]
    chosen = [*first, *(place for place in listed if place not in set(first))][:most]
    return tuple(f"{path}:{line + 1}" for path, line in chosen)


@dataclass(slots=True)
class Tallies:
    """Counts of all choices, over everything and by folder."""

    whole: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    below: defaultdict[str, defaultdict[str, Tally]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Tally))
    )
    """Folder to choice to counts."""

    def add(self, path: str, one: Observation, times: int = 1) -> None:
        """Count one choice in all scopes that it falls into."""
        self.whole[one.feature].add(path, one.value, one.line, times)
        if folder := folder_of(path):
            self.below[folder][one.feature].add(path, one.value, one.line, times)


_GROUPS = frozenset({"src", "lib", "libs", "packages", "apps", "crates", "services", "cmd", "internal", "pkg"})


@lru_cache(8192)
def folder_of(path: str) -> str:
    """The part of a repository that a file belongs to: its first folder, or the first two below `packages` and such."""
    parts = PurePosixPath(path).parts[:-1]
    return "/".join(parts[:2] if parts and parts[0] in _GROUPS else parts[:1])
