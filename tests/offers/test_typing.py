"""Steady typing is left alone, even where there is always something to offer."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from hunch_features.intent.measuring import state_model
from hunch_features.offers.deciding import Limits
from hunch_features.offers.engine import OfferEngine
from hunch_features.text import Document
from hunch_features.traces.derive import Deriver
from hunch_features.traces.importers.editing_traces import apply_offsets
from hunch_models.intent.state_model import SHIPPED
from tests.benchmarks.offers_typing import Replay, everything, figures, replay, rest

HOUR_S = 3_600


def typist(seconds: int, pause: float, seed: int = 3) -> list[int]:
    """Times of keys in ms: quick runs, pauses of some seconds between them."""
    rng = random.Random(seed)
    at, times = 0.0, []
    while at < seconds:
        for _ in range(rng.randint(5, 60)):
            times.append(int(at * 1000) + 1_000_000)
            at += rng.uniform(0.08, 0.4)
        at += rng.expovariate(1 / pause)
    return times


@pytest.mark.parametrize("pause", [1.0, 3.0, 8.0])
def test_at_most_two_offers_in_an_hour(pause: float) -> None:
    document = Document("", path="a.py", language="python")
    engine = OfferEngine(Limits(), lambda: state_model(SHIPPED))
    person = Replay(engine, everything, document)
    deriver = Deriver(person.see)
    times = typist(HOUR_S, pause)
    for number, at in enumerate(times):
        if number:
            rest(person, deriver, times[number - 1], at)
        change = apply_offsets(document, document.char_count, 0, "\n" if number % 40 == 39 else "x")
        engine.key(at, change.start.line, change.inserted, change.removed)
        deriver.changed("a.py", [change], at)
    found = figures(person, times)
    assert found["changes"] > 1_000
    assert found["most_in_a_steady_hour"] <= 2
    assert person.silences.get("typing", 0) + person.silences.get("budget_spent", 0) > 10


def test_a_recorded_person_is_left_alone() -> None:
    data = os.environ.get("HUNCH_DATA")
    if not data:
        pytest.skip("HUNCH_DATA does not name the folder with the public data sets")
    found = replay(Path(data) / "editing_traces" / "json-crdt-patch.json.gz", next_edits=False, per_hour=2)
    assert found["most_in_a_steady_hour"] <= 2
    assert found["active_hours"] > 4


def test_what_the_search_finds_in_a_recording_is_offered(tmp_path: Path) -> None:
    code = "fn area(side: u32) -> u32 {\n    side * side\n}\n\nfn main() {\n    area(2);\n    area(3);\n}\n"
    keys = [[len("fn "), len("area"), ""], *([len("fn ") + at, 0, key] for at, key in enumerate("surface"))]
    rows = [{"time": f"2020-01-01T00:00:{at:02}.000Z", "patches": [key]} for at, key in enumerate(keys)]
    later = {"time": "2020-01-01T00:02:00.000Z", "patches": [[0, 0, "\n"]]}
    trace = tmp_path / "code.json"
    trace.write_text(json.dumps({"startContent": code, "endContent": "", "txns": [*rows, later]}))
    assert replay(trace, next_edits=True, per_hour=2)["offers"] == 1
