"""The labelled telemetry (`copilot_telemetry/events.jsonl`) as events, with the moments at which a state is predicted.

A label names the interval that a telemetry event *ends*. So the state is predicted at the interval's beginning, from
the events before it: neither the interval's length nor the event that ends it is known then, as it is live.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from hunch_features.intent.taxonomy import State, state_of_label
from hunch_features.traces.events import EditBurst, Event, SuggestionAccepted, SuggestionRejected, SuggestionShown
from hunch_features.traces.importers.copilot_telemetry import unquoted
from hunch_features.traces.importers.files import ImportFileError, milliseconds, read_lines

HEADER_LINES = 2
"""Lines that Copilot put before the document's own text: a shebang and the path."""
MAX_SESSIONS = 10_000


class _Row(msgspec.Struct):
    session: int
    user: int
    i: int
    time: str
    state: str
    suggestion: str
    prompt: str
    meas: dict[str, float | None]
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment to predict at: after the first `seen` events, at `at` ms. The interval then lasts `lasts_ms`."""

    seen: int
    at: int
    state: State | None
    lasts_ms: int


@dataclass(frozen=True, slots=True)
class LabelledSession:
    """One programmer's session: events in order of time, and the labelled moments among them."""

    person: str
    events: tuple[Event, ...]
    moments: tuple[Moment, ...]


def read_labelled(path: Path) -> list[LabelledSession]:
    """All sessions of a file. Raises ImportFileError."""
    sessions: list[LabelledSession] = []
    for session, rows in groupby(read_lines(path, _Row), key=lambda row: row.session):
        if len(sessions) >= MAX_SESSIONS:
            raise ImportFileError(f"{path.name}: more than {MAX_SESSIONS:,} sessions")
        try:
            sessions.append(_session(list(rows)))
        except ValueError as error:
            raise ImportFileError(f"{path.name}: session {session}: {error}") from error
    return sessions


def _session(rows: list[_Row]) -> LabelledSession:
    events: list[Event] = []
    moments: list[Moment] = []
    reader = _Reader(rows[0].session)
    before = milliseconds(rows[0].time)
    for row in rows:
        at = max(before, milliseconds(row.time))
        moments.append(Moment(len(events), before, state_of_label(row.label), at - before))
        events += reader.events(row, before, at)
        before = at
    return LabelledSession(str(rows[0].user), tuple(events), tuple(moments))


class _Reader:
    """Derives what was typed between two telemetry events from the texts before the caret that they carry."""

    def __init__(self, session: int) -> None:
        self._session = f"c{session}"
        self._before: str | None = None
        self._length = 0.0
        self._shown_at = 0
        self._suggestion = ""

    def events(self, row: _Row, since: int, at: int) -> Iterator[Event]:
        """The events of one row, typed text first: it came before what the row tells."""
        before, text = unquoted(row.prompt), unquoted(row.suggestion)
        line = max(0, before.count("\n") - HEADER_LINES)
        length = row.meas.get("documentLength") or 0.0
        common: dict[str, Any] = {"at": at, "session": self._session, "language": "python"}
        if row.state in ("Shown", "Replay", "Browsing"):
            edit = self._typed(before, length, line)
            if edit is not None:
                edit.at, edit.duration_ms = since, at - since
                edit.session, edit.language = common["session"], "python"
                yield edit
            self._before, self._length = before, length
            if row.state == "Shown":
                self._shown_at, self._suggestion = at, f"{self._session}-{row.i}"
            yield SuggestionShown(
                **common,
                suggestion=self._suggestion,
                chars=len(text),
                lines=text.count("\n") + 1,
                line=line,
                before=before,
                text=text,
            )
        elif row.state in ("Accepted", "Rejected"):
            decided: dict[str, Any] = {
                **common,
                "suggestion": self._suggestion,
                "shown_ms": max(0, at - self._shown_at),
                "chars": len(text),
                "line": line,
            }
            if row.state == "Accepted":
                self._before, self._length = before + text, length + len(text)
                yield SuggestionAccepted(**decided, text=text, lines=text.count("\n") + 1)
            else:
                yield SuggestionRejected(**decided)

    def _typed(self, before: str, length: float, line: int) -> EditBurst | None:
        """What changed before the caret, unless only the caret moved: then the document is as long as it was."""
        old = self._before
        if old is None or (old == before and length == self._length):
            return None
        same = _common_prefix(old, before)
        inserted, deleted = before[same:], old[same:]
        if length == self._length and (not inserted or not deleted):
            return None
        if length > self._length and not inserted:  # the caret went back after typing, or text came after it
            inserted, deleted = "", ""
            return EditBurst(at=0, inserted=int(length - self._length), line=line)
        if length < self._length and inserted and not deleted:
            return EditBurst(at=0, deleted=int(self._length - length), line=line)
        return EditBurst(
            at=0,
            line=line,
            inserted=len(inserted),
            deleted=len(deleted),
            lines_added=inserted.count("\n"),
            lines_removed=deleted.count("\n"),
            inserted_text=inserted,
            deleted_text=deleted,
        )


def _common_prefix(one: str, other: str) -> int:
    length = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        length += 1
    return length
