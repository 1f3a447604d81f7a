"""Labels, rubrics and fidelity figures: each rule on traces that just meet it and just miss it."""

from __future__ import annotations

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.traces.compare import burstiness, compare, entropy_bits, figures, jensen_shannon
from hunch_features.traces.events import (
    AcceptedTextChecked,
    AgentRequest,
    CursorMove,
    DiagnosticsChanged,
    EditBurst,
    Event,
    Idle,
    OfferOutcome,
    Search,
    SuggestionAccepted,
    SuggestionPartlyAccepted,
    SuggestionRejected,
    SuggestionRequested,
    SuggestionShown,
    TaskRun,
    TerminalRun,
    UndoRedo,
    ViewSwitch,
)
from hunch_features.traces.labels import SESSION_GAP_MS, outcomes, sessions
from hunch_features.traces.rubrics import RUBRICS, findings

S = 1000


def accepted(at: int, suggestion: str = "s", **more: object) -> SuggestionAccepted:
    return SuggestionAccepted(at=at * S, suggestion=suggestion, document="a", chars=10, **more)  # type: ignore[arg-type]


def rejected(at: int, shown_ms: int = 700, document: str = "a") -> SuggestionRejected:
    return SuggestionRejected(at=at * S, shown_ms=shown_ms, document=document)


def checked(at: int, kept: float, after_s: int = 30, chars: int = 10, suggestion: str = "s") -> AcceptedTextChecked:
    return AcceptedTextChecked(at=at * S, suggestion=suggestion, after_s=after_s, chars=chars, kept=kept, document="a")


def asked(at: int, line: int) -> SuggestionRequested:
    return SuggestionRequested(at=at * S, trigger="explicit", line=line, document="a")


def undo(at: int, of: str = "typed") -> UndoRedo:
    return UndoRedo(at=at * S, of=of, document="a")  # type: ignore[arg-type]


def edit(at: int, inserted: int = 1, deleted: int = 0, document: str = "a", origin: str = "typed") -> EditBurst:
    return EditBurst(at=at * S, inserted=inserted, deleted=deleted, document=document, origin=origin)  # type: ignore[arg-type]


def errors(at: int, now: int, before: int) -> DiagnosticsChanged:
    return DiagnosticsChanged(at=at * S, errors=now, errors_before=before, document="a")


def views(count: int, step: int) -> list[Event]:
    return [ViewSwitch(at=number * step * S, document=f"{number}") for number in range(count)]


def offer(at: int, outcome: str) -> OfferOutcome:
    return OfferOutcome(at=at * S, offer_kind="test", outcome=outcome)  # type: ignore[arg-type]


MET: list[tuple[str, list[Event]]] = [
    ("accepted-then-reverted", [accepted(0), undo(60, "accepted")]),
    ("accepted-then-reverted", [accepted(0), checked(30, 0.1)]),
    ("edit-after-accept", [accepted(0), checked(30, 0.5)]),
    ("asked-again-same-place", [asked(0, 10), asked(60, 13)]),
    ("repeated-rejection", [rejected(0), rejected(60), rejected(120)]),
    ("long-hesitation", [accepted(0, shown_ms=5000)]),
    ("long-hesitation", [rejected(0, shown_ms=5000)]),
    ("rejected-unread", [rejected(0, shown_ms=100)]),
    ("error-after-accept", [accepted(0), errors(30, 2, 1)]),
    ("agent-after-rejection", [rejected(0), AgentRequest(at=30 * S)]),
    ("many-undos", [undo(0), undo(10), undo(20), undo(30)]),
    ("churn", [edit(0, 60), edit(50, 0, 42)]),
    ("repeated-failure", [TaskRun(at=1, exit_code=1), TerminalRun(at=2, exit_code=2), TaskRun(at=3, failed=1)]),
    ("wandering", views(8, 8)),
    ("wandering", [*views(7, 8), Search(at=57 * S)]),
    ("offers-refused", [offer(0, "dismissed"), offer(900, "dismissed")]),
]
MISSED: list[list[Event]] = [
    [accepted(0), undo(61, "accepted")],
    [accepted(0), undo(10, "typed")],
    [accepted(0), checked(30, 0.95)],
    [accepted(0), checked(30, 0.05, suggestion="another")],
    [accepted(0), checked(120, 0.5, after_s=120)],
    [asked(0, 10), asked(61, 10)],
    [asked(0, 10), asked(10, 14)],
    [rejected(0), rejected(60), rejected(121)],
    [rejected(0), rejected(10), accepted(11), rejected(12), rejected(13)],
    [rejected(0), rejected(10, document="b"), rejected(20)],
    [accepted(0, shown_ms=4999)],
    [accepted(0), errors(31, 2, 1)],
    [accepted(0), errors(5, 1, 2)],
    [rejected(0), AgentRequest(at=31 * S)],
    [rejected(0), accepted(1), AgentRequest(at=2 * S)],
    [undo(0), undo(10), undo(20), undo(31)],
    [edit(0, 49), edit(10, 0, 49)],
    [edit(0, 100), edit(10, 0, 69)],
    [edit(0, 60), edit(61, 0, 60)],
    [edit(0, 60), edit(10, 0, 60, document="b")],
    [TaskRun(at=1, exit_code=1), TaskRun(at=2, exit_code=0), TaskRun(at=3, exit_code=1), TaskRun(at=4, exit_code=1)],
    [TaskRun(at=at, phase="start", exit_code=1) for at in range(5)],
    views(8, 9),
    [*views(7, 1), edit(7), ViewSwitch(at=8 * S)],
    [offer(0, "dismissed"), offer(1, "accepted"), offer(2, "dismissed")],
]


@pytest.mark.parametrize(("rubric", "trace"), MET)
def test_rubric_applies(rubric: str, trace: list[Event]) -> None:
    assert [found.rubric for found in findings(trace)] == [rubric]


@pytest.mark.parametrize("trace", MISSED)
def test_no_rubric_applies(trace: list[Event]) -> None:
    assert findings(trace) == []


def test_every_rubric_is_tried_and_explained() -> None:
    assert {rubric.id for rubric in RUBRICS} == {name for name, _ in MET}
    assert len({rubric.rule for rubric in RUBRICS}) == len(RUBRICS)


def test_findings_carry_their_evidence() -> None:
    (found,) = findings([accepted(5, "s9"), undo(6, "accepted")])
    assert (found.at, found.document, found.suggestion) == (5000, "a", "s9")


def test_outcomes() -> None:
    trace: list[Event] = [
        *(SuggestionShown(at=number, suggestion=f"s{number}") for number in range(4)),
        accepted(1, "s0"),
        SuggestionPartlyAccepted(at=2 * S, suggestion="s1"),
        SuggestionPartlyAccepted(at=3 * S, suggestion="s1"),
        edit(1, 30, origin="accepted"),
        edit(2, 50),
        edit(3, 20, origin="pasted"),
        edit(4, 999, origin="formatted"),
        edit(5, 999, origin="redo"),
        checked(31, 1.0, chars=10, suggestion="s0"),
        checked(32, 0.4, chars=30, suggestion="s1"),
        checked(121, 0.0, after_s=120, chars=10, suggestion="s0"),
    ]
    found = outcomes(trace)
    assert (found.shown, found.accepted, found.acceptance, found.accepted_share) == (4, 2, 0.5, 0.3)
    half, gone = found.persistence
    assert (half.after_s, half.checked, half.persisting, half.rate) == (30, 2, 1, 0.5)
    assert half.kept == pytest.approx((10 + 12) / 40)
    assert (gone.after_s, gone.kept) == (120, 0.0)


def test_outcomes_of_nothing() -> None:
    found = outcomes([])
    assert (found.acceptance, found.accepted_share, found.persistence) == (None, None, ())


def test_sessions_are_cut_at_pauses() -> None:
    gap = SESSION_GAP_MS // S
    trace = [edit(0), edit(gap - 1), edit(2 * gap - 1), checked(2 * gap + 30, 1.0), edit(2 * gap + 40)]
    assert [len(session) for session in sessions(trace)] == [2, 3]
    assert [len(session) for session in sessions([*trace, checked(9 * gap, 1.0)])] == [2, 4]
    idle = Idle(at=2 * gap * S)
    assert [len(session) for session in sessions([edit(0), idle, edit(2 * gap + 1)])] == [2, 1]
    assert list(sessions([])) == []


def test_two_windows_are_two_sessions() -> None:
    trace: list[Event] = [EditBurst(at=number * S, session="ab"[number % 2]) for number in range(10)]
    assert [len(session) for session in sessions(trace)] == [5, 5]


def test_burstiness() -> None:
    chance = random.Random(1)
    assert burstiness([5.0] * 100) == -1.0
    assert burstiness([chance.expovariate(1) for _ in range(20_000)]) == pytest.approx(0.0, abs=0.03)
    assert (burstiness([1.0] * 500 + [10_000.0]) or 0) > 0.8
    assert burstiness([1.0]) is burstiness([0.0, 0.0]) is None


counts = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 50), min_size=1)


@given(counts, counts)
def test_divergence_is_symmetric_and_bounded(a: dict[str, int], b: dict[str, int]) -> None:
    there, back = jensen_shannon(a, b), jensen_shannon(b, a)
    assert there is not None
    assert back == pytest.approx(there)
    assert 0 <= there <= 1
    assert jensen_shannon(a, {key: 3 * value for key, value in a.items()}) == pytest.approx(0, abs=1e-9)


def test_divergence_and_entropy_of_known_distributions() -> None:
    assert jensen_shannon({"a": 1}, {"b": 7}) == 1.0
    assert jensen_shannon({}, {"b": 7}) is None
    assert entropy_bits(Counter("aabb")) == 1.0
    assert entropy_bits(Counter("a")) == 0.0
    assert entropy_bits({}) is None


def simulated(count: int) -> list[Event]:
    """Clockwork: edit, edit, accept, every five seconds."""
    kinds = [edit, edit, accepted]
    return [kinds[number % 3](number * 5) for number in range(count)]


def lifelike(count: int) -> list[Event]:
    chance = random.Random(7)
    at, trace = 0.0, []
    for _ in range(count):
        at += chance.paretovariate(1.1) * 0.4
        document = chance.choice("aaab")
        event: Event = chance.choice(
            [edit(0, document=document)] * 4
            + [CursorMove(at=0, document=document)] * 4
            + [ViewSwitch(at=0, document=chance.choice("abcd"))] * 2
            + [undo(0), accepted(0), TerminalRun(at=0)]
        )
        event.at = int(at * S)
        trace.append(type(event)(**{name: getattr(event, name) for name in event.__struct_fields__}))
    return trace


def test_simulated_traces_can_be_told_from_lifelike_ones() -> None:
    found = compare(simulated(600), lifelike(600))
    assert found.a.entropy_bits == pytest.approx(math.log2(3) - 2 / 3)
    assert (found.b.entropy_bits or 0) > (found.a.entropy_bits or 0) + 0.5
    assert found.a.burstiness == -1.0
    assert (found.b.burstiness or 0) > 0.3
    assert (found.transitions or 0) > 0.3
    assert (found.operations or 0) > 0.1
    assert (found.gaps or 0) > 0.3
    assert found.a.exploration_share == 0.0
    assert (found.b.exploration_share or 0) > 0.1
    assert 0 < (found.b.revisit_share or 0) <= 1
    same = compare(lifelike(600), lifelike(600))
    assert (same.operations, same.transitions, same.gaps) == (0.0, 0.0, 0.0)
    assert found.summary()["transitions"] == found.transitions


def test_exploration_is_looking_without_editing_there_soon() -> None:
    trace: list[Event] = [
        ViewSwitch(at=0, document="a"),
        edit(9),
        ViewSwitch(at=10 * S, document="b"),
        ViewSwitch(at=12 * S, document="a"),
        edit(23),
        undo(24),
    ]
    found = figures(trace)
    assert found.exploration_share == 3 / 6  # b never edited, a edited 11 s later, the undo
    assert found.revisit_share == 1 / 3


def test_figures_of_nothing() -> None:
    found = figures([])
    assert (found.events, found.entropy_bits, found.burstiness, found.exploration_share) == (0, None, None, None)
    assert compare([], []).transitions is None
