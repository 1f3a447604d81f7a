"""A SQLite file that can always be made anew: opened by several processes, thrown away when it is damaged or old."""

from __future__ import annotations

import sqlite3
from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from hunch_features.file_lock import one_at_a_time

BUSY_MS = 10_000
"""How long a writer waits for another."""


class Database(ABC):
    """The connection and its life. One object per thread that uses it."""

    VERSION: ClassVar[int]
    """Kept in the file; one of another version is thrown away."""

    def __init__(self, path: Path) -> None:
        """Open or create. Raises sqlite3.OperationalError for a full disk or a lock that nobody gives back."""
        self.path = path
        self.rebuilt = False
        """Whether there was a file that could not be used."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with one_at_a_time(path):
            try:
                self._db = self._open()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise
                self._start_anew()
                self._db = self._open()

    @abstractmethod
    def _create(self, db: sqlite3.Connection) -> None:
        """Make the tables of an empty file."""

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=BUSY_MS / 1000, check_same_thread=False, isolation_level=None)
        try:
            self.path.chmod(0o600)
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, self.VERSION):
                raise sqlite3.DatabaseError("a file of another version")
            if version == 0:
                self._create(db)
                db.execute(f"PRAGMA user_version={self.VERSION}")
                db.commit()
        except BaseException:
            db.close()
            raise
        return db

    def rebuild(self) -> None:
        """Throw the file away and begin an empty one, after it turned out to be damaged in use."""
        self._db.close()
        with one_at_a_time(self.path):
            self._start_anew()
            self._db = self._open()

    def _start_anew(self) -> None:
        """What is in it can be read again: a damaged one is not worth keeping."""
        self.rebuilt = True
        for end in ("", "-wal", "-shm"):
            Path(f"{self.path}{end}").unlink(missing_ok=True)

    def close(self) -> None:
        """Close the connection."""
        self._db.close()
