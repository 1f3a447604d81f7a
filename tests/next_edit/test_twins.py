"""Halves of one thing: header and implementation, a program's texts in several languages."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.memory.paths import Paths
from hunch_features.next_edit import NextEdit, candidates
from hunch_features.next_edit.content import applied
from hunch_features.next_edit.edit import EditJustMade
from hunch_features.next_edit.locales import entries
from hunch_features.next_edit.source import Source
from hunch_features.next_edit.twins import is_counterpart, twins
from tests.next_edit.conftest import edit_of

EN = {"title": "Shop", "cart": {"open": "Open", "total": "Total"}, "end": "End"}
DE = {"title": "Laden", "cart": {"open": "Öffnen"}, "end": "Ende"}
FR = {"title": "Magasin", "cart": {"open": "Ouvrir"}, "end": "Fin"}


def shown(edit: EditJustMade, others: dict[str, str]) -> list[NextEdit]:
    found = candidates(edit, None, {**others, edit.path: edit.after}, limit=12, budget_s=30.0)
    return [one for one in found if one.confidence >= 0.5]


def written(one: NextEdit, text: str) -> str | None:
    return applied(Source(one.path, "", text), one.edits)


def dumped(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize(
    ("header", "code", "fresh", "expected"),
    [
        (
            "int area(int a);\n",
            "int area(int a) {\n  return a;\n}\n",
            "int area(int a, int b);\n",
            "area(int a, int b) {",
        ),
        (
            "struct S {\n  void go(int a);\n};\n",
            '#include "s.hpp"\nvoid S::go(int a) {\n}\n',
            "struct S {\n  void go(int a, bool fast = true);\n};\n",
            "S::go(int a, bool fast) {",
        ),
        (
            "int f(int a, int b);\n",
            "int f(int a, int b) { return a; }\n",
            "int f(int a);\n",
            "int f(int a) { return a; }",
        ),
    ],
)
def test_a_declaration_is_followed_to_its_definition(header: str, code: str, fresh: str, expected: str) -> None:
    found = shown(edit_of("include/s.hpp", header, fresh), {"src/s.cpp": code})
    (one,) = [one for one in found if one.edits and one.kind == "signature"]
    assert one.path == "src/s.cpp"
    assert expected in (written(one, code) or "")


def test_a_definition_is_followed_to_its_declaration_and_its_calls() -> None:
    code = "int area(int a) { return a; }\n"
    main = '#include "s.h"\nint main(void) {\n  int b = 2;\n  return area(b);\n}\n'
    others = {"s.h": "int area(int a);\n", "main.c": main}
    found = shown(edit_of("s.c", code, code.replace("int a)", "int a, int b)")), others)
    texts = {one.path: written(one, others[one.path]) for one in found if one.edits}
    assert texts == {"s.h": "int area(int a, int b);\n", "main.c": main.replace("area(b)", "area(b, b)")}


def test_a_method_of_the_same_name_is_no_half() -> None:
    text = "class A:\n    def run(self, a):\n        pass\n\n\nclass B:\n    def run(self, a):\n        pass\n"
    found = shown(edit_of("a.py", text, text.replace("(self, a)", "(self, a, b)", 1)), {})
    assert [one for one in found if one.kind == "signature"] == []


def test_a_stub_is_followed_to_its_class() -> None:
    stub = "class A:\n    def run(self, a: int) -> None: ...\nclass B:\n    def run(self, a: int) -> None: ...\n"
    text = "class A:\n    def run(self, a):\n        pass\n"
    (one,) = shown(edit_of("a.py", text, text.replace("(self, a)", "(self, a, b)")), {"a.pyi": stub})
    assert (one.path, one.start.line, one.edits) == ("a.pyi", 1, ())


def test_another_function_of_the_name_is_no_counterpart() -> None:
    found = shown(edit_of("a.h", "int f(int a);\n", "int f(int a, int b);\n"), {"b.c": "int f(int a) { return a; }\n"})
    assert found == []


def test_a_renamed_declaration_is_followed() -> None:
    found = shown(
        edit_of("s.h", "int total(int a);\n", "int amount(int a);\n"), {"s.c": "int total(int a) { return a; }\n"}
    )
    assert [(one.path, bool(one.edits)) for one in found] == [("s.c", True)]


def test_an_added_key_is_missing_in_the_other_languages() -> None:
    fresh = {**EN, "cart": {**EN["cart"], "pay": "Pay ${now}"}}  # type: ignore[dict-item]
    others = {
        "locales/de.json": dumped({**DE, "cart": {"open": "Öffnen", "total": "Summe"}}),
        "locales/fr.json": dumped(FR),
    }
    found = shown(edit_of("locales/en.json", dumped(EN), dumped(fresh)), others)
    (one,) = found  # French has not even the key before it: nobody knows where it belongs
    assert (one.path, one.title, one.edits) == ("locales/de.json", "`cart.pay` is missing here", ())
    assert one.snippet == ',\n"pay": "${1:Pay \\${now\\}}"'
    assert others[one.path].split("\n")[one.start.line][: one.start.column].endswith('"total": "Summe"')


def test_a_text_that_is_the_same_in_two_languages_is_written_in_the_third() -> None:
    fresh = dumped({**EN, "brand": "Hunch"})
    others = {
        "i18n/de/app.json": dumped({**DE, "brand": "Hunch"}),
        "i18n/fr/app.json": dumped(FR),
    }
    (one,) = [
        one for one in shown(edit_of("i18n/en/app.json", dumped(EN), fresh), others) if one.path.endswith("fr/app.json")
    ]
    assert json.loads(written(one, others[one.path]) or "") == {**FR, "brand": "Hunch"}


def test_files_that_are_no_languages_are_left_alone() -> None:
    assert twins("src/ui/a.json", Paths(["src/io/a.json", "src/ui/b.json"])) == []
    assert twins("locales/en.json", Paths(["locales/de.json", "locales/pt-BR.json", "locales/index.json"])) == [
        "locales/de.json",
        "locales/pt-BR.json",
    ]
    assert is_counterpart("include/a.hpp", "src/a.cc")
    assert not is_counterpart("a.h", "a.hpp")


@pytest.mark.parametrize("text", ["", "[", "[1]", '{"a": }', "{" * 5000, '{"a": ' * 3000 + "1" + "}" * 3000, '"x"'])
def test_what_is_no_object_has_no_keys(text: str) -> None:
    assert entries(text) == {}


json_values = st.recursive(
    st.text(max_size=5) | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=4), json_values, max_size=5), st.sampled_from([None, 1, 4]))
def test_every_key_is_found_where_its_value_ends(value: dict[str, object], indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    found = entries(text)

    def check(inside: dict[str, object], path: tuple[str, ...]) -> int:
        count = 0
        for key, one in inside.items():
            entry = found[(*path, key)]
            assert text[: entry.end].endswith(json.dumps(one)[-1])
            if isinstance(one, str):
                assert json.loads(entry.value) == one
            count += 1 + (check(one, (*path, key)) if isinstance(one, dict) else 0)
        return count

    assert check(value, ()) <= len(found)
