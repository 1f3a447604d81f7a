"""The history of a repository beside an editor: mined in a process of its own, asked in RAM."""

from __future__ import annotations

import logging
import multiprocessing
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from time import monotonic

from hunch_features.memory.history.cochange import Related, related
from hunch_features.memory.history.history import History
from hunch_features.memory.history.mining import head_of
from hunch_features.memory.history.past import Past
from hunch_features.memory.parsing import be_modest
from hunch_models.errors import HunchError

log = logging.getLogger(__name__)

RELATED = 10
LEAST_TOGETHER = 3
"""Commits from which on files count as related: once or twice is chance."""
EVERY_S = 30.0
"""Commits made while typing are looked for no more often than this."""
MINING_S = 400.0
"""Longest that mining may take: git's own limits come first."""
STOP_S = 0.1
MOST_TRIES = 5

Mine = Callable[[Path, Path, threading.Event], None]
"""Brings the history of a root below a state folder up to date, unless the event is set first. Raises HunchError."""


def mine_apart(root: Path, home: Path, stop: threading.Event) -> None:
    """In another process, of low priority: reading 25,000 commits takes seconds of Python."""
    process = multiprocessing.get_context("spawn").Process(target=_mine, args=(root, home), daemon=True)
    process.start()
    begun = monotonic()
    try:
        while process.exitcode is None and not stop.is_set() and monotonic() - begun < MINING_S:
            process.join(STOP_S)
    finally:
        process.kill()
        process.join()
    if process.exitcode:
        raise HunchError("mining ended early", "it is tried again with the next commit")


def _mine(root: Path, home: Path) -> None:
    be_modest()
    mine_here(root, home, threading.Event())


def mine_here(root: Path, home: Path, _stop: threading.Event) -> None:
    """In this process and thread."""
    history = History(root, home)
    try:
        history.refresh()
    finally:
        history.close()


class KeptHistory:
    """The newest past of a root. `related` answers from RAM and is empty until the first `look` is done."""

    def __init__(
        self,
        root: Path,
        home: Path,
        mine: Mine = mine_apart,
        clock: Callable[[], float] = monotonic,
        every_s: float = EVERY_S,
    ) -> None:
        self.root = root.resolve()
        self._home = home
        self._mine = mine
        self._clock = clock
        self._every_s = every_s
        self._past: Past | None = None
        self._tip = ""
        self._tries = 0
        self._answers: dict[str, tuple[str, ...]] = {}
        self._work = ThreadPoolExecutor(1, thread_name_prefix="hunch-history")
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._later: threading.Timer | None = None
        self._closed = threading.Event()
        self.commits = 0
        """How many commits are remembered."""

    def look(self, *, now: bool = False) -> Future[None] | None:
        """Look for new commits in the background: now, or when 30 s have passed since the last time.

        Any thread may ask, and often. Answers what can be waited for, None when that comes later.
        """
        with self._lock:
            wait = self._looked + self._every_s - self._clock()
            if self._closed.is_set():
                return None
            if wait > 0 and not now:
                if self._later is None:
                    self._later = threading.Timer(wait, self._look_later)
                    self._later.daemon = True
                    self._later.start()
                return None
            self._looked = self._clock()
            return self._work.submit(self._look)

    def related(self, path: str) -> Sequence[str]:
        """Files that changed together with a path below the root three times or more, likeliest first."""
        past, answers = self._past, self._answers
        if past is None:
            return ()
        if path not in answers:
            found = related(past, path, RELATED)
            answers[path] = tuple(one.path for one in found if one.support >= LEAST_TOGETHER)
        return answers[path]

    def companions(self, path: str) -> Sequence[Related]:
        """The same with how often; empty until the first `look` is done."""
        return related(self._past, path, RELATED) if self._past is not None else ()

    def close(self) -> None:
        """End what is in work."""
        with self._lock:
            self._closed.set()
            if self._later is not None:
                self._later.cancel()
        self._work.shutdown(wait=True, cancel_futures=True)

    def _look_later(self) -> None:
        with self._lock:
            self._later = None
        self.look(now=True)

    def _look(self) -> None:
        head = head_of(self.root)
        if isinstance(head, str) or head.tip == self._tip or self._closed.is_set():
            return
        begun = monotonic()
        try:
            self._mine(self.root, self._home, self._closed)
            if self._closed.is_set():
                return
            history = History(self.root, self._home)
            try:
                past, self.commits, tip = history.past(), history.store.count(), history.store.fact("tip")
            finally:
                history.close()
        except (HunchError, sqlite3.Error, OSError) as error:
            log.warning("the history of %s is not known: %s", self.root.name, error)
            return
        log.info("history of %s: %d commits, %.1f s", self.root.name, self.commits, monotonic() - begun)
        self._past, self._answers, self._tip = past, {}, tip
        if tip == head.tip:
            self._tries = 0
        elif self._tries < MOST_TRIES:  # another window held the store for long
            self._tries += 1
            self.look()
