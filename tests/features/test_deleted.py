"""What was deleted lately is known, and nothing that was not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion.deleted import MOST_CHARS, MOST_TEXTS, Deleted, removed
from hunch_features.text import Document, Snapshot


def snapshot(text: str, path: str = "a.py") -> Snapshot:
    return Document(text, path=path).snapshot()


LINES = st.text(alphabet="ab\n\r", max_size=30)


@given(LINES, LINES, LINES)
def test_what_is_cut_out_is_found(before: str, cut: str, after: str) -> None:
    old, new = before + cut + after, before + after
    found = removed(snapshot(old), snapshot(new))
    assert len(found) == len(cut)
    assert any(
        old[:at] + old[at + len(cut) :] == new and old[at : at + len(cut)] == found for at in range(len(old) + 1)
    )


@given(LINES, LINES)
def test_any_change_is_taken(old: str, new: str) -> None:
    found = removed(snapshot(old), snapshot(new))
    assert found in old
    assert len(found) >= len(old) - len(new)


def test_the_latest_are_kept_over_documents_and_bounded() -> None:
    deleted = Deleted()
    for number in range(MOST_TEXTS + 2):
        path = f"{number % 2}.py"
        deleted.saw(snapshot(f"keep\nresult_{number} = compute({number})\n", path))
        deleted.saw(snapshot("keep\n", path))
    assert [text.split(" ")[0] for text in deleted.texts] == [f"result_{number}" for number in range(2, MOST_TEXTS + 2)]
    deleted.saw(snapshot("x" * 9000))
    deleted.saw(snapshot("x"))
    assert len(deleted.texts[-1]) == MOST_CHARS


def test_typing_and_small_deletions_leave_nothing() -> None:
    deleted = Deleted()
    for text in ("a = 1", "a = 12", "a = 1", "", "  \n" * 20, ""):
        deleted.saw(snapshot(text))
    deleted.forget("a.py")
    deleted.saw(snapshot("a long line of text"))
    deleted.forget("a.py")
    deleted.saw(snapshot(""))
    assert deleted.texts == ()
