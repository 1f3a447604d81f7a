"""Reads `copilot_telemetry/events.jsonl`: Copilot in VS Code, 16 programmers, every telemetry event.

Origin: microsoft/coderec_programming_states (MIT), described in arXiv 2210.14306.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from hunch_features.traces.events import (
    AcceptedTextChecked,
    EditBurst,
    Event,
    SuggestionAccepted,
    SuggestionRejected,
    SuggestionShown,
)
from hunch_features.traces.importers.files import ImportFileError, milliseconds, read_lines

CHECKS_S = (15, 30, 120, 300, 600)
"""When the extension looked at accepted text again; `edit_pct` holds the share that was changed by then."""


class _Row(msgspec.Struct):
    session: int
    user: int
    i: int
    time: str
    state: str
    suggestion: str
    prompt: str
    meas: dict[str, float | None]
    edit_pct: list[float]
    label: str | None = None


def unquoted(text: str) -> str:
    """The text behind JSON-style quotes and escapes; as it is where there are none."""
    try:
        return msgspec.json.decode(text, type=str)
    except ValueError:
        return text


def read_copilot_telemetry(path: Path) -> Iterator[Event]:
    """Shown, accepted and rejected suggestions with their texts and figures, and the checks of accepted text.

    `Replay` events (the same ghost text drawn again while typing) and browsing are left out: neither is a decision.
    """
    for session, rows in groupby(read_lines(path, _Row), key=lambda row: row.session):
        try:
            events = list(_session(f"c{session}", list(rows)))
        except ValueError as error:
            raise ImportFileError(f"{path.name}: session {session}: {error}") from error
        yield from sorted(events, key=lambda event: event.at)


def _session(session: str, rows: list[_Row]) -> Iterator[Event]:
    shown_at, suggestion = 0, ""
    for row in rows:
        at = milliseconds(row.time)
        common: dict[str, Any] = {
            "at": at,
            "session": session,
            "workspace": f"copilot_telemetry/{row.user}",
            "language": "python",
        }
        text = unquoted(row.suggestion)
        if row.state == "Shown":
            shown_at, suggestion = at, f"{session}-{row.i}"
            yield _shown(row, text, suggestion, common)
        elif row.state in ("Accepted", "Rejected") and suggestion:
            decided: dict[str, Any] = {
                **common,
                "suggestion": suggestion,
                "shown_ms": max(0, at - shown_at),
                "chars": len(text),
            }
            if row.state == "Rejected":
                yield SuggestionRejected(**decided)
            else:
                yield SuggestionAccepted(**decided, text=text, lines=text.count("\n") + 1)
                yield EditBurst(**common, origin="accepted", inserted=len(text), inserted_text=text)
                for after_s, changed in zip(CHECKS_S, row.edit_pct, strict=False):
                    yield AcceptedTextChecked(
                        **{**common, "at": at + after_s * 1000},
                        suggestion=suggestion,
                        after_s=after_s,
                        chars=len(text),
                        kept=min(1.0, max(0.0, 1.0 - changed)),
                    )
            suggestion = ""


def _shown(row: _Row, text: str, suggestion: str, common: dict[str, Any]) -> SuggestionShown:
    figures = {name: value for name, value in row.meas.items() if value is not None}
    return SuggestionShown(
        **common,
        suggestion=suggestion,
        source="copilot",
        chars=len(text),
        lines=text.count("\n") + 1,
        latency_ms=figures.get("timeSinceIssuedMs", 0.0),
        mean_logprob=figures.get("meanLogProb"),
        features=figures,
        before=unquoted(row.prompt),
        text=text,
    )
