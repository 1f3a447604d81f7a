"""The part of the index in RAM: the same after single changes as when all is read anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.memory import hot as hot_module
from hunch_features.memory.hot import Hot
from hunch_features.memory.pairs import Pairs, counted, pair_keys
from hunch_features.memory.postings import Postings
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.store import Store
from hunch_features.memory.tokens import SPACE, token_id, tokenize
from hunch_features.memory.vocabulary import Vocabulary
from tests.memory.conftest import Remember, write

FILES = {
    "a.py": "from os.path import join\nbook.open()\nbook.close()\nbook.open()\n",
    "b.py": ".hidden\nbook.pages.count()\nself.book.open(é)\n",
    "c/empty.py": "",
    "c/d.py": "shelf.open\n" * 3,
}


def seen(hot: Hot) -> dict[str, object]:
    words = ["book", "open", "close", "pages", "count", "shelf", "self", "path", "join", "é", "hidden", "\n"]
    ids = [token_id(word) for word in words]
    return {
        "paths": hot.paths.all(),
        "uses": {word: hot.postings.paths_of(number) for word, number in zip(words, ids, strict=True)},
        "after": {word: hot.pairs.after(number, 9) for word, number in zip(words, ids, strict=True)},
        "counts": [hot.pairs.count(one, other) for one in ids for other in ids],
        "totals": [hot.pairs.total(number) for number in ids],
    }


@pytest.mark.parametrize("chunk", [1, 10, 1_000_000])
def test_what_is_read_does_not_depend_on_how_much_at_a_time(
    remember: Remember, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    memory = remember(FILES)
    monkeypatch.setattr(hot_module, "CHUNK_TOKENS", chunk)
    found = seen(Hot(memory.store))
    assert found == seen(memory._hot)
    assert memory.pair_count("book", "open") == 3
    assert memory.seen_after("book") == ["open", *sorted(("close", "pages"), key=token_id)]
    assert memory.seen_after("book", 1) == ["open"]
    assert memory.pair_count("path", "join") == memory.pair_count("os", "path") == 0
    assert memory.any_count("open") == 6
    assert [memory.knows(word) for word in ("é", "nobody", "import")] == [True, False, False]


def test_single_changes_add_up_to_what_a_new_start_reads(remember: Remember) -> None:
    memory = remember(FILES)
    write(memory.root, "a.py", "book.close()\nbook.close()\nlamp.off()\n")
    write(memory.root, "new.py", "book.close()\nlamp.on()\n")
    (memory.root / "c/d.py").unlink()
    memory.update(["a.py", "new.py", "c/d.py"])
    reader = Store(memory.store.path)
    assert seen(memory._hot) == seen(Hot(reader))
    assert memory.seen_after("lamp", 2) == sorted(("off", "on"), key=token_id)
    reader.close()


@given(st.lists(st.text(st.sampled_from("ab.\n self"), max_size=40), max_size=5))
def test_pairs_without_a_file_are_the_pairs_of_the_others(texts: list[str]) -> None:
    files = [tokenize(text, {}) for text in texts]
    one = [counted(pair_keys(tokens, np.zeros(1, dtype=np.int64))) for tokens in files]
    whole, rest = Pairs(one), Pairs(one[1:])
    less = whole.without(files[0]) if files else whole
    ids = [token_id(word) for word in ("a", "b", "ab", "self", ")", "\n")]
    assert [less.after(number, 9) for number in ids] == [rest.after(number, 9) for number in ids]
    assert [less.count(x, y) for x in ids for y in ids] == [rest.count(x, y) for x in ids for y in ids]


def test_texts_come_back_from_the_index_whatever_they_hold(remember: Remember) -> None:
    text = "x = 1\n" * 2000 + "\0 \u2028 \x1f é \ufffd '\n" + "n" * 300
    memory = remember({"odd.py": text})
    names: dict[int, str] = {}
    tokenize(text, names)
    assert dict(memory.store.vocabulary()) == names


def test_texts_that_are_missing_make_a_damaged_index(remember: Remember, tmp_path: Path) -> None:
    memory = remember(FILES)
    memory.store._db.execute(
        "UPDATE vocabulary SET text = char(10) || text WHERE id = (SELECT max(id) FROM vocabulary)"
    )
    again = RepositoryMemory(memory.root, tmp_path / "home")
    again.refresh()
    assert again.store.counts()["files"] == len(FILES)
    assert seen(again._hot)["counts"] == seen(memory._hot)["counts"]
    again.close()


def test_an_empty_index_and_odd_names() -> None:
    assert Hot().paths.all() == frozenset()
    assert Postings().like(tokenize("a b", {}), 3) == []
    names: dict[int, str] = {}
    tokenize("plain é \u2028 x\0y " + "n" * 90, names)
    ids = sorted(names)
    found = Vocabulary(np.array(ids, dtype=np.int32), "\n".join(names[key] for key in ids).encode())
    assert dict(found) == names
    assert found.get(12345 | SPACE) is None
    found.update({12345: "later"})
    assert (found[12345], len(found)) == ("later", len(names) + 1)
