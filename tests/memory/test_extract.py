"""What is taken from files, language by language; and that hostile ones cost little."""

from __future__ import annotations

import pytest

from hunch_features.memory.extract import extract

# language, source, definitions as "kind container.name visibility", imports, calls
CASES = [
    (
        "python",
        'LIMIT = 3\nimport os.path\nfrom .a import b\n\n\nclass Shop(Base):\n    """Sells things. More."""\n\n'
        "    size: int = 1\n    stock = []\n\n    def sell(self, what: str) -> int:\n        inner()\n"
        "        def local(): ...\n\n    def _count(self): ...\n\n\nasync def open_shop(): ...\n",
        {"constant .LIMIT public", "class .Shop public", "field Shop.size public", "field Shop.stock public",
         "method Shop.sell public", "method Shop._count private", "function .open_shop public"},
        {"os.path", ".a"},
        {"inner"},
    ),
    (
        "typescript",
        "import { a } from './a'\nexport const LIMIT = 3\nexport interface Thing { name: string; go(): void }\n"
        "export class Shop extends Base { private count = 1; sell(what: string): number { return f(this.g()) } }\n"
        "export type Id = string\nenum Kind { A }\nfunction open() {}\n",
        {"constant .LIMIT public", "interface .Thing public", "field Thing.name public", "method Thing.go public",
         "class .Shop public", "field Shop.count private", "method Shop.sell public", "type .Id public",
         "enum .Kind public", "function .open public"},
        {"./a"},
        {"f", "g"},
    ),
    (
        "javascript",
        "import a from 'a'\nclass Shop { sell() { pay() } }\nfunction open() {}\nconst LIMIT = 1\n",
        {"class .Shop public", "method Shop.sell public", "function .open public", "constant .LIMIT public"},
        {"a"},
        {"pay"},
    ),
    (
        "go",
        'package shop\nimport "fmt"\ntype Shop struct { Name string }\n'
        "func (s *Shop) Sell(n int) int { fmt.Println(n); return n }\n"
        "func open() {}\nconst Limit = 3\n",
        {"type .Shop public", "field Shop.Name public", "method .Sell public", "function .open private",
         "constant .Limit public"},
        {"fmt"},
        {"Println"},
    ),
    (
        "rust",
        "use std::fmt;\npub struct Shop { pub name: String }\n"
        "impl Shop { pub fn sell(&self) -> u32 { pay() } fn count(&self) {} }\n"
        "pub trait Sells { fn go(&self); }\nenum Kind { A }\npub const LIMIT: u32 = 3;\nfn open() {}\n",
        {"class .Shop public", "field Shop.name public", "method Shop.sell public", "method Shop.count private",
         "interface .Sells public", "enum .Kind private", "constant .LIMIT public", "function .open private",
         "method Sells.go private"},
        {"std::fmt"},
        {"pay"},
    ),
    (
        "java",
        "import a.b.C;\npublic class Shop { private int count; "
        "public int sell(String what) { return pay(what); } }\n"
        "interface Sells { void go(); }\nenum Kind { A }\n",
        {"class .Shop public", "field Shop.count private", "method Shop.sell public", "interface .Sells public",
         "method Sells.go public", "enum .Kind public"},
        {"a.b.C"},
        {"pay"},
    ),
    (
        "c",
        '#include "shop.h"\n#define LIMIT 3\nstruct shop { int count; };\nint sell(int n) { return pay(n); }\n',
        {"constant .LIMIT public", "class .shop public", "field shop.count public", "function .sell public"},
        {"shop.h"},
        {"pay"},
    ),
    (
        "cpp",
        "#include <vector>\nnamespace n { class Shop { int count; int sell(int n); }; }\n"
        "int open() { return pay(); }\n",
        {"module .n public", "class n.Shop public", "field Shop.count public", "method Shop.sell public",
         "function .open public"},
        {"vector"},
        {"pay"},
    ),
    (
        "csharp",
        "using System.IO;\nclass Shop { public int Count { get; set; } public int Sell(int n) { return Pay(n); } }\n",
        {"class .Shop public", "field Shop.Count public", "method Shop.Sell public"},
        {"System.IO"},
        {"Pay"},
    ),
    (
        "ruby",
        "require 'set'\nmodule Shops\n  class Shop\n    LIMIT = 3\n"
        "    def sell(what)\n      pay(what)\n    end\n  end\nend\n",
        {"module .Shops public", "class Shops.Shop public", "constant Shop.LIMIT public", "method Shop.sell public"},
        {"set"},
        {"pay", "require"},
    ),
    (
        "shellscript",
        "LIMIT=3\nsell() {\n  pay now\n}\n",
        {"constant .LIMIT public", "function .sell public"},
        set(),
        {"pay"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("language", "source", "symbols", "imports", "calls"), CASES, ids=[case[0] for case in CASES])
def test_definitions_imports_and_calls(
    language: str, source: str, symbols: set[str], imports: set[str], calls: set[str]
) -> None:
    found = extract(language, source.encode())
    assert {f"{s.kind} {s.container}.{s.name} {s.visibility}" for s in found.symbols} == symbols
    assert {module for module, _line in found.imports} == imports
    assert {name for name, _line in found.calls} >= calls


def test_signature_doc_and_lines() -> None:
    source = b'def f(\n    a: int,\n    b: str = "x",\n) -> list[str]:\n    """Do it. And more."""\n    return []\n'
    (symbol,) = extract("python", source).symbols
    assert symbol.signature == 'def f( a: int, b: str = "x", ) -> list[str]'
    assert (symbol.doc, symbol.line, symbol.end_line) == ("Do it", 0, 5)


def test_what_a_method_sets_on_self_is_a_field_of_its_class() -> None:
    source = b"""class Shop:
    def __init__(self, till: Till, name) -> None:
        self.till = till
        self.name = name
        self.box: dict[str, int] = {}
        self.log = Log("x")

    def go(self) -> None:
        self.till = None
        self._state = 1
"""
    fields = {s.name: (s.container, s.signature) for s in extract("python", source).symbols if s.kind == "field"}
    assert fields == {
        "till": ("Shop", "till: Till"),
        "name": ("Shop", "name = name"),
        "box": ("Shop", "box: dict[str, int]"),
        "log": ("Shop", 'log = Log("x")'),
        "_state": ("Shop", "_state = 1"),
    }


def test_a_comment_above_is_the_doc_where_there_are_no_docstrings() -> None:
    (symbol,) = extract("go", b"package a\n\n// Sell sells one. It may fail.\nfunc Sell() {}\n").symbols
    assert symbol.doc == "Sell sells one"


@pytest.mark.parametrize(
    "source", [b"", b"def", b"class A:", b"class A:\n  def f(self):", b"\xff\xfe def f(): ...", b"("]
)
def test_broken_code_is_no_error(source: bytes) -> None:
    for language in ("python", "typescript", "go", "rust", "java", "c", "cpp", "csharp", "ruby", "shellscript"):
        extract(language, source)


def test_parsing_ends_in_time_and_says_so() -> None:
    # Tree-sitter asks while it reads; what it does at the end of some files is what `ParseWorker` is for.
    found = extract("python", b"def f(): ...\n" * 100_000, limit_s=0.02)
    assert found.problem == "parsing took too long"
    assert not found.symbols


def test_an_unknown_language_gives_nothing() -> None:
    assert extract("klingon", b"def f(): ...").symbols == []
