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


@pytest.mark.parametrize("at_a_time", [1, 3, 1000])
def test_pieces_put_in_order_are_the_whole_in_order(monkeypatch: pytest.MonkeyPatch, at_a_time: int) -> None:
    monkeypatch.setattr(corpus_module, "_AT_A_TIME", at_a_time)
    rng = np.random.default_rng(3)
    tokens = rng.integers(0, 6, 500).astype(np.int32) << 1
    corpus = Corpus([("a.py", tokens[:201]), ("b.py", tokens[201:])])
    bare = [number & ~1 for number in tokens.tolist()]
    for place in range(4, 500, 37):
        for shaped, width in ((False, 2), (True, 4)):
            alike = [2 if shaped and token & 2 else token for token in bare]
            expected = [end for end in range(width, 501) if alike[end - width : end] == alike[place - width : place]]
            context = np.array(bare[:place], dtype=np.int32)
            assert corpus.after(context, shaped=shaped, limit=1000).tolist() == expected
