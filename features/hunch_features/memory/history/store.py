"""The history on disk: one SQLite file per repository, beside its index. It can always be mined anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from hunch_features.memory.database import Database
from hunch_features.memory.history.commits import Commit, Kind
from hunch_features.memory.store import index_path
from hunch_features.memory.tokens import split_name

STATUSES = "?AMDRCT"

Symbols = tuple[tuple[str, str], ...]
_symbols = msgspec.json.Decoder(Symbols)


class Row(NamedTuple):
    """One commit as the co-change model needs it; `changes` are (status, path id, old path id or 0)."""

    time: int
    kind: Kind
    by_bot: bool
    files: int
    changes: list[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One remembered change. `time` is in seconds since 1970, `symbols` are (path, name) pairs."""

    sha: str
    time: int
    kind: Kind
    subject: str
    body: str
    paths: tuple[str, ...]
    symbols: Symbols


def history_path(root: Path, home: Path) -> Path:
    """Where the history of a repository lies below the state folder."""
    index = index_path(root, home)
    return index.with_name(f"{index.stem}-history.sqlite")


class HistoryStore(Database):
    """Rows of one repository's history. Writers wait for each other up to 10 s."""

    VERSION = 1

    def _create(self, db: sqlite3.Connection) -> None:
        from hunch_features.memory.history.migrations import apply  # noqa: PLC0415 - 0.2 s, once per store

        apply(db)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; other processes keep reading what was there before."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.rollback()
            raise
        self._db.commit()

    def fact(self, name: str) -> str:
        """A remembered fact about the repository, or an empty text."""
        row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_facts(self, **facts: str) -> None:
        """Remember facts; inside a transaction."""
        self._db.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def add(self, commits: Iterable[tuple[Commit, Symbols]]) -> int:
        """Add commits, oldest first, inside a transaction; those that are known already are passed over."""
        db = self._db
        ids: dict[str, int] = {path: number for number, path in db.execute("SELECT id, path FROM paths")}
        added = 0
        for commit, symbols in commits:
            flat: list[int] = []
            for change in commit.changes:
                numbers = []
                for path in (change.path, change.old):
                    if path and path not in ids:
                        ids[path] = len(ids) + 1
                        db.execute("INSERT INTO paths VALUES (?, ?)", (ids[path], path))
                    numbers.append(ids[path] if path else 0)
                flat += [max(0, STATUSES.find(change.status)), *numbers]
            cursor = db.execute(
                "INSERT OR IGNORE INTO commits (sha, time, kind, by_bot, files, subject, body, changes, symbols)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    commit.sha,
                    commit.time,
                    commit.kind,
                    commit.by_bot,
                    commit.files,
                    commit.subject,
                    commit.body,
                    np.array(flat, dtype="<i4").tobytes(),
                    msgspec.json.encode(symbols),
                ),
            )
            if cursor.rowcount == 1:
                added += 1
                db.execute(
                    "INSERT INTO commit_text (rowid, message, paths, symbols) VALUES (?, ?, ?, ?)",
                    (cursor.lastrowid, *_texts(commit, symbols)),
                )
        return added

    def remove(self, shas: Sequence[str]) -> int:
        """Forget commits, inside a transaction."""
        removed = 0
        for sha in shas:
            row = self._db.execute("DELETE FROM commits WHERE sha = ? RETURNING id", (sha,)).fetchone()
            if row:
                self._db.execute("DELETE FROM commit_text WHERE rowid = ?", row)
                removed += 1
        return removed

    def keep_newest(self, most: int) -> None:
        """Forget the oldest commits beyond `most`, inside a transaction."""
        row = self._db.execute("SELECT id FROM commits ORDER BY id DESC LIMIT 1 OFFSET ?", (most,)).fetchone()
        if row:
            self._db.execute("DELETE FROM commit_text WHERE rowid <= ?", row)
            self._db.execute("DELETE FROM commits WHERE id <= ?", row)

    def clear(self) -> None:
        """Forget everything, inside a transaction."""
        for table in ("commits", "commit_text", "paths", "facts"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - fixed names

    def count(self) -> int:
        """How many commits are remembered."""
        return int(self._db.execute("SELECT count(*) FROM commits").fetchone()[0])

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for end in ("", "-wal") if (path := Path(f"{self.path}{end}")).exists())

    def paths(self) -> list[str]:
        """All paths by their id; the one with id 0 is empty."""
        found = [""] * (int(self._db.execute("SELECT coalesce(max(id), 0) FROM paths").fetchone()[0]) + 1)
        for number, path in self._db.execute("SELECT id, path FROM paths"):
            found[number] = path
        return found

    def rows(self, before: int | None = None) -> Iterator[Row]:
        """Commits in their order, those committed before a moment (seconds since 1970) only."""
        found = self._db.execute(
            "SELECT time, kind, by_bot, files, changes FROM commits WHERE time < ? ORDER BY id", (_end(before),)
        )
        for time, kind, by_bot, files, changes in found:
            flat = np.frombuffer(changes, dtype="<i4").tolist()
            yield Row(time, kind, bool(by_bot), files, list(zip(flat[::3], flat[1::3], flat[2::3], strict=True)))

    def time_of(self, sha: str) -> int | None:
        """When a commit was made; None for one that is not remembered."""
        row = self._db.execute("SELECT time FROM commits WHERE sha = ?", (sha,)).fetchone()
        return int(row[0]) if row else None

    def symbols(self, before: int | None = None) -> Iterator[Symbols]:
        """The definitions that each commit touched, oldest first, for commits of which that is known."""
        for (symbols,) in self._db.execute(
            "SELECT symbols FROM commits WHERE symbols != x'5b5d' AND by_bot = 0 AND time < ? ORDER BY id",
            (_end(before),),
        ):
            yield _symbols.decode(symbols)

    def subjects(self, before: int | None = None, most: int = 2_000) -> list[tuple[str, str, str]]:
        """(id, first line, body) of the newest commits that no program made, newest first."""
        return self._db.execute(
            "SELECT sha, subject, body FROM commits WHERE by_bot = 0 AND time < ? ORDER BY id DESC LIMIT ?",
            (_end(before), most),
        ).fetchall()

    def messages(self, before: int | None = None, most: int = 1_000) -> list[tuple[str, int, str, str]]:
        """(id, seconds since 1970, first line, body) of the newest commits that no program made, newest first."""
        return self._db.execute(
            "SELECT sha, time, subject, body FROM commits WHERE by_bot = 0 AND time < ? ORDER BY id DESC LIMIT ?",
            (_end(before), most),
        ).fetchall()

    def search(
        self, query: str, weights: tuple[float, float, float], limit: int, before: int | None
    ) -> list[tuple[float, Entry]]:
        """Changes by an FTS5 query, best first; a higher score is better."""
        found = self._db.execute(
            "SELECT -bm25(commit_text, ?, ?, ?) AS score, c.sha, c.time, c.kind, c.subject, c.body, c.changes,"
            " c.symbols FROM commit_text JOIN commits c ON c.id = commit_text.rowid"
            " WHERE commit_text MATCH ? AND c.time < ? ORDER BY score DESC, c.id DESC LIMIT ?",
            (*weights, query, _end(before), limit),
        ).fetchall()
        return [(row[0], self._entry(row[1:])) for row in found]

    def _entry(self, row: tuple[str, int, Kind, str, str, bytes, bytes]) -> Entry:
        sha, time, kind, subject, body, changes, symbols = row
        numbers = np.frombuffer(changes, dtype="<i4").tolist()[1::3][:100]
        paths = tuple(
            self._db.execute("SELECT path FROM paths WHERE id = ?", (number,)).fetchone()[0] for number in numbers
        )
        return Entry(sha, time, kind, subject, body, paths, _symbols.decode(symbols))


def _end(before: int | None) -> int:
    return before if before is not None else 1 << 62


def _texts(commit: Commit, symbols: Symbols) -> tuple[str, str, str]:
    """What searches look at: the message, with the parts of its names; names of files and definitions."""
    names = " ".join(
        part for word in commit.body.split() if "_" in word or not word.islower() for part in split_name(word)
    )
    files = " ".join(part for change in commit.changes[:50] for part in split_name(change.path))
    parts = " ".join(f"{name} {' '.join(split_name(name))}" for _path, name in symbols)
    own = " ".join(split_name(commit.subject))
    return f"{commit.subject} {own} {commit.body} {names}", files, parts
