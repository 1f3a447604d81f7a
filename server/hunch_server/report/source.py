"""From the record in the state folder to the page on disk."""

from __future__ import annotations

import os
import threading
from datetime import datetime
from pathlib import Path

from hunch_features.gating.gate import GateModels
from hunch_features.gating.recorded import from_events
from hunch_features.gating.replay import LEVELS, Replayed, newest, replay
from hunch_features.gating.rewards import Judged, judged
from hunch_features.traces.consent import Consent, ConsentFile
from hunch_features.traces.store import ALWAYS, FILE_NAME, Scope, Store
from hunch_features.traces.summary import Summary, count_rubrics, summarise
from hunch_server.report.page import render
from hunch_server.report.sentences import recording_sentence

LEAST_REPLAYED, MOST_REPLAYED = 40, 1000
"""Suggestions played through the gate: fewer say nothing, more cost seconds."""


def write_report(home: Path, target: Path, *, since_ms: int | None = None) -> Summary:
    """Summarise the record in `home` and write the page. Raises StoreError and OSError."""
    summary = read_summary(home, since_ms)
    answer = Consent(home).answer if home.is_dir() else ConsentFile()
    page = render(
        summary,
        read_judged(home, since_ms),
        read_replayed(home, since_ms),
        recording=recording_sentence(answer),
        made_at=datetime.now(),
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two may be asked for at a time, in one process too.
    part = target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    part.write_text(page, encoding="utf-8", newline="\n")
    part.replace(target)
    return summary


def read_summary(home: Path, since_ms: int | None = None) -> Summary:
    """The summary of the record; an empty one where nothing was ever recorded."""
    path = home / FILE_NAME
    if not path.exists():
        return summarise([])
    store = Store.open(path)
    try:
        scope = Scope(since=-ALWAYS if since_ms is None else since_ms)
        summary = summarise(store.events(scope))
        summary.rubrics = count_rubrics(store.events(scope))
        return summary
    finally:
        store.close()


def read_judged(home: Path, since_ms: int | None = None) -> Judged:
    """What the record tells of the person's judgement of suggestions."""
    path = home / FILE_NAME
    if not path.exists():
        return Judged()
    store = Store.open(path)
    try:
        return judged(store.events(Scope(since=-ALWAYS if since_ms is None else since_ms)))
    finally:
        store.close()


def read_replayed(home: Path, since_ms: int | None = None) -> dict[str, Replayed]:
    """By level, what the gate would have done with the newest recorded suggestions; empty where no texts are kept."""
    path = home / FILE_NAME
    if not path.exists():
        return {}
    store = Store.open(path)
    try:
        scope = Scope(since=-ALWAYS if since_ms is None else since_ms)
        found = newest(list(from_events(store.events(scope), "you")), MOST_REPLAYED)
    finally:
        store.close()
    if len(found) < LEAST_REPLAYED:
        return {}
    models = GateModels.load()
    return {} if models.detail else {level: replay(models, found, level) for level in LEVELS}
