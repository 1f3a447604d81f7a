"""The index's tables, as named and ordered migrations. Imported only when an index is made or changed."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("hunch-memory")


def apply(db: sqlite3.Connection) -> None:
    """Bring an index to the newest schema."""
    migrations.apply(Database(db))


@migrations()
def create_code(db: Database) -> None:
    """Files with their tokens, definitions, uses, and the words that searches look at."""
    for statement in (
        "CREATE TABLE files (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, language TEXT NOT NULL,"
        " size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, problem TEXT NOT NULL, uses INTEGER NOT NULL)",
        # Apart from the files' own rows, which then fit into a few pages: most questions join them.
        "CREATE TABLE code (file INTEGER PRIMARY KEY, calls BLOB NOT NULL, tokens BLOB NOT NULL)",
        "CREATE TABLE symbols (id INTEGER PRIMARY KEY, file INTEGER NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL,"
        " container TEXT NOT NULL, visibility TEXT NOT NULL, line INTEGER NOT NULL, end_line INTEGER NOT NULL,"
        " signature TEXT NOT NULL, doc TEXT NOT NULL)",
        "CREATE INDEX symbols_file ON symbols (file)",
        # With all that the best of many definitions of one name are picked by.
        "CREATE INDEX symbols_name ON symbols (name, file, line, kind, visibility)",
        "CREATE INDEX symbols_container ON symbols (container) WHERE container != ''",
        "CREATE TABLE vocabulary (id INTEGER PRIMARY KEY, text TEXT NOT NULL)",
        "CREATE VIRTUAL TABLE symbol_text USING fts5(words, content='')",
        "CREATE VIRTUAL TABLE name_text USING fts5(words, content='')",
    ):
        db.execute(statement)
