"""Reads `realhumaneval/suggestions.jsonl`: inline suggestions of 66 programmers, a random part of each one's rows.

Origin: clinicalml/realhumaneval (CC0).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from hunch_features.traces.events import EditBurst, Event, SuggestionAccepted, SuggestionRejected, SuggestionShown
from hunch_features.traces.importers.files import read_lines


class _Row(msgspec.Struct):
    orig_row: int
    programmer_id: int
    timestamp: int
    model: str
    task_name: str
    requested: bool
    accepted: int
    prefix_code: str | None
    suffix_code: str | None
    suggestion: str
    logprobs: dict[str, float | None]


def read_realhumaneval(path: Path) -> Iterator[Event]:
    """Each suggestion as shown, then accepted or rejected at the same time: the set has one time per suggestion.

    So how long they were seen is unknown, and rows are missing in between.
    """
    rows = sorted(read_lines(path, _Row), key=lambda row: (row.programmer_id, row.timestamp, row.orig_row))
    for person, own in groupby(rows, key=lambda row: row.programmer_id):
        for row in own:
            yield from _decision(row, f"r{person}")


def _decision(row: _Row, session: str) -> Iterator[Event]:
    common: dict[str, Any] = {
        "at": row.timestamp,
        "session": session,
        "workspace": f"realhumaneval/{row.programmer_id}",
        "document": f"{row.task_name}.py",
        "language": "python",
    }
    suggestion, chars = f"{session}-{row.orig_row}", len(row.suggestion)
    figures = {name: value for name, value in row.logprobs.items() if value is not None}
    before = row.prefix_code or ""
    yield SuggestionShown(
        **common,
        suggestion=suggestion,
        source="".join(char if char.isalnum() or char in ".-" else "_" for char in row.model)[:64],
        trigger="explicit" if row.requested else "automatic",
        line=before.count("\n"),
        column=len(before) - before.rfind("\n") - 1,
        chars=chars,
        lines=row.suggestion.count("\n") + 1,
        mean_logprob=figures.get("mean"),
        features=figures,
        before=before,
        after=row.suffix_code or "",
        text=row.suggestion,
    )
    if row.accepted:
        yield SuggestionAccepted(**common, suggestion=suggestion, chars=chars, text=row.suggestion)
        yield EditBurst(**common, origin="accepted", inserted=chars, inserted_text=row.suggestion)
    else:
        yield SuggestionRejected(**common, suggestion=suggestion, chars=chars)
