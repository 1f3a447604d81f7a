"""Recorded decisions for `hunch eval gate` and `hunch train gate`: data files, exports, this machine's record."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from hunch_features.gating.recorded import Format, Recorded, from_events, read
from hunch_features.gating.samples import Samples, by_day, samples
from hunch_features.traces.store import FILE_NAME, Store
from hunch_models.errors import HunchError
from hunch_server.adapters.home import hunch_home

OWN = "record"
"""Stands for the record of this machine, as in `hunch traces stats --compare`."""
MOST_EVENTS = 2_000_000
LEAST_DECISIONS, LEAST_OF_EACH, LEAST_DAYS = 100, 20, 4
"""What a fit to one person's record needs at least: decisions, taken and refused ones, days to leave out."""


def decisions(data: Path, kind: Format) -> list[Recorded]:
    """All decisions of a file, or of the record. Raises HunchError."""
    if kind == "traces" and str(data) == OWN:
        return own_decisions(hunch_home())
    return read(data, kind)


def own_decisions(home: Path) -> list[Recorded]:
    """Decisions in the record below a state folder. Raises HunchError."""
    path = home / FILE_NAME
    if not path.exists():
        raise HunchError("nothing is recorded on this machine", "`hunch traces on` starts it")
    store = Store.open(path)
    try:
        found = list(from_events(islice(store.events(), MOST_EVENTS), "you"))
    finally:
        store.close()
    if not found:
        raise HunchError("the record holds no suggestion with its text", "`hunch traces on --level text` keeps texts")
    return found


def training_set(data: Path, kind: Format) -> Samples:
    """Rows to fit to. One person's own record is left out day by day. Raises HunchError where there is too little."""
    found = decisions(data, kind)
    if kind != "traces":
        return samples(found)
    rows = by_day(found)
    taken, days = int(rows.labels.sum()), len(set(rows.people))
    few = len(rows.labels) < LEAST_DECISIONS or min(taken, len(rows.labels) - taken) < LEAST_OF_EACH
    if few or days < LEAST_DAYS:
        raise HunchError(
            f"{data}: {len(rows.labels)} decisions on {days} days, {taken} taken: too little to fit to",
            f"it takes {LEAST_DECISIONS} decisions on {LEAST_DAYS} days, {LEAST_OF_EACH} of each kind; "
            "until then Hunch adapts the shipped gate to you",
        )
    return rows
