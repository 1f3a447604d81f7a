"""The row that an event becomes, and the sums that are kept beside the rows.

`hourly` holds sums per hour, kept up to date by every write, so that statistics never read the events themselves.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from hunch_features.traces import events
from hunch_features.traces.events import SCHEMA_VERSION, Event, encode

STORE_VERSION = 1
"""`PRAGMA user_version`; a store with a greater one was made by a newer Hunch and is left alone."""
HOUR_MS = 3_600_000


class Row(NamedTuple):
    """An event as the `events` table holds it, without its id."""

    at: int
    v: int
    kind: str
    workspace: str
    session: str
    language: str
    detail: str
    chars: int
    amount: float
    body: str


def detail_of(event: Event) -> tuple[str, int, float]:
    """What statistics group and add up: a closed word, code points, and an amount.

    The amount is milliseconds (latency for shown, time seen for accepted and rejected, length for idle) or, for a
    check of accepted text, the code points that are still there.
    """
    match event:
        case events.EditBurst():
            return event.origin, event.inserted, float(event.deleted)
        case events.SuggestionShown():
            return event.trigger, event.chars, event.latency_ms
        case events.SuggestionGenerated():
            return event.source, event.chars, event.latency_ms
        case events.SuggestionWithheld():
            return event.reason, event.chars, 0.0
        case events.SuggestionAccepted() | events.SuggestionPartlyAccepted():
            return "", event.chars, float(event.shown_ms)
        case events.SuggestionRejected():
            return event.reason, event.chars, float(event.shown_ms)
        case events.AcceptedTextChecked():
            return str(event.after_s), event.chars, event.kept * event.chars
        case events.OfferOutcome():
            return event.outcome, 0, float(event.shown_ms)
        case events.Idle():
            return "", 0, float(event.duration_ms)
        case events.TaskRun():
            return f"{event.group}.{event.phase}", 0, float(event.duration_ms)
    return "", 0, 0.0


def row_of(event: Event) -> Row:
    """The row of an event that already holds no more than its level keeps."""
    detail, chars, amount = detail_of(event)
    return Row(
        event.at,
        SCHEMA_VERSION,
        events.KIND_OF[type(event)],
        event.workspace,
        event.session,
        event.language,
        detail,
        chars,
        amount,
        encode(event).decode(),
    )


INSERT_EVENT = (
    "INSERT INTO events (at, v, kind, workspace, session, language, detail, chars, amount, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_HOURLY = (
    "INSERT INTO hourly VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " n = n + excluded.n, chars = chars + excluded.chars, amount = amount + excluded.amount"
)
_ADD_SESSION = (
    "INSERT INTO sessions VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at), n = n + excluded.n"
)


def add_sums(connection: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Add a batch to the sums; part of the transaction that inserts it."""
    hourly: dict[tuple[int, str, str, str, str], list[float]] = defaultdict(lambda: [0, 0, 0.0])
    sessions: dict[tuple[str, str], list[int]] = {}
    for row in rows:
        sums = hourly[row.at // HOUR_MS, row.workspace, row.kind, row.language, row.detail]
        sums[0] += 1
        sums[1] += row.chars
        sums[2] += row.amount
        span = sessions.setdefault((row.workspace, row.session), [row.at, row.at, 0])
        span[0] = min(span[0], row.at)
        span[1] = max(span[1], row.at)
        span[2] += 1
    connection.executemany(_ADD_HOURLY, [(*key, *sums) for key, sums in hourly.items()])
    connection.executemany(_ADD_SESSION, [(*key, *span) for key, span in sessions.items()])


def rebuild_sums(connection: sqlite3.Connection, since: int, until: int) -> None:
    """Compute the sums again for the hours and sessions that events between `since` and `until` (ms) belong to."""
    first, last = since // HOUR_MS, until // HOUR_MS
    connection.execute("DELETE FROM hourly WHERE hour BETWEEN ? AND ?", (first, last))
    connection.execute(
        "INSERT INTO hourly SELECT at / ? AS hour, workspace, kind, language, detail, count(*), sum(chars), sum(amount)"
        " FROM events WHERE at BETWEEN ? AND ? GROUP BY 1, 2, 3, 4, 5",
        (HOUR_MS, first * HOUR_MS, (last + 1) * HOUR_MS - 1),
    )
    spans = connection.execute(
        "SELECT min(first_at), max(last_at) FROM sessions WHERE first_at <= ? AND last_at >= ?", (until, since)
    ).fetchone()
    if spans[0] is None:
        return
    connection.execute("DELETE FROM sessions WHERE first_at <= ? AND last_at >= ?", (until, since))
    connection.execute(
        "INSERT INTO sessions SELECT workspace, session, min(at), max(at), count(*) FROM events"
        " WHERE at BETWEEN ? AND ? GROUP BY 1, 2 ON CONFLICT DO NOTHING",
        spans,
    )
