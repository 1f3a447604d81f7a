"""What a prompt is told of other files: definitions that are needed here, the same ones while the person types."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.retrieval import PAUSE_S, Retriever
from hunch_features.memory.search import search
from tests.memory.conftest import Remember, at_caret, write
from tests.memory.test_members import FILES

PARSER = '''"""Reads the ledger."""


def parse_ledger_line(line: str, currency: str) -> Entry:
    """Read one line. Fails on tabs."""
    fields = line.split(";")
    amount = parse_amount(fields[2], currency)
    entry = Entry(fields[0], fields[1], amount)
    register_entry(entry, currency)
    return entry
'''
MORE = {**FILES, "ledger/parser.py": PARSER, "web/done.js": "export function finish_order(order) { return order }\n"}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def memory(remember: Remember) -> RepositoryMemory:
    return remember(MORE)


def text_of(retriever: Retriever, text: str, budget: int = 400, path: str = "app.py") -> str:
    snapshot, position = at_caret(text, path)
    return "".join(f"# {piece.path}\n{piece.text}" for piece in retriever.fresh(snapshot, position, budget))


def test_the_definition_of_an_imported_function(memory: RepositoryMemory) -> None:
    found = text_of(Retriever(memory), "from ledger.parser import parse_ledger_line\n\nentry = parse_ledger_line(|\n")
    assert "def parse_ledger_line(line: str, currency: str) -> Entry  # Read one line" in found


def test_the_members_of_the_receiver(memory: RepositoryMemory) -> None:
    found = text_of(Retriever(memory), "from shop.core import Shop\n\n\ndef f(shop: Shop):\n    shop.|\n")
    assert "def sell(self, what: str) -> int" in found
    assert "_count" not in found


def test_names_that_mean_something_else_are_left_out(memory: RepositoryMemory) -> None:
    # `finish_order` exists in JavaScript only; `Shop` is defined here; `sell` is a method and no import.
    found = text_of(Retriever(memory), "class Shop: ...\nfinish_order(Shop, sell|)\n")
    assert not found


def test_code_like_this_code(memory: RepositoryMemory) -> None:
    text = "def read(line, currency):\n    fields = line.split(',')\n    amount = parse_amount(fields[1], currency)\n"
    text += "    |\n"
    assert "register_entry(entry, currency)" in text_of(Retriever(memory), text)


def test_the_budget_is_kept(memory: RepositoryMemory) -> None:
    text = "from shop.core import Shop\nfrom ledger.parser import parse_ledger_line\nparse_ledger_line(Shop.|\n"
    for budget in (0, 20, 60, 400):
        snapshot, position = at_caret(text)
        pieces = Retriever(memory).pieces(snapshot, position, budget)
        assert sum(len(piece.text) + len(piece.path) for piece in pieces) <= 3 * budget


def test_the_same_pieces_while_typing_and_new_ones_after_a_pause(memory: RepositoryMemory) -> None:
    clock = Clock()
    retriever = Retriever(memory, clock=clock)
    head = "from shop.core import Shop\nfrom ledger.parser import parse_ledger_line\n"
    first = retriever.pieces(*at_caret(f"{head}x = Shop|\n"), 400)
    for typed in ("Shop.", "Shop.sell(parse_ledger_line", "Shop.sell(parse_ledger_line("):
        clock.now += PAUSE_S / 2
        assert retriever.pieces(*at_caret(f"{head}x = {typed}|\n"), 400) is first
    clock.now += PAUSE_S * 2
    later = retriever.pieces(*at_caret(f"{head}x = parse_ledger_line(|\n"), 400)
    assert "parse_ledger_line" in "".join(piece.text for piece in later)


def test_far_away_is_another_place(memory: RepositoryMemory) -> None:
    retriever = Retriever(memory, clock=Clock())
    head = "from shop.core import Shop\nfrom ledger.parser import parse_ledger_line\n"
    first = retriever.pieces(*at_caret(f"{head}x = Shop|\n" + "\n" * 100), 400)
    second = retriever.pieces(*at_caret(f"{head}x = Shop\n" + "\n" * 100 + "parse_ledger_line(|"), 400)
    assert first != second


def test_a_changed_file_is_known_at_once(memory: RepositoryMemory) -> None:
    write(memory.root, "ledger/parser.py", PARSER.replace("currency: str", "unit: str"))
    memory.update(["ledger/parser.py"])
    found = text_of(Retriever(memory), "from ledger.parser import parse_ledger_line\nparse_ledger_line(|\n")
    assert "unit: str" in found


HEAD = "from shop.core import Shop\nfrom ledger.parser import parse_ledger_line\nimport os\n"


@pytest.fixture
def queries(memory: RepositoryMemory) -> Iterator[list[str]]:
    """What is asked of the index."""
    asked: list[str] = []
    memory.store._db.set_trace_callback(asked.append)
    yield asked
    memory.store._db.set_trace_callback(None)


def test_a_document_that_was_opened_needs_few_queries(memory: RepositoryMemory, queries: list[str]) -> None:
    retriever = Retriever(memory)
    snapshot, position = at_caret(f"{HEAD}entry = parse_ledger_line(Shop|\n")
    retriever.prepare(snapshot)
    assert 0 < len(queries) <= 4  # two bound names; `os` comes from outside and is not looked for
    queries.clear()
    assert retriever.fresh(snapshot, position, 400)
    assert len(queries) <= 3  # the members of one class; names and scope are known
    queries.clear()
    retriever.fresh(snapshot, position, 400)
    assert len(queries) <= 2  # the members of a class and of its base


def test_what_changed_is_looked_for_again_before_the_next_key(memory: RepositoryMemory, queries: list[str]) -> None:
    retriever = Retriever(memory)
    snapshot, position = at_caret(f"{HEAD}entry = parse_ledger_line(Shop|\n")
    retriever.prepare(snapshot)
    write(memory.root, "ledger/parser.py", PARSER.replace("currency: str", "unit: str"))
    memory.update(["ledger/parser.py"])
    retriever.renew()
    queries.clear()
    found = retriever.fresh(snapshot, position, 400)
    assert "unit: str" in "".join(piece.text for piece in found)
    assert len(queries) <= 3


def test_before_the_index_is_there_nothing_is_told(memory: RepositoryMemory) -> None:
    memory.loaded = False
    assert not Retriever(memory).pieces(*at_caret("from shop.core import Shop\nShop.|\n"), 400)


@pytest.mark.parametrize(
    ("query", "path", "symbol"),
    [
        ("parse_ledger_line", "ledger/parser.py", "parse_ledger_line"),
        ("parse ledger", "ledger/parser.py", "parse_ledger_line"),
        ("reading one line of a ledger", "ledger/parser.py", "parse_ledger_line"),
        ("Shop.sell", "shop/core.py", "Shop.sell"),
        ("refund", "shop/till.py", "Till.refund"),
        ("finishOrder", "web/done.js", "finish_order"),
    ],
)
def test_search(memory: RepositoryMemory, query: str, path: str, symbol: str) -> None:
    best = search(memory, query)[0]
    assert (best.path, best.symbol) == (path, symbol)


def test_search_finds_code_that_defines_nothing(memory: RepositoryMemory) -> None:
    found = search(memory, "register_entry")
    assert ("ledger/parser.py", "code", "register_entry(entry, currency)") in [
        (entry.path, entry.kind, entry.snippet) for entry in found
    ]


@pytest.mark.parametrize("query", ["", "   ", "the of", '"', "* OR NEAR(", "a" * 10_000, "\0", "💥"])
def test_odd_queries_are_no_error(memory: RepositoryMemory, query: str) -> None:
    assert isinstance(search(memory, query, 5), list)


def test_a_file_that_went_away_is_not_shown(memory: RepositoryMemory, tmp_path: Path) -> None:
    (memory.root / "ledger/parser.py").unlink()
    assert memory.lines_of("ledger/parser.py", 0, 5) == ""
    memory.update(["ledger/parser.py"])
    assert not [entry for entry in search(memory, "parse_ledger_line") if entry.path == "ledger/parser.py"]
