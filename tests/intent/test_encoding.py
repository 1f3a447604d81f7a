"""Events as rows: nothing a row says may come from later, and nothing that arrives may break it."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_features.intent.encoding import COLUMNS, WIDTH, WINDOW, Encoder, Row
from hunch_features.intent.samples import window
from hunch_features.traces.events import (
    CursorMove,
    EditBurst,
    Event,
    Save,
    SuggestionAccepted,
    SuggestionRejected,
    SuggestionShown,
    UndoRedo,
)

text = st.text(alphabet="ab #(:\n😀", max_size=12)
small = st.integers(0, 400)
at = st.integers(0, 2**53)
events = st.one_of(
    st.builds(
        EditBurst,
        at=at,
        origin=st.sampled_from(["typed", "pasted", "accepted", "completed", "undo", "redo", "formatted", "external"]),
        duration_ms=small,
        line=small,
        inserted=small,
        deleted=small,
        inserted_text=text,
    ),
    st.builds(SuggestionShown, at=at, text=text, before=text, line=small, chars=small, suggestion=st.just("s-1")),
    st.builds(SuggestionAccepted, at=at, text=text, line=small, lines=small, shown_ms=small),
    st.builds(SuggestionRejected, at=at, shown_ms=small, line=small),
    st.builds(UndoRedo, at=at, line=small),
    st.builds(Save, at=at),
    st.builds(CursorMove, at=at),
)


def encoded(sequence: list[Event]) -> list[Row | None]:
    encoder = Encoder()
    return [encoder.encode(event) for event in sequence]


@given(st.lists(events, max_size=30), st.integers(0, 30))
@settings(max_examples=80, deadline=None)
def test_a_row_depends_on_nothing_later(sequence: list[Event], cut: int) -> None:
    whole, part = encoded(sequence), encoded(sequence[:cut])
    for one, other in zip(whole, part, strict=False):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert np.array_equal(one, other)


@given(st.lists(events, max_size=30), at)
@settings(max_examples=80, deadline=None)
def test_rows_are_finite_and_asking_changes_nothing(sequence: list[Event], asked: int) -> None:
    quiet, asking = Encoder(), Encoder()
    for event in sequence:
        expected = quiet.encode(event)
        first = asking.now(asked)
        assert first.shape == (WIDTH,)
        assert np.isfinite(first).all()
        assert np.array_equal(first, asking.now(asked))
        row = asking.encode(event)
        if expected is not None:
            assert row is not None
            assert np.isfinite(row).all()
            assert np.abs(row).max() < 20
            assert np.array_equal(row, expected)


def test_every_event_that_makes_a_row_has_one_kind() -> None:
    kinds = [index for index, name in enumerate(COLUMNS) if name.startswith("kind_")]
    shown = SuggestionShown(at=1, suggestion="a", text="x = 1")
    found = encoded([shown, shown, EditBurst(at=2, origin="pasted"), UndoRedo(at=3), SuggestionRejected(at=4)])
    names = [COLUMNS[kinds[int(row[kinds].argmax())]] for row in found if row is not None]
    assert names == ["kind_shown", "kind_shown_again", "kind_pasted", "kind_undone", "kind_rejected"]
    assert all(row is not None and row[kinds].sum() == 1 for row in found)


def test_a_window_ends_with_the_moment_and_keeps_the_newest() -> None:
    rows = [np.full(WIDTH, number, np.float32) for number in range(60)]
    now = np.full(WIDTH, 99, np.float32)
    full, short = window(rows, now), window(rows[:2], now)
    assert full.shape == (WINDOW, WIDTH)
    assert full[:, 0].tolist() == [*range(11, 60), 99]
    assert short[:, 0].tolist() == [0] * (WINDOW - 3) + [0, 1, 99]
