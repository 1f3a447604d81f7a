"""The record on disk: one SQLite file in the state folder, shared by every server of this person.

Opening never fails because of a damaged file: it is set aside and a fresh one started. Deleting ends with VACUUM and
an emptied write-ahead log, so that the bytes are gone from the files, not only from the tables.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hunch_features.file_lock import one_at_a_time
from hunch_features.traces.events import Event, decode
from hunch_features.traces.schema import INSERT_EVENT, STORE_VERSION, Row, add_sums, rebuild_sums
from hunch_features.traces.store_files import bytes_of, files_with, identity, set_aside
from hunch_models.errors import HunchError

FILE_NAME = "traces.db"
BUSY_MS = 5_000
CHECK_SECONDS = 0.5
"""Longest that looking through a store at opening may take; damage found later is met when writing."""
ALWAYS = 2**62
DAY_MS = 86_400_000
RETENTION_STEP = 5_000
"""Events that one step of retention deletes at most."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_NO_ROOM = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)


class StoreError(HunchError):
    """The record cannot be read or written."""


class StoreDamagedError(StoreError):
    """The file is no database any more."""


class StoreFullError(StoreError):
    """The disk is full, read-only or failing."""


class StoreBusyError(StoreError):
    """Another program holds the file for too long."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Which events: from `since` up to `until` (ms since 1970, both included), of one workspace (keyed hash) or all."""

    since: int = -ALWAYS
    until: int = ALWAYS
    workspace: str | None = None

    def where(self) -> tuple[str, tuple[int | str, ...]]:
        """The SQL condition and its parameters."""
        if self.workspace is None:
            return "at BETWEEN ? AND ?", (self.since, self.until)
        return "at BETWEEN ? AND ? AND workspace = ?", (self.since, self.until, self.workspace)

    def holds(self, row: Row) -> bool:
        """Whether an event falls into it."""
        return self.since <= row.at <= self.until and self.workspace in (None, row.workspace)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a deletion did. `verified`: a sample of the deleted rows was looked for in all bytes and not found."""

    events: int
    bytes_before: int
    bytes_after: int
    verified: bool


def store_error(error: sqlite3.Error, path: Path) -> StoreError:
    """SQLite's error in our terms: damaged, no room, busy, or another one."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED or (code == 0 and "malformed" in str(error)):
        return StoreDamagedError(f"the record {path.name} is damaged ({error})")
    if code in _NO_ROOM:
        return StoreFullError(
            f"the record {path.name} cannot be written ({error})", "free some space, then start again"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreBusyError(f"the record {path.name} is in use by another program", "try again in a moment")
    return StoreError(f"the record {path.name} cannot be used ({error})")


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    try:
        for pragma in (
            "auto_vacuum = INCREMENTAL",  # must precede the first table
            "journal_mode = WAL",
            "synchronous = NORMAL",  # a killed process loses nothing; a power cut may lose the last transactions
            "secure_delete = ON",
            "journal_size_limit = 4194304",
            "trusted_schema = OFF",
        ):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > STORE_VERSION:
        raise StoreError(f"the record {path.name} was made by a newer Hunch", "update Hunch, or delete the record")
    deadline = time.monotonic() + CHECK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 20_000)
    try:
        answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_INTERRUPT:
            raise
        return
    finally:
        connection.set_progress_handler(None, 0)
    if answer != "ok":
        raise StoreDamagedError(f"the record {path.name} is damaged ({str(answer)[:80]})")


class Store:
    """An open record. Used by one thread at a time; other processes may have the same file open."""

    def __init__(self, connection: sqlite3.Connection, path: Path, notice: str = "") -> None:
        self._connection = connection
        self.path = path
        self.notice = notice
        """What the person should know about opening it; empty when all went well."""
        self._deletions_seen = self._last_deletion()
        self._identity = identity(path)

    @classmethod
    def open(cls, path: Path, now: Callable[[], float] = time.time) -> Store:
        """Open or create. A damaged file is renamed to `traces.damaged-<time>.db` and a fresh one started.

        Raises StoreFullError, StoreBusyError or StoreError (made by a newer version).
        """
        notice = ""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with one_at_a_time(path):
                try:
                    return cls(cls._prepare(path), path)
                except StoreDamagedError as damage:
                    aside = set_aside(path, int(now()))
                    notice = f"{damage.message}; it was set aside as {aside.name} and a fresh one started"
                return cls(cls._prepare(path), path, notice)
        except OSError as error:
            raise StoreFullError(f"the record {path.name} cannot be written ({error.strerror})") from error

    @staticmethod
    def _prepare(path: Path) -> sqlite3.Connection:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        connection: sqlite3.Connection | None = None
        try:
            connection = _connect(path)
            _check(connection, path)
            if connection.execute("PRAGMA user_version").fetchone()[0] < STORE_VERSION:
                _migrate(connection)
                connection.execute(f"PRAGMA user_version = {STORE_VERSION:d}")
            for table in ("events", "hourly", "sessions", "dropped", "deletions"):
                connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchall()  # noqa: S608 - our own names
        except BaseException as error:
            if connection is not None:
                connection.close()
            if isinstance(error, sqlite3.Error):
                if "no such table" in str(error):
                    raise StoreDamagedError(f"the record {path.name} is damaged ({error})") from error
                raise store_error(error, path) from error
            raise
        return connection

    @property
    def in_place(self) -> bool:
        """Whether the file is still the one that was opened; someone may have removed it by hand."""
        return identity(self.path) == self._identity

    def close(self) -> None:
        """Close the file; the write-ahead log is emptied when no other process has it open."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise store_error(error, self.path) from error

    def _last_deletion(self) -> int:
        return int(self._connection.execute("SELECT coalesce(max(id), 0) FROM deletions").fetchone()[0])

    def insert(self, rows: Sequence[Row], dropped: Mapping[str, int] | None = None, now_ms: int = 0) -> int:
        """Write a batch and its sums in one transaction; answers how many rows went in.

        Rows that another process has deleted in the meantime (by time, workspace or all) are left out.
        """
        with self._transaction() as connection:
            rows = self._not_deleted(rows)
            connection.executemany(INSERT_EVENT, rows)
            add_sums(connection, rows)
            if dropped:
                connection.executemany(
                    "INSERT INTO dropped VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n",
                    [(now_ms // 3_600_000, kind, count) for kind, count in dropped.items()],
                )
        return len(rows)

    def _not_deleted(self, rows: Sequence[Row]) -> Sequence[Row]:
        made = self._connection.execute(
            "SELECT id, made_at, since, until, workspace FROM deletions WHERE id > ?", (self._deletions_seen,)
        ).fetchall()
        if not made:
            return rows
        self._deletions_seen = max(entry[0] for entry in made)
        scopes = [Scope(since, min(until, made_at), workspace) for _, made_at, since, until, workspace in made]
        return [row for row in rows if not any(scope.holds(row) for scope in scopes)]

    def events(self, scope: Scope | None = None, kinds: Sequence[str] = ()) -> Iterator[Event]:
        """The events in order of time. Rows of an unknown kind (a newer version wrote them) are passed over."""
        for _, body in self.rows(scope, kinds):
            try:
                yield decode(body)
            except ValueError:
                continue

    def rows(self, scope: Scope | None = None, kinds: Sequence[str] = ()) -> Iterator[tuple[int, str]]:
        """Schema version and JSON of each event, in order of time."""
        condition, parameters = (scope or Scope()).where()
        if kinds:
            condition += f" AND kind IN ({','.join('?' * len(kinds))})"
        try:
            yield from self._connection.execute(
                f"SELECT v, body FROM events WHERE {condition} ORDER BY at, id",  # noqa: S608 - made of our own words
                (*parameters, *kinds),
            )
        except sqlite3.Error as error:
            raise store_error(error, self.path) from error

    def query(self, sql: str, parameters: Sequence[int | str] = ()) -> list[tuple[object, ...]]:
        """Rows of a reading statement on the store's tables."""
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise store_error(error, self.path) from error

    def delete(self, scope: Scope, now_ms: int) -> Deleted:
        """Delete events for good: rows, sums, free pages and log; stores set aside as damaged go in any case.

        Raises StoreBusyError when another program reads for so long that the log cannot be emptied; the rows are gone
        from the tables then, and calling again finishes.
        """
        before = bytes_of(self.path)
        for file in self.path.parent.glob(f"{self.path.stem}.damaged-*"):
            file.unlink(missing_ok=True)
        with self._transaction() as connection:
            samples = self._samples(connection, scope)
            count = self._delete_rows(connection, scope)
            samples = [body for body in samples if not _stored(connection, body)]
            connection.execute(
                "INSERT INTO deletions (made_at, since, until, workspace) VALUES (?, ?, ?, ?)",
                (now_ms, scope.since, scope.until, scope.workspace),
            )
            connection.execute("DELETE FROM deletions WHERE made_at < ?", (now_ms - DAY_MS,))
            self._deletions_seen = self._last_deletion()
        self._vacuum()
        verified = not samples or not files_with(self.path, [body.encode() for body in samples])
        return Deleted(count, before, bytes_of(self.path), verified)

    @staticmethod
    def _samples(connection: sqlite3.Connection, scope: Scope) -> list[str]:
        """Some of the rows to be deleted, short enough to lie on one page each, to look for afterwards."""
        condition, parameters = scope.where()
        return [
            body
            for (body,) in connection.execute(
                f"SELECT body FROM events WHERE {condition} AND length(body) BETWEEN 60 AND 400 LIMIT 32",  # noqa: S608
                parameters,
            )
        ]

    @staticmethod
    def _delete_rows(connection: sqlite3.Connection, scope: Scope) -> int:
        condition, parameters = scope.where()
        first, last, count = connection.execute(
            f"SELECT min(at), max(at), count(*) FROM events WHERE {condition}",  # noqa: S608
            parameters,
        ).fetchone()
        if scope == Scope():
            for table in ("events", "hourly", "sessions", "dropped"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608
        elif count:
            connection.execute(f"DELETE FROM events WHERE {condition}", parameters)  # noqa: S608
            rebuild_sums(connection, first, last)
        return int(count)

    def _vacuum(self) -> None:
        deadline = time.monotonic() + BUSY_MS / 1000
        full = False
        while True:
            try:
                if not full:
                    self._connection.execute("VACUUM")
                busy = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            except sqlite3.Error as error:
                problem = store_error(error, self.path)
                if isinstance(problem, StoreFullError) and not full:
                    full = True  # no room to compact: the pages are overwritten with zeros all the same
                    continue
                if not isinstance(problem, StoreBusyError):
                    raise problem from error
                busy = 1
            if not busy:
                return
            if time.monotonic() > deadline:
                raise StoreBusyError(
                    "the events are deleted, but another program still reads the record's log",
                    "close it and delete again",
                )
            time.sleep(0.05)

    def retain(self, max_age_days: int, max_bytes: int, now_ms: int) -> int:
        """Delete what is older than `max_age_days` or, oldest first, beyond `max_bytes`; answers how many events.

        Works in steps of a few thousand events (and those of the same millisecond), so that others can write between.
        """
        removed = 0
        while True:
            step = self.retain_step(max_age_days, max_bytes, now_ms)
            removed += step
            if not step:
                return removed

    def retain_step(self, max_age_days: int, max_bytes: int, now_ms: int) -> int:
        """The next few thousand events of `retain`; 0 when nothing is left to delete."""
        with self._transaction() as connection:
            upto = now_ms - max_age_days * DAY_MS - 1
            if self._used_bytes() > max_bytes:
                row = connection.execute(
                    "SELECT max(at) FROM (SELECT at FROM events ORDER BY at LIMIT ?)", (RETENTION_STEP,)
                ).fetchone()
                upto = max(upto, row[0] if row[0] is not None else upto)
            else:
                row = connection.execute(
                    "SELECT max(at) FROM (SELECT at FROM events WHERE at <= ? ORDER BY at LIMIT ?)",
                    (upto, RETENTION_STEP),
                ).fetchone()
                if row[0] is None:
                    return 0
                upto = row[0]
            count = self._delete_rows(connection, Scope(until=upto))
        self._connection.execute("PRAGMA incremental_vacuum").fetchall()
        return count

    def _used_bytes(self) -> int:
        pages, free, size = (
            self._connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)


def _stored(connection: sqlite3.Connection, body: str) -> bool:
    return connection.execute("SELECT 1 FROM events WHERE body = ? LIMIT 1", (body,)).fetchone() is not None


def _migrate(connection: sqlite3.Connection) -> None:
    from sqlite_utils import Database  # noqa: PLC0415 - 0.2 s to import, and most openings need no migration

    from hunch_features.traces.migrations import migrations  # noqa: PLC0415

    migrations.apply(Database(connection, execute_plugins=False))
