"""A large corpus is put in order beside everything else; until then nothing is found in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hunch_features.memory import corpus as corpus_module
from hunch_features.memory.corpus import Corpus
from hunch_features.memory.repository import RepositoryMemory

TOKENS = np.array([64, 128, 192, 64, 128, 320], dtype=np.int32)


def test_a_large_corpus_finds_nothing_until_it_is_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "AT_ONCE", 3)
    late, whole = Corpus([("a.py", TOKENS)], later=True), Corpus([("a.py", TOKENS)])
    context = TOKENS[:2]
    assert not late.ordered
    assert late.after(context, shaped=False, limit=9).tolist() == []
    late.order()
    assert sorted(late.after(context, shaped=False, limit=9).tolist()) == [2, 5]
    assert sorted(whole.after(context, shaped=False, limit=9).tolist()) == [2, 5]


def test_after_settling_lines_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "AT_ONCE", 3)
    root = tmp_path / "repository"
    root.mkdir()
    (root / "a.py").write_text("def stop(self):\n    self.connection.close()\n    self.connection = None\n")
    memory = RepositoryMemory(root, tmp_path / "home")
    try:
        memory.refresh()
        memory.settle()
        assert memory._hot.corpus.ordered
    finally:
        memory.close()
