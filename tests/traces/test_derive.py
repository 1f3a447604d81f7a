"""Deriving events from text changes: bursts, origins, undo and redo, caret, views, pauses, persistence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_features.text import Document, Edit, Position
from hunch_features.traces.bursts import is_typed
from hunch_features.traces.changes import Change, Shift, after, describe
from hunch_features.traces.derive import Deriver
from hunch_features.traces.events import (
    AcceptedTextChecked,
    CursorMove,
    DiagnosticsChanged,
    EditBurst,
    Event,
    Idle,
    Save,
    Selection,
    UndoRedo,
    ViewSwitch,
)
from hunch_features.traces.persistence import CHECKS_S, PersistenceTracker, kept_share
from tests.traces.typist import Typist


def bursts(events: list[Event]) -> list[EditBurst]:
    return [event for event in events if isinstance(event, EditBurst)]


def test_typing_is_one_burst() -> None:
    typist = Typist("x = 1\n")
    typist.type(6, "print(x)")
    (burst,) = typist.done()
    assert isinstance(burst, EditBurst)
    assert (burst.origin, burst.inserted_text, burst.inserted, burst.deleted) == ("typed", "print(x)", 8, 0)
    assert (burst.line, burst.column, burst.changes, burst.duration_ms, burst.mean_gap_ms) == (1, 0, 8, 700, 100)
    assert (burst.document, burst.language, burst.workspace) == ("a.py", "python", "w")


def test_corrections_leave_the_net_text() -> None:
    typist = Typist()
    typist.type(0, "pritn")
    typist.backspace(5, 2)
    typist.type(3, "nt()")
    typist.put(6, "x")
    (burst,) = bursts(typist.done())
    assert (burst.inserted_text, burst.deleted_text, burst.inserted, burst.deleted) == (
        "print(x)",
        "",
        10,
        2,
    )


def test_deleting_what_was_there_before() -> None:
    typist = Typist("value = old")
    typist.backspace(11, 3)
    typist.type(8, "new")
    (burst,) = bursts(typist.done())
    assert (burst.inserted_text, burst.deleted_text, burst.column) == ("new", "old", 8)


@pytest.mark.parametrize(
    "between",
    [
        lambda typist: typist.wait(3000),
        lambda typist: typist.deriver.saved("a.py", 3, typist.at),
        lambda typist: typist.deriver.caret("a.py", Position(0, 0), typist.at),
        lambda typist: typist.deriver.viewed("b.py", "python", typist.at),
    ],
    ids=["pause", "save", "caret", "view"],
)
def test_what_ends_a_burst(between: Callable[[Typist], None]) -> None:
    typist = Typist()
    typist.type(0, "one")
    between(typist)
    typist.type(3, "two")
    assert [burst.inserted_text for burst in bursts(typist.done())] == ["one", "two"]


def test_another_place_ends_a_burst() -> None:
    typist = Typist("a\n" * 20)
    typist.type(0, "one")
    typist.type(30, "two")
    assert [burst.line for burst in bursts(typist.done())] == [0, 13]


def test_a_burst_lasts_half_a_minute_at_most() -> None:
    typist = Typist()
    typist.type(0, "x" * 100, gap=1000)
    assert all(burst.duration_ms <= 31_000 for burst in bursts(typist.done()))
    assert sum(burst.inserted for burst in bursts(typist.events)) == 100


CODE = "for item in items:\n    total += item\n"


@pytest.mark.parametrize(
    ("inserted", "origin"),
    [
        ("a", "typed"),
        ("\n", "typed"),
        ("\r\n        ", "typed"),
        ("()", "typed"),
        ("    ", "typed"),
        ("日本語", "typed"),
        ("append", "completed"),
        ("append($1)", "completed"),
        ("a word", "pasted"),
        (CODE, "pasted"),
        ("x" * 60, "pasted"),
    ],
)
def test_origin_of_one_change(inserted: str, origin: str) -> None:
    typist = Typist("items = []\n")
    typist.put(11, inserted)
    (burst,) = bursts(typist.done())
    assert burst.origin == origin


def test_a_typed_beginning_replaced_by_the_whole_is_completed() -> None:
    typist = Typist("for it")
    typist.put(4, "item in basket.items():", 2)
    assert [burst.origin for burst in bursts(typist.done())] == ["completed"]


def test_ghost_text_accepted_whole_by_word_and_by_line() -> None:
    for parts in ([CODE], ["for item", " in items:\n", "    total += item\n"], [CODE[:19], CODE[19:]]):
        typist = Typist()
        typist.deriver.offered("a.py", CODE)
        offset = 0
        for part in parts:
            typist.put(offset, part)
            offset += len(part)
        assert [burst.origin for burst in bursts(typist.done())] == ["accepted"] * len(parts)


def test_typing_along_ghost_text_is_typing() -> None:
    typist = Typist()
    typist.deriver.offered("a.py", "return value")
    typist.type(0, "return")
    typist.deriver.offered("a.py", " value")
    typist.put(6, " value")
    assert [burst.origin for burst in bursts(typist.done())] == ["typed", "accepted"]


def test_text_like_ghost_text_after_it_is_gone_is_pasted() -> None:
    typist = Typist()
    typist.deriver.offered("a.py", CODE)
    typist.deriver.offered("a.py", "")
    typist.put(0, CODE)
    assert [burst.origin for burst in bursts(typist.done())] == ["pasted"]


def test_cut_and_paste_of_one_word() -> None:
    typist = Typist("counter = 1\n")
    typist.put(0, "", 7)
    typist.wait(3000)
    typist.put(5, "counter")
    assert [burst.origin for burst in bursts(typist.done())] == ["typed", "pasted"]


def test_copied_word_told_by_the_client() -> None:
    typist = Typist()
    typist.deriver.copied("counter")
    typist.put(0, "counter")
    assert bursts(typist.done())[0].origin == "pasted"


def test_hint_of_the_client_holds_for_the_next_change_only() -> None:
    typist = Typist()
    typist.deriver.hint("a.py", "pasted", typist.at)
    typist.put(0, "word")
    typist.wait(3000)
    typist.put(4, "other")
    assert [burst.origin for burst in bursts(typist.done())] == ["pasted", "completed"]


def test_several_places_at_once() -> None:
    typist = Typist("a\nb\n")
    typist.edit((0, 1), (0, 1), ";", Edit(Position(1, 1), Position(1, 1), ";"))
    typist.edit((0, 0), (0, 1), "a = 1", Edit(Position(1, 0), Position(1, 1), "b = 22"))
    typist.edit((0, 0), (2, 0), "new text\n", whole=True)
    assert [(burst.origin, burst.inserted) for burst in bursts(typist.done())] == [
        ("typed", 2),
        ("formatted", 11),
        ("external", 9),
    ]


def test_undo_and_redo_of_a_paste_and_of_typing() -> None:
    typist = Typist("x\n")
    typist.put(2, CODE)
    typist.wait(3000)
    typist.type(2 + len(CODE), "typed")
    typist.put(2 + len(CODE), "", 5)
    typist.put(2, "", len(CODE))
    typist.put(2, CODE)
    typist.put(2, "", len(CODE))
    kinds = [
        (event.action, event.of, event.inserted, event.deleted)
        for event in typist.done()
        if isinstance(event, UndoRedo)
    ]
    size = len(CODE)
    assert kinds == [
        ("undo", "typed", 0, 5),
        ("undo", "pasted", 0, size),
        ("redo", "pasted", size, 0),
        ("undo", "pasted", 0, size),
    ]
    assert len(bursts(typist.events)) == 2


def test_taking_back_accepted_text_is_told() -> None:
    typist = Typist()
    typist.deriver.offered("a.py", CODE)
    typist.put(0, CODE)
    typist.wait(1000)
    typist.put(0, "", len(CODE))
    assert [event.of for event in typist.done() if isinstance(event, UndoRedo)] == ["accepted"]


def test_a_backspace_is_no_undo() -> None:
    typist = Typist()
    typist.type(0, "a")
    typist.backspace(1)
    assert not [event for event in typist.done() if isinstance(event, UndoRedo)]


def test_caret_moves_and_selections_are_put_together() -> None:
    typist = Typist("a\n" * 50)
    deriver = typist.deriver
    for line in (3, 4, 5):
        deriver.caret("a.py", Position(line, 0), typist.at)
        typist.wait(200)
    typist.wait(5000)
    deriver.caret("a.py", Position(40, 1), typist.at)
    for end in (2, 3):
        deriver.selected("a.py", Position(1, 0), Position(end, 0), "a\n" * (end - 1), typist.at)
    first, second, selection = typist.done()
    assert isinstance(first, CursorMove)
    assert isinstance(second, CursorMove)
    assert isinstance(selection, Selection)
    assert (first.line, first.moves, first.lines_moved) == (5, 3, 5)
    assert (second.line, second.moves, second.lines_moved) == (40, 1, 35)
    assert (selection.end_line, selection.chars) == (3, 4)


def test_views_pauses_saves_and_diagnostics() -> None:
    typist = Typist()
    deriver = typist.deriver
    deriver.viewed("b.py", "rust", typist.at)
    typist.wait(500)
    typist.put(0, "x")  # an edit in another document is a switch as well
    typist.wait(70_000)
    deriver.saved("a.py", 1, typist.at)
    deriver.diagnosed("b.py", 2, 1, typist.at)
    deriver.diagnosed("b.py", 2, 1, typist.at)
    events = typist.done()
    assert [type(event) for event in events] == [ViewSwitch, ViewSwitch, EditBurst, Idle, Save, DiagnosticsChanged]
    back = events[1]
    assert isinstance(back, ViewSwitch)
    assert (back.document, back.previous, back.stay_ms) == ("a.py", "b.py", 500)
    assert events[5].language == "rust"


def test_tick_ends_what_has_paused_and_closing_forgets() -> None:
    typist = Typist()
    typist.type(0, "abc")
    typist.deriver.tick(typist.at)
    assert typist.events == []
    typist.wait(2500)
    typist.deriver.tick(typist.at)
    assert len(typist.events) == 1
    typist.deriver.closed("a.py")
    typist.deriver.changed("a.py", [], typist.at)


def test_many_documents_do_not_pile_up() -> None:
    deriver = Deriver(lambda event: None)
    for number in range(1000):
        deriver.offered(f"{number}.py", "text")
    assert len(deriver._known) <= 200


positions = st.tuples(st.integers(0, 6), st.integers(0, 8)).map(lambda pair: Position(*pair))
texts = st.text(alphabet="ab\n\r", max_size=12)


@settings(max_examples=200)
@given(texts, st.lists(st.tuples(positions, positions, texts), max_size=6))
def test_no_text_is_lost_between_bursts(text: str, edits: list[tuple[Position, Position, str]]) -> None:
    """Sums of inserted and deleted text always equal what happened, and the replay of changes gives the document."""
    typist = Typist(text)
    inserted = deleted = 0
    for start, end, new in edits:
        change = describe(typist.document, Edit(start, end, new))
        first, last = sorted((typist.document.offset_at(start), typist.document.offset_at(end)))
        assert typist.document.slice(first, last) == change.removed
        inserted += len(new)
        deleted += len(change.removed)
        typist.edit(start, end, new)
        typist.wait(300)
    told = [event for event in typist.done() if isinstance(event, EditBurst | UndoRedo)]
    assert (sum(event.inserted for event in told), sum(event.deleted for event in told)) == (inserted, deleted)


@settings(max_examples=200)
@given(
    st.text(alphabet="ab\n", max_size=20),
    st.integers(0, 20),
    st.integers(0, 5),
    st.text(alphabet="xy\n", max_size=6),
    st.integers(0, 20),
)
def test_positions_move_like_offsets(text: str, start: int, length: int, new: str, watched: int) -> None:
    start, watched = min(start, len(text)), min(watched, len(text))
    end = min(start + length, len(text))
    document = Document(text)
    change = describe(document, Edit(document.position_at(start), document.position_at(end), new))
    position = document.position_at(watched)
    document.apply(Edit(document.position_at(start), document.position_at(end), new))
    for sticks_left in (True, False):
        if watched < start or (watched == start and (sticks_left or end > start)):
            expected = watched
        elif watched < end:
            expected = start if sticks_left else start + len(new)
        else:
            expected = watched + len(new) - (end - start)
        assert document.offset_at(Shift.of(change).moved(position, sticks_left=sticks_left)) == expected


def test_after_knows_all_line_ends() -> None:
    assert after(Position(2, 3), "a\r\nb\rc\nde") == Position(5, 2)
    assert is_typed(Change(Position(0, 0), "removed", ""))


def test_persistence_follows_accepted_text() -> None:
    typist = Typist("head\n\ntail\n")
    accepted = "value = compute()\n"
    typist.put(5, accepted)
    typist.tracker.accepted("a.py", "python", "s1", Position(1, 0), accepted, typist.at)
    start = typist.at
    typist.put(0, "# new first line\n")  # moves it down
    assert typist.tracker.check(start + 29_000, lambda name: typist.document) == start + 30_000
    typist.tracker.check(start + 30_000, lambda name: typist.document)
    typist.edit((2, 8), (2, 17), "other()")
    typist.tracker.check(start + 120_000, lambda name: typist.document)
    typist.edit((2, 0), (3, 0), "")
    assert typist.tracker.check(start + 700_000, lambda name: typist.document) is None
    checks = [event for event in typist.done() if isinstance(event, AcceptedTextChecked)]
    assert [check.after_s for check in checks] == list(CHECKS_S)
    assert [check.at - start for check in checks] == [seconds * 1000 for seconds in CHECKS_S]
    assert checks[0].kept == 1.0
    assert 0.4 < checks[1].kept < 0.8
    assert checks[2].kept == checks[3].kept == 0.0
    assert {check.chars for check in checks} == {len(accepted)}


def test_a_very_large_deletion_moves_what_follows_rightly() -> None:
    typist = Typist("x" * 99 + "\n" + ("y" * 99 + "\n") * 999 + "kept()\n")
    typist.tracker.accepted("a.py", "python", "s1", Position(1000, 0), "kept()", typist.at)
    typist.edit((0, 0), (999, 0), "")
    typist.tracker.check(typist.at + 30_000, lambda name: typist.document)
    assert [event.kept for event in typist.done() if isinstance(event, AcceptedTextChecked)] == [1.0]


def test_huge_texts_are_not_held() -> None:
    typist = Typist()
    for _ in range(20):
        typist.put(0, "long text " * 10_000)
        typist.wait(3000)
    events = bursts(typist.done())
    assert {(event.inserted, len(event.inserted_text)) for event in events} == {(100_000, 20_000)}
    held = typist.deriver._known["a.py"].done
    assert sum(len(step.change.inserted) for step in held) == 0


def test_persistence_ends_with_the_document() -> None:
    events: list[Event] = []
    tracker = PersistenceTracker(events.append)
    tracker.accepted("a.py", "python", "s", Position(0, 0), "text", 0)
    tracker.accepted("a.py", "python", "t", Position(0, 0), "", 0)
    assert tracker.check(40_000, lambda name: None) is None
    assert events == []


@pytest.mark.parametrize(
    ("accepted", "present", "kept"),
    [("abcd", "abcd", 1.0), ("abcd", "", 0.0), ("abcd", "abXd", 0.75), ("", "abc", 0.0)],
)
def test_kept_share(accepted: str, present: str, kept: float) -> None:
    assert kept_share(accepted, present) == kept
