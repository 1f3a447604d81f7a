"""What the past says could be offered: files and definitions that change together, earlier fixes, habits."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Collection
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from hunch_features.memory.history.cochange import Related
from hunch_features.memory.history.searching import Found
from hunch_features.offers.doings import Doings
from hunch_features.offers.offer import Offer
from hunch_features.offers.sources import (
    Symbol,
    is_test_path,
    missing_symbols,
    missing_twins,
    next_file,
    repeated_failure,
    run_test,
    test_of,
    usual_test,
)
from hunch_models.errors import HunchError
from hunch_server.adapters.memory import open_history

if TYPE_CHECKING:
    from hunch_features.memory.habits import Habits
    from hunch_features.memory.repository import RepositoryMemory
    from hunch_server.app import HunchServer

log = logging.getLogger(__name__)
MOST_TOUCHED = 40
"""Definitions edited since the last commit that are remembered."""
HABITS_S = 600.0
"""The record of the person's work is read again after this."""


class PastCandidates:
    """One per connection."""

    def __init__(self, server: HunchServer) -> None:
        self._server = server
        self._touched: dict[Path, OrderedDict[Symbol, None]] = {}
        self._habits: dict[Path, tuple[Habits, float]] = {}

    def touched(self, root: Path, symbols: Collection[Symbol]) -> None:
        """Definitions that were just edited."""
        known = self._touched.setdefault(root, OrderedDict())
        for symbol in symbols:
            known[symbol] = None
            known.move_to_end(symbol)
        while len(known) > MOST_TOUCHED:
            known.popitem(last=False)

    def committed(self, root: Path) -> None:
        """What was edited before is done."""
        self._touched.pop(root, None)

    # ---- history ----

    async def twins(self, root: Path, changed: Collection[str], doings: Doings) -> list[Offer]:
        """Files and definitions that usually change with what was `changed` (paths), and did not."""
        memories = self._server.memories
        if memories is None or not changed:
            return []
        # A file that was edited without being staged is not forgotten either.
        edited = frozenset(changed) | frozenset(doings.changed) | self._unsaved(root)

        def related(path: str) -> list[Related]:
            return [one for one in memories.companions(root, path) if one.path not in edited]

        found = await asyncio.to_thread(missing_twins, changed, related, lambda path: (root / path).is_file())
        symbols = [symbol for symbol in self._touched.get(root, ()) if symbol[0] in changed]
        if symbols and not found:
            found = await asyncio.to_thread(_symbols, root, symbols, edited, memories.below(root))
        return found

    def _unsaved(self, root: Path) -> frozenset[str]:
        return frozenset(
            opened.path.relative_to(root).as_posix()
            for opened in self._server.session.documents.values()
            if opened.path is not None and opened.path.is_relative_to(root)
            if opened.document is not None and opened.document.version > 1
        )

    async def failures(self, root: Path, doings: Doings) -> list[Offer]:
        """Commits that fixed something like what fails again and again."""
        failure, times = doings.last_failure
        return await asyncio.to_thread(_failures, root, failure, times)

    # ---- habits ----

    async def usual(self, root: Path, doings: Doings) -> list[Offer]:
        """What the person usually does after saving: run a test, open another file."""
        memories = self._server.memories
        if memories is None or not doings.changed:
            return []
        path = next(reversed(doings.changed))
        test = None if is_test_path(path) else test_of(path, memories.companions(root, path), is_test_path)
        found: list[Offer] = []
        recording = self._server.recording
        if recording is not None and recording.consent.level(str(root)) is not None:
            memory = memories.below(root)
            opened = frozenset(
                one.path.relative_to(root).as_posix()
                for one in self._server.session.documents.values()
                if one.path is not None and one.path.is_relative_to(root)
            )
            found = await asyncio.to_thread(self._by_record, root, path, test, memory, opened)
        if not any(offer.command is not None and offer.command.action == "run_test" for offer in found):
            habit = doings.habit
            found += run_test(path, test, habit.chance, habit.runs, habit.saves)
        return found

    def _by_record(
        self, root: Path, path: str, test: str | None, memory: RepositoryMemory | None, opened: Collection[str]
    ) -> list[Offer]:
        """Blocks: the record may be read again."""
        from hunch_features.memory.habits import Habits  # noqa: PLC0415 - needed with consent only

        recording = self._server.recording
        if recording is None or memory is None:
            return []
        habits, read = self._habits.get(root, (None, 0.0))
        if habits is None or monotonic() - read > HABITS_S:
            habits = habits or Habits(recording.home, recording.consent, str(root))
            habits.load(memory.paths.all())
            self._habits[root] = habits, monotonic()
        offers = usual_test(path, habits.tests_after(path), test, lambda other: other in memory.paths)
        return offers + next_file(path, habits.next_files(path), opened)


def _symbols(
    root: Path, touched: Collection[Symbol], edited: Collection[str], memory: RepositoryMemory | None
) -> list[Offer]:
    if memory is None:
        return []

    def line_of(path: str, name: str) -> int | None:
        hits = memory.store.in_file(path, everything=True)
        return next((hit.symbol.line for hit in hits if hit.symbol.name == name), None)

    try:
        history = open_history(root)
    except HunchError:
        return []
    try:
        return missing_symbols(touched, edited, history.related_symbols, line_of)
    except (HunchError, sqlite3.Error) as error:
        log.warning("definitions that change together are not known: %s", error)
        return []
    finally:
        history.close()


def _failures(root: Path, failure: str, times: int) -> list[Offer]:
    try:
        history = open_history(root)
    except HunchError:
        return []

    def search(words: str) -> list[Found]:
        return history.search_changes(words)

    try:
        return repeated_failure(failure, times, search)
    except (HunchError, sqlite3.Error) as error:
        log.warning("earlier fixes are not known: %s", error)
        return []
    finally:
        history.close()
