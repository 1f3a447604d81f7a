"""How often offers would interrupt people who type: recorded keystrokes, replayed second by second through the engine.

`python -m tests.benchmarks.offers_typing rustcode.json.gz [more traces] [--next-edits]`. At every boundary there is
something to offer, of every kind and 90 % sure, and nobody ever answers: far more than a real repository gives. With
`--next-edits` the candidates are what the next-edit search really finds in the document instead.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import msgspec

from hunch_features.intent.measuring import state_model
from hunch_features.next_edit.following import OpenSignatures
from hunch_features.offers.deciding import Decision, Limits, Silence, needed_pause
from hunch_features.offers.engine import OfferEngine
from hunch_features.offers.episodes import Episodes
from hunch_features.offers.moments import Boundary
from hunch_features.offers.next_edits import next_edit_offers
from hunch_features.offers.offer import Offer, OfferKind
from hunch_features.text import Document
from hunch_features.traces.changes import Change
from hunch_features.traces.derive import Deriver
from hunch_features.traces.events import EditBurst, Event, Save
from hunch_features.traces.importers.editing_traces import apply_offsets
from hunch_features.traces.importers.files import milliseconds, read_whole
from hunch_models.intent.state_model import SHIPPED

SETTLE_MS = 1_100
HOLDS_MS = 20_000
IDLE_MS = 30_000
SAVE_AFTER_MS = 5_000
"""Whoever types is made to save at every pause of this length."""
HOUR_MS = 3_600_000
STEADY_KEYS = 1_000
"""Changes in an hour from which on it counts as steady typing."""
CONFIDENCE = 0.9

Source = Callable[[Document, int], list[Offer]]


class Transaction(msgspec.Struct):
    """One recorded change: position, deleted code points, inserted text."""

    time: str
    patches: list[tuple[int, int, str]]


class Trace(msgspec.Struct):
    """A file of the collection."""

    startContent: str
    txns: list[Transaction]


@dataclass
class Replay:
    """A person at work: keys in, decisions out."""

    engine: OfferEngine
    source: Source
    document: Document
    shown: list[int] = field(default_factory=list)
    silences: dict[str, int] = field(default_factory=dict)
    pending: tuple[Boundary, int, int] | None = None
    """Boundary, when it was crossed, when it is looked at."""

    def see(self, event: Event) -> None:
        """As the server does."""
        boundary = self.engine.see(event)
        if isinstance(event, EditBurst) and event.origin not in ("undo", "redo", "external"):
            boundary = Boundary.EDIT_DONE
        if boundary is not None:
            self.crossed(boundary, event.at + (event.duration_ms if isinstance(event, EditBurst) else 0))

    def crossed(self, boundary: Boundary, at: int) -> None:
        """The most welcome of the boundaries that wait counts."""
        order = list(Boundary)
        if self.pending is None or order.index(self.pending[0]) <= order.index(boundary):
            self.pending = boundary, at, at + SETTLE_MS

    def look(self, at: int) -> None:
        """Decide, if it is time to."""
        if self.pending is None or at < self.pending[2]:
            return
        boundary, since, _ = self.pending
        self.pending = None
        found = self.source(self.document, at)
        decision: Decision = self.engine.decide(found, boundary, at)
        if decision.made is not None:
            self.shown.append(at)
            return
        assert decision.silence is not None
        self.silences[decision.silence.value] = self.silences.get(decision.silence.value, 0) + 1
        if decision.silence is Silence.TYPING and found and at - since < HOLDS_MS:
            moment = self.engine.moment(boundary, at)
            self.pending = boundary, since, (moment.last_key or at) + needed_pause(moment)


def everything(_document: Document, at: int) -> list[Offer]:
    """Something of every kind, new each time."""
    return [Offer(kind, f"{kind}:{at}", "Something", "It is there.", CONFIDENCE) for kind in OfferKind]


def found_in_document(episodes: Episodes) -> Source:
    """What the next-edit search finds, as the server asks it."""
    from hunch_server.offering.candidates import find_next

    signatures = OpenSignatures()

    def search(document: Document, _at: int) -> list[Offer]:
        episode = episodes.episode(document)
        if episode is None:
            return []
        found, show, _ = find_next(episode, None, {}, {document.path: document.text()}, (), signatures)
        return next_edit_offers(found, {document.path: document.version}, show)

    return search


def steps(trace: Trace, document: Document) -> Iterator[tuple[int, list[Change]]]:
    """Time and changes; what was there before the recording has no time and is passed over."""
    for transaction in trace.txns:
        at = milliseconds(transaction.time)
        changes = [apply_offsets(document, *patch) for patch in transaction.patches]
        document.version += 1
        if at and changes:
            yield at, changes


def replay(path: Path, *, next_edits: bool, per_hour: int, limit: int | None = None) -> dict[str, Any]:
    """The figures of one trace."""
    trace = read_whole(path, Trace)
    name = path.name.split(".")[0]
    document = Document(trace.startContent, f"{name}.txt", "markdown" if "json" in name else "rust")
    engine = OfferEngine(Limits(per_hour=per_hour), lambda: state_model(SHIPPED))
    episodes = Episodes()
    person = Replay(engine, found_in_document(episodes) if next_edits else everything, document)
    deriver = Deriver(person.see, name)
    times: list[int] = []
    for at, changes in islice(steps(trace, document), limit):
        if times:
            rest(person, deriver, times[-1], at)
        times.append(at)
        for change in changes:
            engine.key(at, change.start.line, change.inserted, change.removed)
        episodes.changed(document, changes, at)
        deriver.changed(document.path, changes, at)
    return figures(person, times)


def rest(person: Replay, deriver: Deriver, last: int, until: int) -> None:
    """The seconds between two changes, at most two minutes of them."""
    for at in range(last + 1000, min(until, last + 120_000), 1000):
        deriver.tick(at)
        if at - last == SAVE_AFTER_MS:
            person.see(Save(at=at, document=person.document.path))
        if at - last == IDLE_MS:
            person.crossed(Boundary.IDLE, at)
        person.look(at)
    person.engine.decider.expire(until)


def figures(person: Replay, times: Sequence[int]) -> dict[str, Any]:
    """Offers in each hour, counted from every change on."""
    active = sum(min(after - before, 60_000) for before, after in pairwise(times)) / HOUR_MS
    steady, end = [], 0
    for start, begun in enumerate(times):
        while end < len(times) and times[end] < begun + HOUR_MS:
            end += 1
        if end - start >= STEADY_KEYS:
            steady.append(sum(begun <= at < begun + HOUR_MS for at in person.shown))
    return {
        "changes": len(times),
        "active_hours": round(active, 1),
        "offers": len(person.shown),
        "offers_per_active_hour": round(len(person.shown) / active, 2),
        "most_in_a_steady_hour": max(steady, default=0),
        "share_of_steady_hours_over_2": round(sum(count > 2 for count in steady) / max(1, len(steady)), 4),
        "silences": person.silences,
    }


def main() -> None:
    """Print the figures of every trace as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("traces", type=Path, nargs="+")
    parser.add_argument("--next-edits", action="store_true")
    parser.add_argument("--limit", type=int, help="only so many changes of each trace")
    parser.add_argument("--per-hour", type=int, default=Limits().per_hour)
    options = parser.parse_args()
    found = {
        path.name: replay(path, next_edits=options.next_edits, per_hour=options.per_hour, limit=options.limit)
        for path in options.traces
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
