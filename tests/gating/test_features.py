"""The gate's features: bounded, causal, the same for recorded and live decisions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.gating.features import GROUPS, REQUEST_FEATURES, SHOW_FEATURES, request_values, row, show_values
from hunch_features.gating.gate import Gate, GateModels
from hunch_features.gating.history import KEPT, History
from hunch_features.gating.levels import GateSettings
from hunch_features.gating.live import LiveGate
from hunch_features.gating.recorded import Recorded
from hunch_features.gating.samples import samples
from hunch_features.gating.situation import LogProbs, Place, Suggested
from hunch_features.text import Document

CODE = "import os\n\n\ndef total(items):\n    count = 0\n    for item in items:\n        "
texts = st.text(max_size=300) | st.sampled_from([CODE, CODE * 100, "\n" * 50, "", "def f(\n", "'" * 400])
odd = st.none() | st.floats(allow_nan=True, allow_infinity=True)


@given(texts, st.none() | texts, texts, odd, odd, st.floats(-1e12, 1e12), st.booleans())
def test_any_place_and_suggestion_make_a_row(before, after, text, mean, idle, at, explicit) -> None:  # type: ignore[no-untyped-def]
    history = History()
    place = Place.between(before, after, at, explicit=explicit, idle_s=idle if idle is None else abs(idle))
    for taken in (True, False):
        values = show_values(place, Suggested(text, LogProbs(mean=mean)), history)
        found = row(values, SHOW_FEATURES)
        assert not np.isinf(found).any()
        history.shown(place, text)
        history.decided_on(text, values, taken=taken, at_s=at - 5, explicit=explicit)


def test_groups_part_the_features() -> None:
    grouped = [name for _, names in GROUPS for name in names]
    assert sorted(grouped) == sorted(SHOW_FEATURES)
    assert set(REQUEST_FEATURES) < set(SHOW_FEATURES)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("x = foo(", {"ends_open": 1.0, "line_assignment": 1.0, "line_open": 1.0}),
        ("    # why", {"in_comment": 1.0, "line_comment": 1.0}),
        ("def f():\n", {"line_is_blank": 1.0, "above_definition": 1.0, "above_opens": 1.0}),
        ("    return ", {"line_leave": 1.0, "ends_keyword": 1.0, "ends_space": 1.0}),
        ('print("a', {"in_string": 1.0, "line_print": 1.0}),
        ("a.", {"ends_dot": 1.0}),
    ],
)
def test_the_place_is_read(before: str, expected: dict[str, float]) -> None:
    values = request_values(Place.between(before, "", 0.0), History())
    assert {name: values[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "name", "low", "high"),
    [
        ("count += item", "known_names", 1.0, 1.0),
        ("frobnicate(quux)", "known_names", 0.0, 0.0),
        ("count = 0", "like_above", 0.5, 1.0),
        ("a\nb\na\nb", "repeats_itself", 0.4, 0.6),
        ("f(g(", "balance", 2.0, 2.0),
    ],
)
def test_the_text_is_read(text: str, name: str, low: float, high: float) -> None:
    values = show_values(Place.between(CODE, "", 0.0), Suggested(text), History())
    assert low <= values[name] <= high


def test_what_was_turned_down_here_is_known_again() -> None:
    history = History()
    place = Place.between(CODE, "", 100.0)
    values = show_values(place, Suggested("count += item.size"), history)
    assert values["seen_refused"] == 0.0
    history.shown(place, "count += item.size")
    history.decided_on("count += item.size", values, taken=False, at_s=101.0)
    later = Place.between(CODE + "count += ", "", 102.0)
    again = show_values(later, Suggested("item.size"), history)
    assert again["seen_refused"] == pytest.approx(math.log1p(1))
    assert again["refused_in_a_row"] == pytest.approx(math.log1p(1))
    assert again["typed"] == pytest.approx(math.log1p(len("count += ")))
    assert again["typed_shown"] == pytest.approx(1.0)


def test_the_history_is_bounded() -> None:
    history = History()
    for number in range(500):
        history.decided_on("x" * 100_000, {}, taken=number % 3 == 0, at_s=float(number))
    assert len(history.past) == KEPT
    assert sum(len(past.text) for past in history.past) <= KEPT * 1000


def recorded(count: int) -> list[Recorded]:
    """Decisions of one person, one every ten seconds, in a growing text."""
    made = []
    text = CODE
    for number in range(count):
        suggestion = f"count += item.part{number % 4}"
        place = Place.between(text, "\n", 1000.0 + 10 * number, language="python", idle_s=0.25, latency_ms=80.0)
        logprobs = LogProbs.of((-0.1 * (number % 5) - 0.05, -0.2, -0.3))
        taken = number % 3 == 0
        made.append(Recorded("p", place, Suggested(suggestion, logprobs), taken, place.at_s + 2, 2.0))
        text += (suggestion if taken else f"pass  # {number}") + "\n        "
    return made


def test_training_and_serving_see_the_same_bits() -> None:
    """The same decisions, once as a recorded file and once live: equal bit by bit."""
    decisions = recorded(30)
    trained = samples(decisions)
    clock = [0.0]
    live = LiveGate(Gate(GateModels.load(), GateSettings(explore=0.0)), now=lambda: clock[0])
    for number, one in enumerate(decisions):
        document = Document(one.place.before + (one.place.after or ""), path="a.py", language="python", version=1)
        offset = len(one.place.before)
        clock[0] = one.place.at_s
        asked = live.ask(document.snapshot(), offset, explicit=False, idle_s=0.25)
        name, whole = f"h{number}", ("a.py", f"{number}")
        shown = live.judge(
            name, whole, document.snapshot(), offset, one.suggested, explicit=False, idle_s=0.25, latency_ms=80.0
        )
        live.shown(name)
        clock[0] = one.decided_at_s
        (live.taken if one.taken else live.refused)(name)
        served = row(shown.values, SHOW_FEATURES)
        assert served.tobytes() == trained.show[number].tobytes()
        # Before the text exists, how long it takes is not known either.
        first = row({**asked.values, "latency": shown.values["latency"]}, REQUEST_FEATURES)
        assert first.tobytes() == trained.request[number].tobytes()


def test_a_row_knows_nothing_of_what_comes_later() -> None:
    decisions = recorded(24)
    whole, half = samples(decisions), samples(decisions[:12])
    assert whole.show[:12].tobytes() == half.show.tobytes()
