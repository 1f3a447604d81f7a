"""Windows of rows with the state that a person named: what the model is fitted to and measured on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from hunch_features.intent.encoding import WIDTH, WINDOW, Encoder, Row
from hunch_features.intent.taxonomy import STATES
from hunch_features.intent.telemetry import LabelledSession, Moment
from hunch_features.traces.events import EditBurst, Event, encode

When = Literal["start", "middle", "end"]
"""When within a labelled interval the state is asked for. `end`: the last moment before the event that ends it, so
what was typed and how long it lasted is known, and what ends it is not."""


@dataclass(frozen=True, slots=True)
class Samples:
    """`windows` (n, WINDOW, WIDTH), `labels` (n) as indexes of `STATES`, and whose they are (n)."""

    windows: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    people: tuple[str, ...]


def window(rows: Sequence[Row], now: Row) -> npt.NDArray[np.float32]:
    """The newest rows and the row of the moment, zeros in front where there are fewer: (WINDOW, WIDTH)."""
    found = np.zeros((WINDOW, WIDTH), np.float32)
    found[-1] = now
    kept = rows[-(WINDOW - 1) :]
    if kept:
        found[-1 - len(kept) : -1] = kept
    return found


def samples(sessions: Sequence[LabelledSession], when: Sequence[When]) -> Samples:
    """One sample for every labelled interval and moment asked for, in order. The middle is asked only in pauses:
    how far the typing was by then is not on record.
    """
    windows, labels, people = [], [], []
    for session in sessions:
        encoder = Encoder()
        rows: list[Row] = []
        seen = 0
        for moment in session.moments:
            seen = _advance(encoder, rows, session.events, seen, moment.seen)
            typed = moment.seen < len(session.events) and isinstance(session.events[moment.seen], EditBurst)
            for one in when:
                if one == "end" and typed:
                    seen = _advance(encoder, rows, session.events, seen, moment.seen + 1)
                if moment.state is None or (one == "middle" and typed):
                    continue
                windows.append(window(rows, encoder.now(_time(moment, one))))
                labels.append(STATES.index(moment.state))
                people.append(session.person)
    shape = (0, WINDOW, WIDTH)
    return Samples(
        np.stack(windows) if windows else np.zeros(shape, np.float32), np.array(labels, np.int64), tuple(people)
    )


def _advance(encoder: Encoder, rows: list[Row], events: Sequence[Event], seen: int, until: int) -> int:
    for event in events[seen:until]:
        row = encoder.encode(event)
        if row is not None:
            rows.append(row)
    return max(seen, until)


def _time(moment: Moment, when: When) -> int:
    return moment.at + {"start": 0, "middle": moment.lasts_ms // 2, "end": moment.lasts_ms}[when]


def fingerprint(session: LabelledSession) -> str:
    """Tells a session of the training data again, without keeping any of it."""
    digest = hashlib.sha256()
    for event in session.events:
        digest.update(encode(event))
    return digest.hexdigest()[:16]
