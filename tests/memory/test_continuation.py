"""Completing without a model: as the open file and the repository went on before, names put in place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.memory.continuation import Continuations
from hunch_features.memory.corpus import Corpus
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.tokens import tokenize
from tests.memory.conftest import Remember, at_caret, write

SERVICE = """class Service:
    def start(self) -> None:
        logger.info("starting %s", self.name)
        self.connection = connect(self.host, self.port, timeout=self.timeout)
        self.connection.open()

    def stop(self) -> None:
        logger.info("stopping %s", self.name)
        self.connection.close()
"""
FILES = {"pkg/service.py": SERVICE, "pkg/other.py": "def unrelated(a, b):\n    return a * b\n"}


@pytest.fixture
def memory(remember: Remember) -> RepositoryMemory:
    return remember(FILES)


def best(memory: RepositoryMemory, text: str, path: str = "pkg/new.py") -> str:
    found = memory.continuations(*at_caret(text, path))
    return found[0].text if found else ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        # as another file went on
        ("class Worker:\n    def start(self) -> None:\n        logger.info(|\n", '"starting %s", self.name)'),
        ("class Worker:\n    def stop(self) -> None:\n        logger.info(\"stopping %s\", self.name)\n        |\n",
         "self.connection.close()"),
        # the word at the caret is the beginning of one
        ("class Worker:\n    def stop(self) -> None:\n        logger.inf|\n", 'o("stopping %s", self.name)'),
        # with our names in place of theirs
        ("def f(pool):\n    pool.width = read(pool.rows)\n    log(pool.width)\n    pool.height = |\n",
         "read(pool.rows)"),
        ("first = load(first_path)\ncheck(first)\nsecond = load(second_path)\ncheck(|\n", "second)"),
        # what stands after the caret stays there
        ("class Worker:\n    def start(self) -> None:\n        logger.info(|)\n", '"starting %s", self.name'),
        # nothing like it
        ("zig = |\n", ""),
        ("|\n", ""),
    ],
)  # fmt: skip
def test_continuations(memory: RepositoryMemory, text: str, wanted: str) -> None:
    assert best(memory, text) == wanted


def test_the_open_file_counts_as_it_is_now(memory: RepositoryMemory) -> None:
    text = SERVICE.replace("starting", "booting") + '\n    def again(self) -> None:\n        logger.info("boot|\n'
    assert best(memory, text, "pkg/service.py").startswith("ing %s")
    assert "starting" not in best(
        memory, "class A:\n    def start(self) -> None:\n        logger.info(|\n", "pkg/service.py"
    )


def test_a_saved_file_is_known_at_once(memory: RepositoryMemory) -> None:
    write(memory.root, "pkg/service.py", SERVICE.replace("starting", "launching"))
    memory.update(["pkg/service.py"])
    assert (
        best(memory, "class A:\n    def start(self) -> None:\n        logger.info(|\n") == '"launching %s", self.name)'
    )
    (memory.root / "pkg/service.py").unlink()
    memory.update(["pkg/service.py"])
    assert best(memory, "class A:\n    def start(self) -> None:\n        logger.info(|\n") == ""


def test_probabilities_are_probabilities_and_sorted(memory: RepositoryMemory) -> None:
    found = memory.continuations(*at_caret("class A:\n    def stop(self) -> None:\n        logger.info(|\n"))
    odds = [one.probability for one in found]
    assert odds == sorted(odds, reverse=True)
    assert all(0 < one < 1 for one in odds)
    assert found[0].path == "pkg/service.py"


def test_before_the_index_is_there_nothing_is_said(memory: RepositoryMemory) -> None:
    memory.loaded = False
    assert best(memory, "class A:\n    def stop(self) -> None:\n        logger.info(|\n") == ""


CODE = st.lists(st.sampled_from(["a", "b", "f(", ")", " = ", "\n", "    ", "x.y", "'s'", "é"]), max_size=40).map(
    "".join
)


@given(CODE, CODE, CODE)
def test_any_text_is_no_error_and_stays_on_its_line(before: str, after: str, other: str) -> None:
    names: dict[int, str] = {}
    source = Continuations(Corpus([("other.py", tokenize(other, names))]), names)
    for one in source.at(before, after, "new.py"):
        assert one.text.strip()
        assert "\n" not in one.text


@given(st.lists(st.integers(0, 5), min_size=1, max_size=200), st.lists(st.integers(0, 5), min_size=4, max_size=6))
def test_every_place_of_a_context_is_found(numbers: list[int], context: list[int]) -> None:
    words = ["a", "b", "(", ")", "=", "\n"]
    tokens = tokenize(" ".join(words[number] for number in numbers), {})
    wanted = tokenize(" ".join(words[number] for number in context), {}) & ~1
    corpus = Corpus([("a.py", tokens)])
    bare = (tokens & ~1).tolist()
    expected = {at for at in range(2, len(bare) + 1) if bare[at - 2 : at] == wanted[-2:].tolist()}
    assert set(corpus.after(wanted, shaped=False, limit=10_000).tolist()) == expected
