"""Calls of a re-signed function: bound to the old parameters, written for the new ones, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.next_edit.content import applied
from hunch_features.next_edit.edit import Delta
from hunch_features.next_edit.finding import Found, find
from hunch_features.next_edit.following import LASTS_MS, OpenSignatures
from hunch_features.next_edit.passing import Given, bound, fits, passed
from hunch_features.next_edit.repository import RememberedRepository
from hunch_features.next_edit.signatures import Parameter, compared
from hunch_features.next_edit.spots import Spot
from tests.next_edit.conftest import edit_of

LIB = "def fetch(url):\n    return url\n"
MAIN = 'from lib import fetch\n\n\ndef main():\n    a = fetch("a")\n    return a, fetch("b")\n'


class Session:
    """Somebody who edits one text after the other."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = dict(texts)
        self.signatures = OpenSignatures()
        self.at = 0

    def edit(self, path: str, change: Callable[[str], str], after_ms: int = 5_000) -> Found:
        before = self.texts[path]
        self.texts[path] = change(before)
        self.at += after_ms
        delta = Delta(edit_of(path, before, self.texts[path]))
        repository = RememberedRepository(None, None, self.texts)
        return find(delta, repository, signatures=self.signatures, at=self.at)

    def replace(self, path: str, old: str, new: str) -> Found:
        assert old in self.texts[path]
        return self.edit(path, lambda text: text.replace(old, new, 1))


def must(found: Found) -> list[Spot]:
    return [spot for spot in found.spots if spot.facts.get("call_must_change") and spot.facts["must"]]


def texts(found: Found) -> list[str]:
    signed = [(spot, one) for spot in must(found) for one in spot.proposals if one.change.resigned is not None]
    return [applied(spot.source, one.edits) or "" for spot, one in signed if one.edits]


def test_one_call_leads_to_the_next_with_what_was_passed() -> None:
    person = Session({"lib.py": LIB, "main.py": MAIN})
    first = person.replace("lib.py", "(url)", "(url, timeout)")
    assert [spot.line for spot in must(first)] == [4, 5]
    assert texts(first) == []
    holes = [one.hole for spot in must(first) for one in spot.proposals if one.hole is not None]
    assert [hole.snippet for hole in holes] == [", ${1:timeout}"] * 2

    filling = person.replace("main.py", '"a")', '"a", timeout)')
    assert person.signatures.is_filling  # the placeholder still stands
    assert [spot.line for spot in must(filling)] == [5]
    done = person.replace("main.py", '"a", timeout)', '"a", 30)')
    assert not person.signatures.is_filling
    assert texts(done) == [person.texts["main.py"].replace('"b")', '"b", 30)')]
    assert must(person.replace("main.py", '"b")', '"b", 30)')) == []


def test_calls_that_differ_teach_nothing() -> None:
    person = Session({"lib.py": LIB, "main.py": MAIN.replace("return a", 'fetch("c")\n    return a')})
    person.replace("lib.py", "(url)", "(url, timeout)")
    person.replace("main.py", '"a")', '"a", 30)')
    assert texts(person.replace("main.py", '"c")', '"c", 60)')) == []


def test_what_is_learned_must_be_known_at_the_call() -> None:
    person = Session({"lib.py": LIB, "main.py": MAIN + "\n\ndef last(limit):\n    return fetch(limit)\n"})
    person.replace("lib.py", "(url)", "(url, timeout)")
    person.replace("main.py", '"b")', '"b", 2 * limit)')
    found = person.replace("main.py", "2 * limit", "limit")
    assert texts(found) == [person.texts["main.py"].replace("fetch(limit)", "fetch(limit, limit)")]


def test_a_signature_is_typed_in_pieces() -> None:
    person = Session({"lib.py": LIB, "main.py": MAIN})
    assert len(must(person.replace("lib.py", "(url)", "(url, timeout)"))) == 2
    assert must(person.replace("lib.py", "timeout)", "timeout=3)")) == []  # now it may be left out
    found = person.replace("lib.py", "(url, timeout=3)", "(address, timeout=3)")
    assert must(found) == []


@pytest.mark.parametrize("undo", ["the change", "the file"])
def test_what_is_taken_back_is_not_followed(undo: str) -> None:
    person = Session({"lib.py": LIB, "main.py": MAIN})
    person.replace("lib.py", "(url)", "(url, timeout)")
    if undo == "the file":
        del person.texts["lib.py"]
    else:
        person.texts["lib.py"] = LIB
    assert must(person.replace("main.py", "a, fetch", "fetch")) == []


def test_after_a_while_it_is_forgotten() -> None:
    person = Session({"lib.py": LIB, "main.py": MAIN})
    person.replace("lib.py", "(url)", "(url, timeout)")
    assert len(must(person.replace("main.py", "a, fetch", "fetch"))) == 2
    assert must(person.edit("main.py", lambda text: text + "x = 1\n", LASTS_MS + 1)) == []


@pytest.mark.parametrize(
    ("path", "before", "after", "call", "must_follow"),
    [
        ("a.rs", "impl A { fn new(a: u8) {} }\n", "impl A { fn new(a: u8, b: u8) {} }\n", "B::new(1)", False),
        ("a.rs", "impl A { fn new(a: u8) {} }\n", "impl A { fn new(a: u8, b: u8) {} }\n", "A::new(1)", True),
        ("a.py", "class A:\n    def run(self, a): ...\n", "class A:\n    def run(self, a, b): ...\n", "run(1)", False),
        ("a.py", "class A:\n    def __init__(self, a): ...\n", "class A:\n    def __init__(self): ...\n", "A(1)", True),
        ("a.ts", "class A { constructor(a: X) {} }\n", "class A { constructor(a: X, b: Y) {} }\n", "new A(1)", True),
        ("a.ts", "function f({ a }: X) {}\n", "function f({ a, b }: X) {}\n", "f({ a: 1 })", False),
    ],
)
def test_whose_call_it_is(path: str, before: str, after: str, call: str, must_follow: bool) -> None:
    rest = {"a.rs": f"fn main() {{ {call}; }}\n", "a.py": f"def main():\n    {call}\n", "a.ts": f"{call};\n"}[path]
    person = Session({path: before + rest})
    assert bool(must(person.edit(path, lambda _text: after + rest))) is must_follow


def test_a_function_of_an_imported_module_is_followed() -> None:
    person = Session({"lib.py": LIB, "main.py": "import lib\n\ntimeout = 3\nlib.fetch(1)\n"})
    found = person.replace("lib.py", "(url)", "(url, timeout)")
    assert texts(found) == [person.texts["main.py"].replace("fetch(1)", "fetch(1, timeout)")]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("def go(timeout):\n    fetch(1)\n", True),
        ("def go():\n    timeout = 3\n    fetch(1)\n", True),
        ("def go():\n    fetch(1)\n    timeout = 3\n", False),
        ("def go(x):\n    x.timeout = 3\n    fetch(1)\n", False),
        ("def go(x):\n    x(timeout=3)\n    fetch(1)\n", False),
        ("def go():\n    '''The timeout.'''\n    fetch(1)\n", False),
        ("def other(timeout):\n    pass\n\n\ndef go():\n    fetch(1)\n", False),
        ("def go(timeout):\n    def inner():\n        fetch(1)\n", True),
        ("def go():\n    def inner(timeout):\n        pass\n    fetch(1)\n", False),
        ("from x import timeout\n\n\ndef go():\n    fetch(1)\n", False),  # may be a module
    ],
)
def test_a_variable_that_can_be_used_is_passed(scope: str, expected: bool) -> None:
    person = Session({"lib.py": LIB, "main.py": f"from lib import fetch\n\n\n{scope}"})
    found = person.replace("lib.py", "(url)", "(url, timeout)")
    assert bool(texts(found)) is expected


names = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)


@given(names, names, st.integers(0, 5), st.data())
def test_every_parameter_keeps_its_argument(old: list[str], new: list[str], placed: int, data: st.DataObject) -> None:
    was = [Parameter(name, name, False) for name in old]
    now = [Parameter(name, name, data.draw(st.booleans()), data.draw(st.booleans())) for name in new]
    now.sort(key=lambda one: one.keyed)
    change = compared("f", 0, False, was, now)
    call = [Given("" if at < placed else name, f"v{name}") for at, name in enumerate(old)]
    if change is None:
        return
    made = passed(call, change, lambda parameter: f"new{parameter.name}", keys=True)
    assert made is not None
    again = [Given(one.key, one.value or "") for one in made]
    assert fits(again, now)
    former = {fresh: gone for gone, fresh in change.renamed}
    got = {name: again[at].value for name, at in (bound(again, now) or {}).items()}
    for name, value in got.items():
        source = former.get(name, name)
        assert value == (f"v{source}" if source in old else f"new{name}")
