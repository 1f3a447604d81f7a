"""What may follow a dot or stand in an import: only what exists, the likeliest first."""

from __future__ import annotations

import pytest

from hunch_features.memory.bindings import Binding, bindings
from hunch_features.memory.members import members_at
from hunch_features.memory.paths import Paths
from hunch_features.memory.receivers import chain_before, receiver_at
from hunch_features.memory.repository import RepositoryMemory
from tests.memory.conftest import Remember, at_caret

SHOP = """
from shop.till import Till


class Base:
    def audit(self) -> None: ...


class Shop(Base):
    name: str

    def __init__(self, till: Till) -> None:
        self.till = till

    def sell(self, what: str) -> int: ...

    def close(self) -> None: ...

    def _count(self) -> int: ...


def open_shop(till: Till) -> Shop: ...
"""
TILL = "class Till:\n    total: int\n\n    def pay(self) -> None: ...\n\n    def refund(self) -> None: ...\n"
USES = (
    "from shop.core import Shop\n\n\ndef a(shop: Shop) -> None:\n    shop.sell('a')\n    shop.sell('b')\n"
    "    shop.close()\n"
)
FILES = {"shop/__init__.py": "from .core import Shop\n", "shop/core.py": SHOP, "shop/till.py": TILL, "uses.py": USES}


@pytest.fixture
def memory(remember: Remember) -> RepositoryMemory:
    return remember(FILES)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("from shop.core import Shop\ndef f(shop: Shop):\n    shop.|\n", ["sell", "close", "audit", "name"]),
        ("from shop.core import Shop\nshop = Shop(1)\nshop.|\n", ["sell", "close", "audit", "name"]),
        ("from shop.core import open_shop\nx = open_shop(1)\nx.cl|\n", ["close"]),
        ("import shop.core as core\ncore.|\n", ["open_shop", "Base", "Shop"]),
        ("from shop import core\ncore.|\n", ["open_shop", "Base", "Shop"]),
        ("from shop import Shop\nShop.s|\n", ["sell"]),
        ("from shop.core import Shop\ndef f(a: Shop):\n    a.till.|\n", ["pay", "refund", "total"]),
        ("from shop.core import Shop as S\ndef f(a: 'S'):\n    a.s|\n", ["sell"]),
        ("class Own:\n    def one(self): ...\n\n    def _two(self):\n        self.|\n", ["one", "_two"]),
        ("from shop.core import Shop\nclass Own(Shop):\n    def go(self):\n        self.se|\n", []),
        ("import os\nos.|\n", []),
        ("unknown.|\n", []),
        ("x = 3\nx.|\n", []),
        ("no dot here|\n", []),
        ("from shop.core import |\n", ["Shop", "open_shop", "Base"]),
        ("from shop.|\n", ["core", "till"]),
        ("from shop import t|\n", ["till"]),
        ("from os import |\n", []),
    ],
)
def test_members(memory: RepositoryMemory, text: str, wanted: list[str]) -> None:
    snapshot, position = at_caret(text)
    found = [member.name for member in members_at(memory, snapshot, position)]
    assert set(found) >= set(wanted)
    if not wanted:
        assert not found
    assert not any(name.startswith("__") for name in found)


def test_what_the_repository_calls_most_comes_first(memory: RepositoryMemory) -> None:
    snapshot, position = at_caret("from shop.core import Shop\ndef f(shop: Shop):\n    shop.|\n")
    found = [member.name for member in members_at(memory, snapshot, position)]
    assert found[0] == "sell"
    assert found.index("close") < found.index("audit")


def test_private_members_stay_inside(memory: RepositoryMemory) -> None:
    snapshot, position = at_caret("from shop.core import Shop\ndef f(shop: Shop):\n    shop.|\n")
    assert "_count" not in [member.name for member in members_at(memory, snapshot, position)]


TYPESCRIPT = {
    "src/shop.ts": "export class Till { pay(): void {} refund(): void {} }\n"
    "export class Shop { till: Till = new Till(); sell(what: string): number { return 1 } }\nexport const LIMIT = 3\n"
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("import { Shop } from './shop'\nconst shop = new Shop()\nshop.|\n", {"till", "sell"}),
        ("import { Shop } from './shop'\nfunction f(shop: Shop) {\n  shop.till.|\n}\n", {"pay", "refund"}),
        ("import { | } from './shop'\n", {"Shop", "Till", "LIMIT"}),
        ("import * as shop from './shop'\nshop.L|\n", {"LIMIT"}),
    ],
)
def test_members_in_typescript(remember: Remember, text: str, wanted: set[str]) -> None:
    memory = remember(TYPESCRIPT)
    snapshot, position = at_caret(text, "src/app.ts")
    assert {member.name for member in members_at(memory, snapshot, position)} == wanted


@pytest.mark.parametrize(
    ("line", "chain"),
    [
        ("x = a.b.ge", (("a", "b"), "ge")),
        ("    self.", (("self",), "")),
        ("a->b", (("a",), "b")),
        ("f(a.b().", (("a", "b"), "")),
        ("Vec::ne", (("Vec",), "ne")),
        ("plain", None),
        ("", None),
        ("3.", None),
    ],
)
def test_what_stands_before_the_caret(line: str, chain: tuple[tuple[str, ...], str] | None) -> None:
    assert chain_before(line) == chain


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("python", "from .a import (b, # x\n c as d)\n", [Binding("b", ".a", "b"), Binding("d", ".a", "c")]),
        ("python", "import numpy as np, os.path\n", [Binding("np", "numpy", ""), Binding("os.path", "os.path", "")]),
        ("typescript", "import d, { a as b } from './x'\n", [Binding("d", "./x", "d"), Binding("b", "./x", "a")]),
        ("typescript", "import * as ns from '@/z'\n", [Binding("ns", "@/z", "")]),
        ("go", 'import (\n\t"fmt"\n\tq "a/b"\n)\n', [Binding("fmt", "fmt", ""), Binding("q", "a/b", "")]),
        ("rust", "use a::{b, c::{d, e as f}};\n",
         [Binding("b", "a::b", "b"), Binding("d", "a::c::d", "d"), Binding("f", "a::c::e", "e")]),
        ("java", "import a.b.C;\n", [Binding("C", "a.b.C", "C")]),
        ("ruby", "require 'x'\n", []),
    ],
)  # fmt: skip
def test_bindings(language: str, text: str, wanted: list[Binding]) -> None:
    assert set(bindings(language, text).values()) == set(wanted)


PATHS = Paths(["src/pkg/a.py", "src/pkg/__init__.py", "src/pkg/sub/b.py", "web/x.ts", "web/lib/index.ts", "src/a/c.rs",
               "j/org/shop/Till.java", "inc/shop.h", "lib/shop.rb", "other/pkg/a.py"])  # fmt: skip


@pytest.mark.parametrize(
    ("language", "module", "importer", "wanted"),
    [
        ("python", "..a", "src/pkg/sub/b.py", "src/pkg/a.py"),
        ("python", ".a", "src/pkg/__init__.py", "src/pkg/a.py"),
        ("python", "pkg.sub.b", "tests/t.py", "src/pkg/sub/b.py"),
        ("python", "pkg.a", "other/x.py", "other/pkg/a.py"),
        ("python", ".", "src/pkg/a.py", "src/pkg/__init__.py"),
        ("python", "os", "src/pkg/a.py", None),
        ("typescript", "./lib", "web/x.ts", "web/lib/index.ts"),
        ("typescript", "../x.js", "web/lib/index.ts", "web/x.ts"),
        ("typescript", "react", "web/x.ts", None),
        ("rust", "crate::a::c::Foo", "src/main.rs", "src/a/c.rs"),
        ("java", "org.shop.Till", "j/org/App.java", "j/org/shop/Till.java"),
        ("c", "shop.h", "src/main.c", "inc/shop.h"),
        ("ruby", "shop", "lib/app.rb", "lib/shop.rb"),
        ("python", "." * 400, "a.py", None),
    ],
)
def test_which_file_an_import_names(language: str, module: str, importer: str, wanted: str | None) -> None:
    assert PATHS.imported(language, module, importer) == wanted


def test_a_receiver_without_any_sign_has_no_type(memory: RepositoryMemory) -> None:
    snapshot, position = at_caret("def f(x):\n    x.|\n")
    receiver = receiver_at(memory, snapshot, position)
    assert receiver is not None
    assert (receiver.class_name, receiver.module) == ("", "")
