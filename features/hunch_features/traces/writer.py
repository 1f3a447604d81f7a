"""The one thread that writes events to the store, and the bounded queue before it.

`append` never waits, never touches the disk and never raises: it puts a reference into a queue. When the queue fills
up, the least valuable kinds are dropped first and counted. When the disk is full, writing stops and the person is told
once; editing goes on.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from hunch_features.traces.events import KIND_OF, Event
from hunch_features.traces.levels import Level
from hunch_features.traces.schema import Row, row_of
from hunch_features.traces.store import Store, StoreBusyError, StoreDamagedError, StoreError

CAPACITY = 20_000
BATCH = 2_000
BATCH_SECONDS = 0.25
"""Longest wait before a batch is written: what a killed process can lose, with the time the write itself takes."""
RETENTION_SECONDS = 600.0
MOST_FAILURES = 3
BREATHE_EVERY = 32
"""Events prepared before the thread sleeps for a moment, so that the editor's loop gets the interpreter lock."""
BREATH_SECONDS = 0.00005

VALUE: dict[str, int] = {
    "cursor": 0,
    "selection": 0,
    "focus": 0,
    "diagnostics": 0,
    "suggestion.requested": 0,
    "suggestion.generated": 1,
    "suggestion.withheld": 1,
    "view": 1,
    "search": 1,
    "debug": 1,
    "idle": 1,
    "edit": 2,
    "undo": 2,
    "clipboard": 2,
    "save": 2,
}
"""Kinds that may be dropped before the queue is full, least valuable first; all others are worth the most (3)."""
SHARE_OF_QUEUE = (0.5, 0.7, 0.9, 1.0)
"""How full the queue may be for events worth 0, 1, 2, 3 to be let in."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is kept for how long, and how much may wait. Sizes in bytes, ages in days."""

    retention_days: int = 90
    max_bytes: int = 256 * 1024 * 1024
    capacity: int = CAPACITY


Prepare = Callable[[Event, Level], Event | None]
"""What is stored of an event, or None when nothing may be; runs in the writer's thread."""


class Writer:
    """Takes events from any thread and writes them in batches. Starts its thread with the first event."""

    def __init__(
        self,
        open_store: Callable[[], Store],
        prepare: Prepare,
        *,
        notice: Callable[[str], None] = lambda text: None,
        limits: Limits | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._open_store = open_store
        self._prepare = prepare
        self._notice = notice
        self._limits = limits or Limits()
        self._now = now
        capacity = self._limits.capacity
        self._bounds = {kind: int(capacity * SHARE_OF_QUEUE[VALUE.get(name, 3)]) for kind, name in KIND_OF.items()}
        self._queue: deque[tuple[Event, Level]] = deque()
        self._dropped: Counter[str] = Counter()
        self._arrived = threading.Event()
        self._settled = threading.Condition()
        self._in_flight = 0
        self._hurry = False
        self._closing = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._store: Store | None = None
        self._next_retention = 0.0
        self.stopped = False
        """True once writing has failed for good (disk full, store of a newer version); events are dropped then."""
        self.written = 0
        self.dropped: Counter[str] = Counter()
        """Events dropped since the start, by kind: queue full, or writing stopped."""

    def append(self, event: Event, level: Level) -> bool:
        """Queue an event; False when it was dropped. Costs microseconds, whatever the store is doing."""
        if self.stopped or self._closing or len(self._queue) >= self._bounds[type(event)]:
            kind = KIND_OF[type(event)]
            self._dropped[kind] += 1
            self.dropped[kind] += 1
            return False
        self._queue.append((event, level))
        if not self._arrived.is_set():
            self._arrived.set()
        if self._thread is None:
            self._start()
        return True

    def _start(self) -> None:
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="hunch-traces", daemon=True)
                self._thread.start()

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until all that was appended so far is in the store; False after `timeout` seconds."""
        self._hurry = True
        self._arrived.set()
        with self._settled:
            return self._settled.wait_for(
                lambda: self.stopped or self._thread is None or not (self._queue or self._in_flight), timeout
            )

    def forget(self) -> None:
        """Throw away what still waits in the queue: consent was withdrawn, or everything is deleted."""
        self._queue.clear()

    def close(self, timeout: float = 5.0) -> None:
        """Write what waits, close the store and end the thread."""
        self._closing = True
        self._hurry = True
        self._arrived.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            while not self.stopped:
                self._arrived.wait()
                if not self._hurry:
                    self._wait_for_batch()
                self._arrived.clear()
                while self._queue and not self.stopped:
                    self._write_batch()
                self._hurry = False
                self._announce()
                if self._closing and not self._queue:
                    break
        finally:
            if self._store is not None:
                self._store.close()
                self._store = None
            self._announce()

    def _wait_for_batch(self) -> None:
        """Let a batch gather: until it is large, or its first event has waited long enough."""
        end = time.monotonic() + BATCH_SECONDS
        while not self._hurry and len(self._queue) < BATCH and time.monotonic() < end:
            time.sleep(0.02)

    def _announce(self) -> None:
        with self._settled:
            self._settled.notify_all()

    def _write_batch(self) -> None:
        self._in_flight = 1
        try:
            rows = self._take()
            dropped, self._dropped = self._dropped, Counter()
            failures = 0
            while failures < MOST_FAILURES:
                try:
                    self._write(rows, dropped)
                    self._retain()
                    return
                except StoreDamagedError:
                    failures += 1
                    self._close_store()  # opening it again sets it aside
                except StoreBusyError:
                    failures += self._closing  # another process holds the file: what is new waits in the queue
            self.dropped.update(row.kind for row in rows)
            self._dropped.update(row.kind for row in rows)
        except StoreError as error:
            self._stop(f"Recording has stopped: {error.one_line()}")
        except Exception as error:
            self._stop(f"Recording has stopped: {type(error).__name__} in the writer")
            raise
        finally:
            self._in_flight = 0

    def _take(self) -> list[Row]:
        rows: list[Row] = []
        for count in range(BATCH):
            try:
                event, level = self._queue.popleft()
            except IndexError:
                break
            kept = self._prepare(event, level)
            if kept is not None:
                rows.append(row_of(kept))
            if count % BREATHE_EVERY == BREATHE_EVERY - 1:
                time.sleep(BREATH_SECONDS)
        return rows

    def _write(self, rows: list[Row], dropped: Counter[str]) -> None:
        if not rows and not dropped:
            return
        if self._store is not None and not self._store.in_place:
            self._close_store()
        if self._store is None:
            self._store = self._open_store()
            if self._store.notice:
                self._notice(self._store.notice)
        now = self._now()
        self.written += self._store.insert(rows, dropped, int(now * 1000))

    def _retain(self) -> None:
        """One step per batch, so that new events never wait long for old ones to go."""
        now = self._now()
        if self._store is None or now < self._next_retention:
            return
        try:
            left = self._store.retain_step(self._limits.retention_days, self._limits.max_bytes, int(now * 1000))
        except (StoreBusyError, StoreDamagedError):
            return  # the next batch meets it again
        if not left:
            self._next_retention = now + RETENTION_SECONDS

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _stop(self, text: str) -> None:
        self.stopped = True
        self.dropped.update(KIND_OF[type(event)] for event, _ in self._queue)
        self._queue.clear()
        self._notice(text)
