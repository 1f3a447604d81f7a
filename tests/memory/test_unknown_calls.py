"""What a suggestion calls that does not exist; and all that must not be accused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.unknown_calls import MAX_CALLS, unknown_call
from tests.memory.conftest import at_caret, write

STORE = """
from outside import Foreign


class Base:
    def audit(self): ...


class Store(Base):
    def __init__(self):
        self.rows = []

    def save(self, row): ...


class Kept(Foreign):
    def load(self): ...


class Mixin:
    def mixed(self): ...


class Whole(Mixin):
    def only_whole(self): ...


def open_store(): ...
"""
LOOSE = "class Open:\n    def __getattr__(self, name): ...\n"
FILES = {
    "shop/__init__.py": "from .store import Store\n",
    "shop/store.py": STORE,
    "shop/loose.py": LOOSE,
    "shop/other.py": "def elsewhere(): ...\n\n\ndef settled(): ...\n",
}
IMPORTS = "import shop.store\nfrom shop import store, loose\nfrom shop.store import Store, Kept, Mixin, open_store\n"
CLASS = IMPORTS + "\n\nclass Mine(Store):\n    def work(self, given):\n        |\n\n    def below(self): ...\n"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RepositoryMemory]:
    root = tmp_path_factory.mktemp("names")
    for path, text in FILES.items():
        write(root, path, text)
    memory = RepositoryMemory(root, tmp_path_factory.mktemp("home"))
    memory.refresh()
    yield memory
    memory.close()


@pytest.fixture
def memory(indexed: RepositoryMemory) -> RepositoryMemory:
    """Every case is another text of the same file."""
    indexed.forget("app.py")
    return indexed


def told(memory: RepositoryMemory, document: str, text: str, path: str = "app.py") -> str:
    snapshot, position = at_caret(document, path)
    found = unknown_call(memory, snapshot, position, text)
    return f"{found.written} of {found.owner}" if found is not None else ""


@pytest.mark.parametrize(
    ("document", "text", "wanted"),
    [
        (IMPORTS + "x = |", "frobnicate(1)", "frobnicate of "),
        (IMPORTS + "x = frob|", "nicate(1)", "frobnicate of "),
        (IMPORTS + "x = [|", "len(open_store()), frobnicate(1)]", "frobnicate of "),
        (IMPORTS + "store.|", "elsewhere()", "store.elsewhere of store"),
        (IMPORTS + "Store.|", "elsewhere()", "Store.elsewhere of Store"),
        (CLASS, "self.elsewhere()", "self.elsewhere of Mine"),
        (CLASS, "x = self._made_up()", "self._made_up of Mine"),
        (CLASS.replace("Mine(Store)", "Mine(Kept)"), "self.made_up()", "self.made_up of Mine"),
        (CLASS, "x = f(given)\n        self.made_up(x)", "f of "),
    ],
)
def test_is_told(memory: RepositoryMemory, document: str, text: str, wanted: str) -> None:
    assert told(memory, document, text) == wanted


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (IMPORTS + "|", "open_store()"),
        (IMPORTS + "|", "print(sorted(x for x in range(3)))"),
        (IMPORTS + "if |", "not (a) and (b):"),
        (IMPORTS + "|\n\ndef later(): ...\n", "later()"),
        (IMPORTS + "|", "elsewhere()"),  # it exists: its import may follow
        (IMPORTS + "store.|", "open_store()"),
        (IMPORTS + "loose.|", "anything()"),  # something there answers to any name
        (IMPORTS + "import json\njson.|", "frobnicate()"),  # nothing is known of what lies outside
        (IMPORTS + "def f(given: Store):\n    given.|", "frobnicate()"),  # the type of a variable is a guess
        (IMPORTS + "Kept.|", "elsewhere()"),  # a base from outside
        (IMPORTS + "from shop.loose import Open\nOpen.|", "frobnicate()"),
        (CLASS, "self.save(self.audit())"),
        (CLASS, "self.below()"),
        (CLASS.replace("Mine(Store)", "Mine(Mixin)"), "self.only_whole()"),  # a mixin uses what its companions have
        (CLASS.replace("Mine(Store)", "Mine(Kept)"), "self.settled()"),  # known here: perhaps that base has it too
        (CLASS.replace("def below(self): ...", "def __getattr__(self, name): ..."), "self.made_up()"),
        (CLASS, "self.__made_up__()"),
        (CLASS, "super().made_up()"),
        (IMPORTS + "|", "def made_up(x):"),
        (IMPORTS + "|", "class MadeUp(Store):"),
        (IMPORTS + "|", "made = 1\nfor made_up in x: made_up(made)"),
        (IMPORTS + "|", "with open(x) as made_up: made_up()"),
        (IMPORTS + "|", "import made_up\nmade_up()"),
        (IMPORTS + "x = |", '"call made_up(1)"  # or made_up(2)'),
        (IMPORTS + "x = frobnicate|", "(1)"),  # the person wrote the name
        (IMPORTS + 'def f():\n    """Call |\n    """\n', "made_up(1) first"),
        ("from anything import *\n|", "made_up()"),
        (IMPORTS + "a[1].|", "made_up()"),
        (IMPORTS + "f(x).|", "made_up()"),
        (IMPORTS + "|", "+".join(["len(x)"] * MAX_CALLS) + "+ made_up()"),
        ("|", ""),
    ],
)
def test_accuses_nobody(memory: RepositoryMemory, document: str, text: str) -> None:
    assert told(memory, document, text) == ""


def test_only_python_and_only_with_an_index(memory: RepositoryMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(memory, "x = |", "made_up()", "app.ts") == ""
    monkeypatch.setattr(memory, "loaded", False)
    assert told(memory, "x = |", "made_up()") == ""


def test_says_so_in_words(memory: RepositoryMemory) -> None:
    snapshot, position = at_caret(CLASS)
    found = unknown_call(memory, snapshot, position, "self.made_up()")
    assert found is not None
    assert found.sentence == "it calls `self.made_up`, which `Mine` does not have"
    memory.forget("app.py")
    snapshot, position = at_caret("|")
    found = unknown_call(memory, snapshot, position, "made_up()")
    assert found is not None
    assert found.sentence == "it calls `made_up`, which nothing here defines or imports"
