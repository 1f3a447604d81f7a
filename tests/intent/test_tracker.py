"""What the developer is doing, live."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_features.intent.measuring import state_model
from hunch_features.intent.taxonomy import Activity
from hunch_features.intent.tracker import IntentTracker, Model
from hunch_features.traces.events import (
    CursorMove,
    DebugOutput,
    EditBurst,
    Event,
    GitOperation,
    SuggestionAccepted,
    SuggestionShown,
    TaskRun,
    TerminalRun,
    ViewSwitch,
)
from hunch_models.errors import ModelError
from hunch_models.intent.state_model import SHIPPED
from tests.intent.test_encoding import events

T = 1_000_000


def broken() -> Model:
    raise ModelError("state.onnx is damaged")


def shipped() -> Model:
    return state_model(SHIPPED)


def typed(at: int, text: str, line: int = 3, deleted: int = 0) -> EditBurst:
    return EditBurst(
        at=at, document="a.py", language="python", line=line, inserted=len(text), inserted_text=text, deleted=deleted
    )


@pytest.mark.parametrize(
    ("sequence", "activity", "source"),
    [
        ([], Activity.READING, "rules"),
        ([typed(T, "total = 0")], Activity.WRITING, "rules"),
        ([typed(T, "x", deleted=9)], Activity.EDITING, "rules"),
        ([typed(T, "# sums up")], Activity.DOCUMENTING, "rules"),
        ([typed(T, "a"), TaskRun(at=T, group="test", failed=2)], Activity.DEBUGGING, "events"),
        ([TerminalRun(at=T, program="pytest", exit_code=0)], Activity.DEBUGGING, "events"),
        ([DebugOutput(at=T, action="start")], Activity.DEBUGGING, "events"),
        ([GitOperation(at=T, operation="commit")], Activity.COMMITTING, "events"),
        ([ViewSwitch(at=T, to="git")], Activity.COMMITTING, "events"),
        ([CursorMove(at=T), ViewSwitch(at=T), CursorMove(at=T)], Activity.READING, "events"),
        ([CursorMove(at=T), ViewSwitch(at=T), CursorMove(at=T), typed(T, "x = 1")], Activity.WRITING, "rules"),
        ([typed(T, "timeout=5", line) for line in (3, 9, 40)], Activity.REFACTORING, "events"),
        ([TaskRun(at=T, group="test"), typed(T, "y" * 80)], Activity.WRITING, "rules"),
    ],
)
def test_activities_that_events_and_rules_tell(sequence: list[Event], activity: Activity, source: str) -> None:
    tracker = IntentTracker(broken)
    for event in sequence:
        tracker.see(event)
    found = tracker.intent(T + 1000)
    assert (found.activity, found.source) == (activity, source)
    assert 0 < found.probability <= 1
    assert found.why


def test_the_model_is_asked_where_suggestions_are_shown() -> None:
    tracker = IntentTracker(shipped)
    tracker.see(typed(T, "def mean(values):\n"))
    tracker.see(SuggestionShown(at=T + 2000, line=4, text="return 1", before="def mean(values):\n    ", chars=8))
    found = tracker.intent(T + 2500)
    assert found.source == "model"
    assert found.state is not None
    assert sum(found.distribution.values()) == pytest.approx(1.0, abs=1e-4)
    assert found.distribution[found.activity] == found.probability
    # A quarter of an hour later that says nothing any more.
    assert tracker.intent(T + 900_000).source == "rules"


def test_without_weights_rules_answer_and_say_so_once() -> None:
    tracker = IntentTracker(broken)
    tracker.see(SuggestionShown(at=T, text="return 1"))
    assert tracker.intent(T + 100).activity is Activity.REVIEWING
    assert tracker.degraded == "what you do is guessed by rules: state.onnx is damaged"
    tracker.see(SuggestionAccepted(at=T + 200, line=3, text="return 1\n"))
    tracker.see(typed(T + 300, "0", line=3))
    assert tracker.intent(T + 400).activity is Activity.EDITING_SUGGESTION


@given(st.lists(events, max_size=40), st.integers(0, 2**53))
@settings(max_examples=50, deadline=None)
def test_any_sequence_gives_an_answer(sequence: list[Event], at: int) -> None:
    tracker = IntentTracker(shipped)
    for event in sequence:
        tracker.see(event)
        found = tracker.intent(at)
        assert 0 < found.probability <= 1 + 1e-5
    assert not tracker.degraded
