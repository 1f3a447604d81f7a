"""The tables of a repository's history, as named and ordered migrations. Imported only when a store is made."""

from __future__ import annotations

import sqlite3

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("hunch-history")


def apply(db: sqlite3.Connection) -> None:
    """Bring a store to the newest schema."""
    migrations.apply(Database(db))


@migrations()
def create_history(db: Database) -> None:
    """Commits in the order of their making, the paths that they touched, and the words that searches look at."""
    for statement in (
        "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        "CREATE TABLE paths (id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE)",
        "CREATE TABLE commits (id INTEGER PRIMARY KEY, sha TEXT NOT NULL UNIQUE, time INTEGER NOT NULL,"
        " kind TEXT NOT NULL, by_bot INTEGER NOT NULL, files INTEGER NOT NULL, subject TEXT NOT NULL,"
        " body TEXT NOT NULL, changes BLOB NOT NULL, symbols BLOB NOT NULL)",
        "CREATE VIRTUAL TABLE commit_text USING fts5(message, paths, symbols, tokenize='porter unicode61',"
        " detail=column)",
    ):
        db.execute(statement)
