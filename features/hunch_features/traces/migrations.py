"""The store's tables, as named and ordered migrations. Imported only when a store is made or changed: 0.2 s."""

from __future__ import annotations

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("hunch-traces")


@migrations()
def create_events(db: Database) -> None:
    """One row per event; the columns beside `body` are what sums, deletion and retention need."""
    db.table("events").create(
        {
            "id": int,
            "at": int,
            "v": int,
            "kind": str,
            "workspace": str,
            "session": str,
            "language": str,
            "detail": str,
            "chars": int,
            "amount": float,
            "body": str,
        },
        pk="id",
        not_null={"at", "v", "kind", "workspace", "session", "language", "detail", "chars", "amount", "body"},
    )
    db.table("events").create_index(["at"])


@migrations()
def create_sums(db: Database) -> None:
    """Sums per hour, first and last event per session, dropped events, and deletions that writers must honour."""
    db.execute(
        "CREATE TABLE hourly (hour INTEGER, workspace TEXT, kind TEXT, language TEXT, detail TEXT,"
        " n INTEGER NOT NULL, chars INTEGER NOT NULL, amount REAL NOT NULL,"
        " PRIMARY KEY (hour, workspace, kind, language, detail)) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE sessions (workspace TEXT, session TEXT, first_at INTEGER NOT NULL, last_at INTEGER NOT NULL,"
        " n INTEGER NOT NULL, PRIMARY KEY (workspace, session)) WITHOUT ROWID"
    )
    db.execute("CREATE TABLE dropped (hour INTEGER, kind TEXT, n INTEGER NOT NULL, PRIMARY KEY (hour, kind))")
    db.table("deletions").create(
        {"id": int, "made_at": int, "since": int, "until": int, "workspace": str}, pk="id", not_null={"made_at"}
    )
