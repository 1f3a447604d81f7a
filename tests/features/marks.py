"""Texts with a `<cursor>` mark, as in rust-analyzer's tests."""

from __future__ import annotations

from hunch_features.text import Document, Position, Snapshot

CURSOR = "<cursor>"


def marked(text: str, language: str = "python", path: str = "main.py") -> tuple[Snapshot, Position]:
    """A snapshot of the text without its mark, and where the mark was."""
    before, found, after = text.partition(CURSOR)
    assert found, f"no {CURSOR} in {text!r}"
    snapshot = Document(before + after, path=path, language=language).snapshot()
    return snapshot, snapshot.position_at(len(before))
