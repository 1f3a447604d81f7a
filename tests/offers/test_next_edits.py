"""The edit just made, and next edits as offers."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_features.next_edit.edit import EditJustMade, NextEdit
from hunch_features.offers.episodes import FRESH_MS, Episodes
from hunch_features.offers.next_edits import next_edit_offers
from hunch_features.offers.offer import OfferKind
from hunch_features.text import Document, Edit, Position
from hunch_features.traces.changes import Change, describe

TEXT = "\n".join(f"line {number}" for number in range(60)) + "\n"


def change(document: Document, line: int, start: int, end: int, text: str) -> Change:
    edit = Edit(Position(line, start), Position(line, end), text)
    seen = describe(document, edit)
    document.apply(edit)
    return seen


def edit_of(episodes: Episodes, document: Document) -> EditJustMade | None:
    episode = episodes.episode(document)
    return episode.edit() if episode is not None else None


def test_keys_at_one_place_are_one_edit() -> None:
    document = Document(TEXT, path="a.py", language="python")
    episodes = Episodes()
    for number, char in enumerate("abc"):
        episodes.changed(document, [change(document, 3, 4 + number, 4 + number, char)], 1000 * number)
    episodes.changed(document, [change(document, 6, 0, 4, "LINE")], 4000)
    found = edit_of(episodes, document)
    assert found is not None
    assert found.before == TEXT
    assert found.after == document.text()
    assert (found.path, found.language) == ("a.py", "python")


def test_another_place_a_long_pause_or_another_file_begin_another_edit() -> None:
    document = Document(TEXT, path="a.py")
    other = Document("x\n", path="b.py")
    episodes = Episodes()
    episodes.changed(document, [change(document, 3, 0, 0, "a")], 0)
    first = document.text()
    episodes.changed(document, [change(document, 40, 0, 0, "b")], 1000)
    found = edit_of(episodes, document)
    assert found is not None
    assert found.before == first
    second = document.text()
    episodes.changed(document, [change(document, 41, 0, 0, "c")], 2000 + FRESH_MS)
    found = edit_of(episodes, document)
    assert found is not None
    assert found.before == second
    episodes.changed(other, [change(other, 0, 0, 0, "d")], 3000 + FRESH_MS)
    assert edit_of(episodes, document) is None
    assert edit_of(episodes, other) is not None


def test_what_was_taken_back_is_no_edit() -> None:
    document = Document(TEXT, path="a.py")
    episodes = Episodes()
    episodes.changed(document, [change(document, 3, 0, 0, "a")], 0)
    episodes.changed(document, [change(document, 3, 0, 1, "")], 500)
    assert edit_of(episodes, document) is None


pieces = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5), st.text("ab\n😀", max_size=4))


@given(st.lists(st.lists(pieces, min_size=1, max_size=3), min_size=1, max_size=12))
@settings(max_examples=150, deadline=None)
def test_the_text_before_is_the_one_that_was(messages: list[list[tuple[int, int, int, str]]]) -> None:
    document = Document("one\ntwo\nthree\n", path="a.py")
    before = document.text()
    episodes = Episodes()
    for at, message in enumerate(messages):
        seen = []
        for line, start, end, text in message:
            edit = Edit(Position(line, min(start, end)), Position(line, max(start, end)), text)
            seen.append(describe(document, edit))
            document.apply(edit)
        episodes.changed(document, seen, at)
    found = edit_of(episodes, document)
    if document.text() != before and document.line_count < 9:  # all of it is one place
        assert found is not None
        assert found.before == before


def place(
    line: int, *, path: str = "b.py", kind: str = "signature", confidence: float = 0.8, text: str = "x"
) -> NextEdit:
    at = Position(line, 4)
    edits = (Edit(at, at, text),) if text else ()
    return NextEdit(
        path, at, at, "f", confidence, kind, f"{kind}:fetch:timeout", "Follow the new parameters of `fetch`",
        "In a.py, `fetch` has a new parameter `timeout`.", edits, 0.7,
    )  # fmt: skip


def test_all_places_of_one_change_are_one_offer() -> None:
    found = [place(9), place(3), place(1, path="c.py"), place(5, confidence=0.3)]
    (whole,) = next_edit_offers(found, {"b.py": 4}, 0.6)
    assert whole.kind is OfferKind.PROPAGATE
    assert whole.title == "Follow the new parameters of `fetch`: 3 places in 2 files"
    assert whole.targets == ("fetch", "timeout")
    assert [(edit.path, edit.version, len(edit.edits)) for edit in whole.edits] == [("b.py", 4, 2), ("c.py", None, 1)]
    assert [edit.start.line for edit in whole.edits[0].edits] == [3, 9]
    assert whole.confidence == 0.7


def test_single_places_and_places_without_text() -> None:
    offers = next_edit_offers([place(9, kind="literal_changed"), place(3, text="")], {}, 0.6)
    assert [offer.kind for offer in offers] == [OfferKind.NEXT_EDIT] * 2
    assert offers[0].edits
    assert offers[0].command is None
    assert offers[1].command is not None
    assert next_edit_offers([place(9, confidence=0.5)], {}, 0.6) == []
