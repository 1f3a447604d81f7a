"""A small repository in several languages, and its memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from hunch_features.memory.repository import RepositoryMemory
from hunch_features.syntax import language_of_path
from hunch_features.text import Document, Position, Snapshot

Remember = Callable[[Mapping[str, str]], RepositoryMemory]


@pytest.fixture
def remember(tmp_path: Path) -> Iterator[Remember]:
    """Write files below a new root and index them."""
    opened: list[RepositoryMemory] = []

    def make(files: Mapping[str, str]) -> RepositoryMemory:
        root = tmp_path / f"root{len(opened)}"
        for path, text in files.items():
            write(root, path, text)
        root.mkdir(exist_ok=True)
        memory = RepositoryMemory(root, tmp_path / "home")
        memory.refresh()
        opened.append(memory)
        return memory

    yield make
    for memory in opened:
        memory.close()


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def at_caret(text: str, path: str = "app.py") -> tuple[Snapshot, Position]:
    """A document with the caret where `|` stands."""
    before, after = text.split("|")
    document = Document(before + after, path=path, language=language_of_path(path) or "plaintext", version=1)
    return document.snapshot(), document.position_at(len(before))
