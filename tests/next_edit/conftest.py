"""Edits of small repositories, and what is proposed to follow them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from hunch_features.memory.repository import RepositoryMemory
from hunch_features.next_edit import EditJustMade
from hunch_features.next_edit.edit import Delta
from hunch_features.next_edit.finding import Found, find
from hunch_features.next_edit.repository import RememberedRepository
from hunch_features.syntax import language_of_path

Remember = Callable[[Mapping[str, str]], RepositoryMemory]


@pytest.fixture
def remember(tmp_path: Path) -> Iterator[Remember]:
    """Write files below a new root and index them."""
    opened: list[RepositoryMemory] = []

    def make(files: Mapping[str, str]) -> RepositoryMemory:
        root = tmp_path / f"root{len(opened)}"
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        memory = RepositoryMemory(root, tmp_path / "home")
        memory.refresh()
        opened.append(memory)
        return memory

    yield make
    for memory in opened:
        memory.close()


def edit_of(path: str, before: str, after: str) -> EditJustMade:
    return EditJustMade(path, language_of_path(path) or "plaintext", before, after)


def found_after(edit: EditJustMade, others: Mapping[str, str] | None = None) -> Found:
    """What is found with the edited file and some others open, and nothing else known."""
    return find(Delta(edit), RememberedRepository(None, None, {**(others or {}), edit.path: edit.after}))


def proposed(found: Found) -> dict[tuple[str, str], set[str]]:
    """Path and line text of every place, with the kinds of change that led there."""
    return {
        (spot.source.path, spot.source.lines[spot.line].strip()): {str(one.change.kind) for one in spot.proposals}
        for spot in found.spots
    }
