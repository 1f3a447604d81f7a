"""The index on disk: one SQLite file per repository, shared by processes. It can always be thrown away and rebuilt."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from hunch_features.memory.database import Database
from hunch_features.memory.extract import Symbol
from hunch_features.memory.parsing import Parsed, symbol_words
from hunch_features.memory.tokens import NAME, NEWLINE, SPACE, split_words
from hunch_features.memory.vocabulary import Vocabulary
from hunch_features.memory.walk import FoundFile

BULK_BYTES = 2_000_000
WRITES_TOGETHER = 40
HASH_BYTES, BULK_HASH_BYTES = 1_000_000, 16_000_000
"""What a search structure gathers in RAM before it writes a part: SQLite's default, and for fewer, larger parts."""
FTS = ("symbol_text", "name_text")


@dataclass(frozen=True, slots=True)
class Hit:
    """A found definition; `line` is 0-based, a higher `score` is better."""

    path: str
    symbol: Symbol
    score: float


def index_path(root: Path, home: Path) -> Path:
    """Where the index of a repository lies below the state folder."""
    name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:24]
    return home / "memory" / f"{name}.sqlite"


class Store(Database):
    """Rows of one repository. One connection per thread that uses it; writers wait for each other up to 10 s."""

    VERSION = 2

    def __init__(self, path: Path) -> None:
        self._together = False
        self._writes = 0
        self._known: set[int] | None = None
        self._unwritten: list[tuple[int, str]] = []
        super().__init__(path)

    def _create(self, db: sqlite3.Connection) -> None:
        from hunch_features.memory.migrations import apply  # noqa: PLC0415 - 0.2 s, needed once per index

        apply(db)

    def known(self) -> dict[str, tuple[int, int, int]]:
        """Path to (id, size, time of change in ns) of every file in the index."""
        return {row[0]: row[1:] for row in self._db.execute("SELECT path, id, size, mtime_ns FROM files")}

    def known_among(self, paths: list[str]) -> dict[str, tuple[int, int, int] | None]:
        """The same of some paths; None for those that are not in the index."""
        query = "SELECT id, size, mtime_ns FROM files WHERE path = ?"
        return {path: self._db.execute(query, (path,)).fetchone() for path in paths}

    @contextmanager
    def bulk(self, size: int) -> Iterator[None]:
        """Around many writes, of `size` source bytes in all: search structures are merged once, at the end."""
        if size < BULK_BYTES:
            yield
            return
        self._together = True
        self._known = set(self.vocabulary_ids())
        self._db.execute("PRAGMA synchronous=OFF")  # an index that a power cut damages is read again
        self._db.execute("PRAGMA cache_size=-65536")
        self._db.execute("PRAGMA wal_autocheckpoint=16000")
        self._configure_search("automerge", 0)
        self._configure_search("hashsize", BULK_HASH_BYTES)
        try:
            yield
        finally:
            self._together = False
            self._known = None
            if self._db.in_transaction:
                self._commit()
            # Left to the next writes, a saved file would wait for the merging of large parts.
            for table in FTS:
                self._db.execute(f"INSERT INTO {table} ({table}) VALUES ('optimize')")  # noqa: S608
            self._configure_search("hashsize", HASH_BYTES)
            self._configure_search("automerge", 4)
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.execute("PRAGMA wal_autocheckpoint=1000")
            self._db.execute("PRAGMA cache_size=-8192")
            self._db.execute("PRAGMA shrink_memory")

    def _configure_search(self, option: str, value: int) -> None:
        for table in FTS:
            self._db.execute(f"INSERT INTO {table} ({table}, rank) VALUES (?, ?)", (option, value))  # noqa: S608

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One transaction; inside `bulk` several writes share one, as every commit also closes a part of the FTS."""
        db = self._db
        if not db.in_transaction:
            db.execute("BEGIN IMMEDIATE")
            self._writes = 0
        try:
            yield
        except BaseException:
            db.rollback()
            self._unwritten.clear()
            raise
        self._writes += 1
        if not self._together or self._writes >= WRITES_TOGETHER:
            self._commit()

    def _commit(self) -> None:
        # FTS5 begins a new segment whenever a row id is smaller than the one before: all names at once, in order.
        self._db.executemany("INSERT INTO name_text (rowid, words) VALUES (?, ?)", sorted(self._unwritten))
        self._unwritten.clear()
        self._db.commit()

    def write(self, batch: Iterable[tuple[FoundFile, Parsed]], removed: Iterable[str] = ()) -> None:
        """Replace the rows of the files in one transaction, and delete those of `removed`."""
        with self._transaction():
            for path in removed:
                self._delete(path)
            self._insert(list(batch))

    def _insert(self, batch: list[tuple[FoundFile, Parsed]]) -> None:
        db = self._db
        for found, _parsed in batch:
            self._delete(found.path)
        query = "SELECT (SELECT ifnull(max(id), 0) FROM files), (SELECT ifnull(max(id), 0) FROM symbols)"
        file_id, symbol_id = db.execute(query).fetchone()
        numbered = list(enumerate(batch, file_id + 1))
        db.executemany(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(file, *found, parsed.problem, parsed.uses) for file, (found, parsed) in numbered],
        )
        db.executemany(
            "INSERT INTO code VALUES (?, ?, ?)", [(file, parsed.calls, parsed.tokens) for file, (_, parsed) in numbered]
        )
        symbols = [(file, row) for file, (_, parsed) in numbered for row in parsed.symbols]
        db.executemany(
            "INSERT INTO symbols VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(number, file, *row) for number, (file, row) in enumerate(symbols, symbol_id + 1)],
        )
        words = [words for _found, parsed in batch for words in parsed.words]
        db.executemany("INSERT INTO symbol_text (rowid, words) VALUES (?, ?)", enumerate(words, symbol_id + 1))
        names: dict[int, str] = {}
        for _found, parsed in batch:
            names |= parsed.names
        self._learn(names)

    def _learn(self, names: Mapping[int, str]) -> None:
        """Names that were never seen before. They stay when the last file that used them is gone."""
        if self._known is None:
            known = {
                key for key in names if self._db.execute("SELECT 1 FROM vocabulary WHERE id = ?", (key,)).fetchone()
            }
        else:
            known = self._known
        fresh = [(key, name) for key, name in names.items() if key not in known]
        if self._known is not None:
            self._known.update(names)
        self._db.executemany("INSERT OR IGNORE INTO vocabulary VALUES (?, ?)", fresh)
        self._unwritten.extend((key, split_words(name)) for key, name in fresh if key & NAME)

    def _delete(self, path: str) -> None:
        row = self._db.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
        if row is None:
            return
        gone = self._db.execute("SELECT id, name, container, doc FROM symbols WHERE file = ?", row).fetchall()
        # The search structure keeps no texts of its own: it has to be told what to forget.
        self._db.executemany(
            "INSERT INTO symbol_text (symbol_text, rowid, words) VALUES ('delete', ?, ?)",
            [(number, symbol_words(*texts)) for number, *texts in gone],
        )
        for statement in (
            "DELETE FROM symbols WHERE file = ?",
            "DELETE FROM code WHERE file = ?",
            "DELETE FROM files WHERE id = ?",
        ):
            self._db.execute(statement, row)

    def tokens(self) -> Iterator[tuple[str, bytes]]:
        """Path and token ids (int32, little endian) of every file, in the order of their paths."""
        yield from self._db.execute("SELECT path, tokens FROM files JOIN code ON file = id ORDER BY path")

    def tokens_of(self, path: str) -> bytes | None:
        """Token ids of one file; None for one that is not in the index."""
        row = self._db.execute("SELECT tokens FROM files JOIN code ON file = id WHERE path = ?", (path,)).fetchone()
        return row[0] if row is not None else None

    def vocabulary_ids(self) -> list[int]:
        """Every token id in use, and some that are no more."""
        return [row[0] for row in self._db.execute("SELECT id FROM vocabulary")]

    def names_of(self, ids: list[int]) -> dict[int, str]:
        """Texts of some token ids (with the space bit)."""
        query = "SELECT text FROM vocabulary WHERE id = ?"
        rows = ((key, self._db.execute(query, (key,)).fetchone()) for key in ids)
        return {key: row[0] for key, row in rows if row is not None}

    def vocabulary(self) -> Vocabulary:
        """Text of every token id."""
        # Put together by SQLite: half a million rows as Python's objects would take half a second.
        query = (
            "SELECT group_concat(id), CAST(group_concat(text, char(10)) AS BLOB)"
            " FROM (SELECT id, text FROM vocabulary WHERE id != ? ORDER BY id)"
        )
        ids, texts = self._db.execute(query, (NEWLINE | SPACE,)).fetchone()
        try:
            found = Vocabulary(np.fromstring(ids or "", dtype=np.int32, sep=","), texts or b"")
        except ValueError as error:
            raise sqlite3.DatabaseError("texts of tokens are missing") from error
        found.update({NEWLINE | SPACE: "\n"})
        return found

    def counts(self) -> dict[str, int]:
        """Number of files, symbols and references, and bytes of the files."""
        row = self._db.execute(
            "SELECT (SELECT count(*) FROM files), (SELECT count(*) FROM symbols),"
            " (SELECT ifnull(sum(uses), 0) FROM files), (SELECT ifnull(sum(size), 0) FROM files)"
        ).fetchone()
        return dict(zip(("files", "symbols", "references", "bytes"), row, strict=True))

    def search(self, name: str, words: list[str], limit: int = 20) -> list[Hit]:
        """Definitions by name and lower-case words, best first: `name` itself before those that share words (BM25)."""
        if not words:
            return []
        match = " OR ".join(f'"{word}"' + ("*" if len(word) > 2 else "") for word in words)
        last = name.rsplit(".", 1)[-1]
        rows = self._db.execute(
            f"SELECT {_COLUMNS}, -bm25(symbol_text) + 20 * (s.name = ?) + 8 * (lower(s.name) = ?)"  # noqa: S608
            " - 2 * (s.kind IN ('field', 'constant')) - (f.path LIKE '%test%')"
            " FROM symbol_text JOIN symbols s ON s.id = symbol_text.rowid JOIN files f ON f.id = s.file"
            " WHERE symbol_text MATCH ? ORDER BY 10 DESC, f.path, s.line LIMIT ?",
            (last, "_".join(words), match, limit),
        ).fetchall()
        return [_hit(row) for row in rows]

    def names_with(self, words: list[str], limit: int) -> list[int]:
        """Ids (without the space bit) of names that contain the lower-case words, best first."""
        match = " OR ".join(f'"{word}"' for word in words)
        query = "SELECT rowid - 1 FROM name_text WHERE name_text MATCH ? ORDER BY rank LIMIT ?"
        return [row[0] for row in self._db.execute(query, (match, limit))] if words else []

    def named(self, name: str, limit: int = 8) -> list[Hit]:
        """Definitions of exactly this name, types and functions first."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS}, best FROM (SELECT p.id, path,"  # noqa: S608
            " (p.kind IN ('class', 'function', 'interface')) - (p.visibility = 'private') AS best"
            " FROM (SELECT id, file, line, kind, visibility FROM symbols WHERE name = ? LIMIT 100) p"
            " JOIN files ON files.id = p.file ORDER BY best DESC, path, p.line LIMIT ?) f"
            " JOIN symbols s ON s.id = f.id ORDER BY best DESC, f.path, s.line",
            (name, limit),
        )
        return [_hit(row) for row in rows]

    def members(self, container: str, limit: int = 300) -> list[Hit]:
        """Members of a class, module or namespace of this name."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS}, 0 FROM symbols s JOIN files f ON f.id = s.file"  # noqa: S608
            " WHERE s.container = ? AND s.container != '' ORDER BY f.path, s.line LIMIT ?",
            (container, limit),
        )
        return [_hit(row) for row in rows]

    def in_file(self, path: str, limit: int = 400, *, everything: bool = False) -> list[Hit]:
        """Definitions at the top level of a file (or all), in its order."""
        rows = self._db.execute(
            f"SELECT {_COLUMNS}, 0 FROM symbols s JOIN files f ON f.id = s.file"  # noqa: S608
            " WHERE f.path = ? AND (? OR s.container = '') ORDER BY s.line LIMIT ?",
            (path, everything, limit),
        )
        return [_hit(row) for row in rows]

    def defined_names(self) -> set[str]:
        """Every name that has a definition."""
        return {row[0] for row in self._db.execute("SELECT DISTINCT name FROM symbols")}

    def calls_in(self, path: str, name: str) -> list[int]:
        """0-based lines on which a file calls a name."""
        row = self._db.execute("SELECT calls FROM files JOIN code ON file = id WHERE path = ?", (path,)).fetchone()
        return _calls.decode(row[0]).get(name, []) if row is not None else []


_calls = msgspec.json.Decoder(dict[str, list[int]])
_COLUMNS = "f.path, s.name, s.kind, s.container, s.visibility, s.line, s.end_line, s.signature, s.doc"


def _hit(row: tuple[str, str, str, str, str, int, int, str, str, float]) -> Hit:
    return Hit(row[0], Symbol(*row[1:9]), float(row[9]))
