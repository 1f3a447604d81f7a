"""What kind of change an edit was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.next_edit.changes import ChangeKind, changes, sibling_of
from hunch_features.next_edit.edit import Delta
from hunch_features.next_edit.lines import same_block
from hunch_features.next_edit.signatures import resigned
from hunch_features.next_edit.source import Source
from hunch_features.next_edit.spots import Spots
from tests.next_edit.conftest import edit_of

PYTHON = """import os
from json import dumps, loads

RED = "r"
GREEN = "g"


class Client:
    def fetch(self, url, retries=3):
        total = self.count
        return total + retries


def main():
    return Client().fetch("x", 4)
"""

CASES = [
    ("fetch(self, url, retries=3)", "fetch(self, url, timeout, retries=3)", ChangeKind.SIGNATURE, "fetch", "fetch"),
    ("def main", "def run_all", ChangeKind.RENAMED, "main", "run_all"),
    ("class Client", "class Session", ChangeKind.RENAMED, "Client", "Session"),
    ("total = self.count", "total = self.size", ChangeKind.MEMBER_RENAMED, "count", "size"),
    ("total = self", "amount = self", ChangeKind.RENAMED, "total", "amount"),
    ("url, retries=3", "address, retries=3", ChangeKind.PARAMETER_RENAMED, "url", "address"),
    ("return Client()", "return Session()", ChangeKind.CALL_REPLACED, "Client", "Session"),
    ('fetch("x", 4)', 'fetch("x", 5)', ChangeKind.LITERAL_CHANGED, "4", "5"),
    ('fetch("x", 4)', 'fetch("x")', ChangeKind.ARGUMENTS, "fetch", ""),
    ("dumps, loads", "dumps", ChangeKind.NAME_REMOVED, "loads", ""),
    ("import os\n", "import os\nimport sys\n", ChangeKind.IMPORT_ADDED, "sys", ""),
    ('GREEN = "g"\n', 'GREEN = "g"\nBLUE = "b"\n', ChangeKind.SIBLING_ADDED, "GREEN", "BLUE"),
    ("import os\n", "", ChangeKind.LINES_REMOVED, "import os", ""),
    ("        return total", "        # sum\n        return total", ChangeKind.LINES_ADDED, "", "        # sum"),
    ("\n\ndef main", "\n\ndef other():\n    pass\n\n\ndef main", ChangeKind.DEFINITION_ADDED, "Client", "other"),
]


@pytest.mark.parametrize(
    ("old", "new", "kind", "name", "became"), CASES, ids=[f"{case[2]}-{case[1][:12]}" for case in CASES]
)
def test_kinds(old: str, new: str, kind: ChangeKind, name: str, became: str) -> None:
    delta = Delta(edit_of("a.py", PYTHON, PYTHON.replace(old, new, 1)))
    assert (kind, name, became) in [(change.kind, change.old, change.new) for change in changes(delta)]


SIGNATURES = [
    (
        "a.ts",
        "function f(a: number, b?: string) {}\n",
        "function f(a: number, c: Date, b?: string) {}\n",
        [1],
        [],
        False,
    ),
    ("a.ts", "const f = (a: number) => a\n", "const f = (a: number, b = 2) => a\n", [1], [], True),
    ("a.go", "package m\nfunc f(a int) {}\n", "package m\nfunc f(a int, b string) {}\n", [1], [], False),
    ("a.rs", "fn f(&self, a: u8) {}\n", "fn f(&self) {}\n", [], [0], False),
    ("A.java", "class A { void f(int a) {} }\n", "class A { void f(int a, int b) {} }\n", [1], [], False),
    ("a.c", "int f(int a, int b) { return a; }\n", "int f(int a) { return a; }\n", [], [1], False),
    ("a.py", "def f(a):\n    pass\n", "def f(a, *rest):\n    pass\n", [1], [], True),
]


@pytest.mark.parametrize(
    ("path", "before", "after", "added", "removed", "optional"), SIGNATURES, ids=[c[0] for c in SIGNATURES]
)
def test_signatures(path: str, before: str, after: str, added: list[int], removed: list[int], optional: bool) -> None:
    delta = Delta(edit_of(path, before, after))
    found = resigned(delta.before, delta.after, (0, 2), (0, 2))
    assert len(found) == 1
    assert found[0].is_harmless is optional
    told = [one.resigned for one in changes(delta) if one.resigned is not None]
    assert told == ([] if optional else found)  # where no call has to follow, there is nothing to say
    assert [at for at, _ in found[0].added] == added
    assert [at for at, _ in found[0].removed] == removed
    assert all(one.optional is optional for _, one in found[0].added)


def test_a_reordered_signature_tells_the_old_places() -> None:
    found = changes(Delta(edit_of("a.py", "def f(a, b, c):\n    pass\n", "def f(c, a, b):\n    pass\n")))
    assert [one.resigned.order for one in found if one.resigned is not None] == [(2, 0, 1)]


def test_a_local_name_has_the_lines_of_its_function() -> None:
    found = changes(Delta(edit_of("a.py", PYTHON, PYTHON.replace("total = self", "amount = self", 1))))
    renamed = next(change for change in found if change.kind is ChangeKind.RENAMED)
    lines = PYTHON.split("\n")
    assert renamed.scope == (
        lines.index("    def fetch(self, url, retries=3):"),
        lines.index("        return total + retries"),
    )


@pytest.mark.parametrize(
    ("new", "beside", "pair"),
    [
        ("self.port = port", "self.host = host", ("host", "port")),
        ("    BLUE = 3,", "    GREEN = 2,", ("GREEN", "BLUE")),
        ("    blue: int", "    green: int", ("green", "blue")),
        ("self.b = b", "self.a = a", None),  # one letter says nothing
        ("return 1", "x = 1", None),
        ("", "x = 1", None),
    ],
)
def test_siblings(new: str, beside: str, pair: tuple[str, str] | None) -> None:
    assert sibling_of(new, beside) == pair


@given(st.text("ab\n ", max_size=40), st.text("ab\n ", max_size=40))
def test_blocks_lead_from_one_text_to_the_other(before: str, after: str) -> None:
    delta = Delta(edit_of("a.txt", before, after))
    rebuilt, at = [], 0
    for block in delta.blocks:
        rebuilt += delta.before.lines[at : block.old_start] + delta.after.lines[block.new_start : block.new_end]
        at = block.old_end
    assert rebuilt + delta.before.lines[at:] == delta.after.lines


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["a.py", "a.ts", "a.txt", "a.go"]))
def test_any_edit_is_taken_apart(before: str, after: str, path: str) -> None:
    delta = Delta(edit_of(path, before, after))
    for change in changes(delta):
        if change.kind is ChangeKind.BLOCK_REPLACED:
            same_block(change, Source("b.py", "python", before), False, frozenset(), Spots())
    assert not delta.blocks or before != after
