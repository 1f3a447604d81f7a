"""Habits of the person, from the record of interactions: which file is opened next, which tests run after an edit.

Only with consent: without it nothing is read, and what was read before is forgotten. Nothing is stored either: it all
comes from the record, so that deleting the record deletes the habits.
"""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from hunch_features.memory.history.cochange import wilson
from hunch_features.traces.consent import Consent
from hunch_features.traces.events import EditBurst, Event, TaskRun, TerminalRun, ViewSwitch
from hunch_features.traces.store import FILE_NAME, Scope, Store, StoreError
from hunch_models.errors import HunchError

KINDS = ("view", "edit", "task", "terminal")
DAYS = 90
"""Older events are not looked at."""
HALF_LIFE_DAYS = 14.0
"""Age at which an event counts half."""
MOST_EVENTS = 300_000
PASSED_BY_MS = 1_500
"""A file that was in front for less was passed by on the way to another one."""
EPISODE_MS = 30 * 60_000
"""Tests that run later than this after the last edit of a file have another reason."""
LEAST_SUPPORT = 3
LEAST = 0.3
"""Lower bound (Wilson, 95 %, decayed counts) from which on a habit may be offered unasked."""
DAY_MS = 86_400_000
_TESTERS = re.compile(r"^(?:pytest|py\.test|tox|nox|jest|vitest|mocha|rspec|phpunit|ctest|gotestsum)$")
_TEST_WORDS = re.compile(r"\b(?:pytest|unittest|tox|nox|jest|vitest|mocha|rspec)\b|\b(?:run )?tests?\b")


@dataclass(frozen=True, slots=True)
class Habit:
    """What usually comes next: a path, or the name of a test run (empty where the record holds no names).

    It came `support` of `of` times; `share` is the same with newer times counting more, `confidence` its lower bound.
    """

    name: str
    support: int
    of: int
    share: float
    confidence: float

    @property
    def solid(self) -> bool:
        """Whether it may be offered without being asked for."""
        return self.support >= LEAST_SUPPORT and self.confidence >= LEAST


@dataclass(slots=True)
class _Counts:
    """How often each thing came after one file, plainly and with decay."""

    times: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    weights: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    all_times: int = 0
    all_weight: float = 0.0

    def add(self, name: str | None, weight: float) -> None:
        """Count one time; None: nothing came."""
        self.all_times += 1
        self.all_weight += weight
        if name is not None:
            self.times[name] += 1
            self.weights[name] += weight

    def habits(self, limit: int) -> list[Habit]:
        """The likeliest first."""
        found = [
            Habit(
                name,
                self.times[name],
                self.all_times,
                weight / self.all_weight,
                wilson(weight, self.all_weight),
            )
            for name, weight in self.weights.items()
        ]
        return sorted(found, key=lambda one: (-one.share, one.name))[:limit]


@dataclass(slots=True)
class _Known:
    """What the record told, and the state of the record at that time."""

    stamp: tuple[int, int]
    next_files: defaultdict[str, _Counts] = field(default_factory=lambda: defaultdict(_Counts))
    tests: defaultdict[str, _Counts] = field(default_factory=lambda: defaultdict(_Counts))


class Habits:
    """Habits of the person in one workspace (absolute path). `now` counts seconds since 1970."""

    def __init__(self, home: Path, consent: Consent, workspace: str, now: Callable[[], float] = time.time) -> None:
        self._path = home / FILE_NAME
        self._consent = consent
        self._workspace = workspace
        self._now = now
        self._known: _Known | None = None
        self._loading = threading.Lock()

    def load(self, paths: Iterable[str]) -> int:
        """Read the record; answers how many events counted. Blocks, so call it in a thread, now and then.

        `paths`: the files of the workspace, relative with `/`; others are never named. 0 without consent.
        """
        with self._loading:
            if self._consent.level(self._workspace) is None or not self._path.exists():
                self._known = None
                return 0
            try:
                stamp = self._stamp()
                names = self._names(paths)
                scope = Scope(since=int(self._now() * 1000) - DAYS * DAY_MS, workspace=self._reference())
                store = Store.open(self._path)
                try:
                    events = [_named(event, names) for event in islice(store.events(scope, KINDS), MOST_EVENTS)]
                finally:
                    store.close()
            except (StoreError, HunchError, OSError, sqlite3.Error):
                self._known = None
                return 0
            known = _Known(stamp)
            self._count_views(known, events)
            self._count_tests(known, events)
            self._known = known
            return len(events)

    def next_files(self, path: str, limit: int = 5) -> list[Habit]:
        """Files that the person usually opens after this one."""
        known = self._allowed()
        return known.next_files[path].habits(limit) if known is not None and path in known.next_files else []

    def tests_after(self, path: str, limit: int = 3) -> list[Habit]:
        """Test runs that usually follow an edit of this file."""
        known = self._allowed()
        return known.tests[path].habits(limit) if known is not None and path in known.tests else []

    def _allowed(self) -> _Known | None:
        """What is known, unless consent or the record went in the meantime: then it is forgotten."""
        if self._known is not None and (
            self._consent.level(self._workspace) is None or self._stamp() != self._known.stamp
        ):
            self._known = None
        return self._known

    def _stamp(self) -> tuple[int, int]:
        """Changes whenever something was deleted from the record."""
        try:
            found = self._path.stat().st_ino
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=0.2)) as db:
                return found, int(db.execute("SELECT coalesce(max(id), 0) FROM deletions").fetchone()[0])
        except (OSError, sqlite3.Error):
            return 0, -1

    def _reference(self) -> str:
        return self._consent.workspace_ref(self._workspace)

    def _names(self, paths: Iterable[str]) -> dict[str, str]:
        """How the record calls each file: by its keyed hash, or, at the level `text`, by its path."""
        names = {}
        for path in paths:
            names[path] = path
            names[self._consent.digest(path)] = path
        return names

    def _weight(self, at: int) -> float:
        age = max(0.0, self._now() * 1000 - at) / DAY_MS
        return float(0.5 ** (age / HALF_LIFE_DAYS))

    def _count_views(self, known: _Known, events: Iterable[Event]) -> None:
        """Count each way from a file that was worked in to the next one that was."""
        origins: dict[str, str] = {}
        pending: dict[str, tuple[str, int]] = {}
        for event in events:
            if not isinstance(event, ViewSwitch) or event.to != "editor":
                continue
            last = pending.get(event.session)
            if last is not None and (event.stay_ms == 0 or event.stay_ms >= PASSED_BY_MS):
                self._count_way(known, origins.get(event.session, ""), *last)
                origins[event.session] = last[0]
            elif last is None and event.previous:
                origins[event.session] = event.previous
            pending[event.session] = (event.document, event.at)
        for session, last in pending.items():
            self._count_way(known, origins.get(session, ""), *last)

    def _count_way(self, known: _Known, origin: str, target: str, at: int) -> None:
        if origin and origin != target:
            known.next_files[origin].add(target or None, self._weight(at))

    def _count_tests(self, known: _Known, events: Iterable[Event]) -> None:
        """Count, for each stretch of work in a file, whether a test run ended it, and which one."""
        edited: dict[tuple[str, str], int] = {}
        for event in events:
            if isinstance(event, EditBurst):
                if event.document:
                    before = edited.get((event.session, event.document))
                    if before is not None and event.at - before > EPISODE_MS:
                        known.tests[event.document].add(None, self._weight(before))
                    edited[event.session, event.document] = event.at
                continue
            name = tests_named(event)
            if name is None:
                continue
            for session, document in [key for key in edited if key[0] == event.session]:
                at = edited.pop((session, document))
                known.tests[document].add(name if event.at - at <= EPISODE_MS else None, self._weight(at))
        for (_session, document), at in edited.items():
            if self._now() * 1000 - at > EPISODE_MS:
                known.tests[document].add(None, self._weight(at))


def tests_named(event: Event) -> str | None:
    """What a test run is called, empty where the record does not say; None for what is no test run."""
    if isinstance(event, TaskRun):
        return event.name if event.group == "test" and event.phase == "end" else None
    if isinstance(event, TerminalRun):
        command = event.command or event.program
        if _TESTERS.match(event.program) or _TEST_WORDS.search(event.command):
            return command
    return None


def _named(event: Event, names: dict[str, str]) -> Event:
    """The event with the paths of files that there are, and without those of others."""
    event.document = names.get(event.document, "")
    if isinstance(event, ViewSwitch):
        event.previous = names.get(event.previous, "")
    return event
