"""Offer or silence against people's votes: `python -m tests.benchmarks.proactive_offers judged_offers.jsonl.gz`.

The record (thunlp/ProactiveAgent) tells what people did in prose, minutes apart and partly written by a model; half
of it happens in a browser, where Hunch sees nothing. The prose is turned into events by the words below, which were
written with an eye on every second of the 16 sessions; the figures for the others stand apart. What there would have
been to offer is not on record: one candidate of a fitting kind, 75 % sure, is assumed at failed runs, savings, commits
and returns, and none at other moments.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hunch_features.intent.measuring import state_model
from hunch_features.offers.deciding import Limits
from hunch_features.offers.engine import OfferEngine
from hunch_features.offers.moments import Boundary
from hunch_features.offers.offer import Offer, OfferKind
from hunch_features.traces.events import EditBurst, Event, Focus, GitOperation, Save, Search, TerminalRun, ViewSwitch
from hunch_features.traces.importers.files import read_lines
from hunch_models.intent.state_model import SHIPPED

CONFIDENCE = 0.75
KIND = {
    Boundary.TEST_FAILED: OfferKind.REPEATED_FAILURE,
    Boundary.RETURN: OfferKind.RESUME,
    Boundary.SAVE: OfferKind.RULE_FIX,
    Boundary.DIAGNOSTICS: OfferKind.RULE_FIX,
    Boundary.COMMITTING: OfferKind.MISSING_TWIN,
    Boundary.COMMIT: OfferKind.MISSING_TWIN,
}
WORDS: tuple[tuple[str, str], ...] = (
    ("failed", r"terminal (?:displays|shows) an? error|error message|exception|traceback|fails? to|test fail"),
    ("commit", r"\bcommits?\b"),
    ("save", r"\bsaves?\b|\bsaved\b"),
    (
        "away",
        r"browser|google|search result|web ?page|website|stack overflow|tutorial|documentation|bing|article|paper",
    ),
    ("typed", r"\btypes?\b|\btyped\b|\bwrites?\b|\bedit(?:s|ing|ed)?\b|implement|modif|\badds?\b"),
    ("moved", r"scroll|click|opens?|switch|return|navigat|mouse|terminal"),
)


class Moment(msgspec.Struct):
    """One event in prose."""

    time: str
    event: str


class Row(msgspec.Struct):
    """What happened before, and whether most people wanted help then."""

    obs: list[Moment]
    help_needed: bool


def milliseconds(text: str, last: int) -> int:
    """Seconds since 1970, or "Day 1, 11:02 PM"; never earlier than before."""
    try:
        found = float(text) * 1000
    except ValueError:
        match = re.search(r"Day (\d+), (.*)", text)
        try:
            clock = datetime.strptime(match[2] if match else text, "%I:%M %p").replace(tzinfo=UTC)
        except ValueError:
            return last + 60_000
        found = ((int(match[1]) if match else 1) * 24 * 60 + clock.hour * 60 + clock.minute) * 60_000.0
    return max(last, int(found))


def events_of(rows: Iterable[Moment]) -> Iterable[tuple[int, str, Event]]:
    """Time, word and event of each moment."""
    at, left = 0, None
    for row in rows:
        at = milliseconds(row.time, at)
        word = next((name for name, pattern in WORDS if re.search(pattern, row.event.lower())), "moved")
        if word == "away":
            left = left if left is not None else at
            yield at, word, Focus(at=at, gained=False)
            continue
        if left is not None:
            yield at, "back", Focus(at=at, gained=True, away_ms=at - left)
            left = None
        made: dict[str, Event] = {
            "failed": TerminalRun(at=at, program="python", exit_code=1, output=row.event),
            "commit": GitOperation(at=at, operation="commit"),
            "save": Save(at=at, document="a.py"),
            "typed": EditBurst(at=at, document="a.py", inserted=20, inserted_text="x" * 20),
            "moved": Search(at=at) if "search" in row.event else ViewSwitch(at=at, document="a.py"),
        }
        yield at, word, made[word]


def offers(rows: list[Moment]) -> bool:
    """Whether Hunch would offer something after the last of these."""
    engine = OfferEngine(Limits(), lambda: state_model(SHIPPED))
    boundary: Boundary | None = None
    word, at = "", 0
    last = -1
    for at, said, event in events_of(rows):
        word, boundary = said, engine.see(event) or (boundary if at == last else None)
        last = at
    if word == "away" or boundary not in KIND:
        return False  # Hunch does not see a browser, nor could it be seen there
    candidate = Offer(KIND[boundary], "it", "Something", "It is there.", CONFIDENCE)
    return engine.decide([candidate], boundary, at + 3_000).made is not None


def rates(offered: list[bool], needed: list[bool]) -> dict[str, Any]:
    """False alarms among moments without need, missed needs among the others, and what always or never would give."""
    made, wanted = np.array(offered), np.array(needed)
    return {
        "n": len(wanted),
        "needed": round(float(wanted.mean()), 3),
        "offered": round(float(made.mean()), 3),
        "false_alarm": round(float(made[~wanted].mean()), 3),
        "missed_need": round(float((~made)[wanted].mean()), 3),
        "right_when_offered": round(float(wanted[made].mean()), 3) if made.any() else None,
    }


def main() -> None:
    """Print the rates as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    rows = list(read_lines(parser.parse_args().data, Row))
    sessions = {name: number for number, name in enumerate(dict.fromkeys(row.obs[0].event for row in rows))}
    result = {}
    for name, kept in (("not looked at", (1,)), ("looked at", (0,)), ("all", (0, 1))):
        chosen = [row for row in rows if sessions[row.obs[0].event] % 2 in kept]
        result[name] = rates([offers(row.obs) for row in chosen], [row.help_needed for row in chosen])
    inside = [row for row in rows if not re.search(dict(WORDS)["away"], row.obs[-1].event.lower())]
    result["in the editor"] = rates([offers(row.obs) for row in inside], [row.help_needed for row in inside])
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
