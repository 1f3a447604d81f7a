"""Where an edit leads, and what is written there."""

from __future__ import annotations

from time import perf_counter

import pytest

from hunch_features.constraints.rule import ForbidReference, Place, Rule
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.next_edit import EditJustMade, NextEdit, candidates
from hunch_features.next_edit.content import applied, is_sound, with_line_ends
from hunch_features.next_edit.edit import Delta
from hunch_features.next_edit.finding import find
from hunch_features.next_edit.repository import RememberedRepository
from hunch_features.next_edit.source import Source
from hunch_features.text import Edit, Position
from tests.next_edit.conftest import Remember, edit_of, found_after, proposed

LIBRARY = '''def fetch(url, retries=3):
    """Get it."""
    return url


def main(timeout):
    return fetch("x")
'''
FILES = {
    "lib.py": LIBRARY,
    "app.py": """from lib import fetch


def go(u, timeout):
    return fetch(u, 2)


def other(u):
    return fetch(u)
""",
    "far.py": "def fetch(name):\n    return name\n\n\nfetch(1)\n",
}


def changed(path: str, before: str, old: str, new: str) -> EditJustMade:
    assert old in before
    return edit_of(path, before, before.replace(old, new, 1))


def asked(memory: RepositoryMemory, edit: EditJustMade, **more: object) -> list[NextEdit]:
    return candidates(edit, memory, {edit.path: edit.after}, limit=12, budget_s=30.0, **more)  # type: ignore[arg-type]


def test_a_renamed_function_is_followed_to_those_who_import_it(remember: Remember) -> None:
    edit = changed("lib.py", LIBRARY, "def fetch", "def download")
    found = asked(remember(FILES), edit)
    sure = {(one.path, one.start.line) for one in found if one.confidence > 0.5}
    assert ("lib.py", 6) in sure
    assert {("app.py", 0), ("app.py", 4), ("app.py", 8)} <= sure
    assert not any(one.path == "far.py" and one.edits for one in found)  # it has a function of that name of its own
    assert not any(path == "far.py" for path, _ in sure)


def test_a_new_parameter_reaches_the_calls_that_can_pass_it_on() -> None:
    edit = changed("lib.py", LIBRARY, "url, retries", "url, timeout, retries")
    found = found_after(edit, {"app.py": FILES["app.py"]})
    texts = {}
    for spot in found.spots:
        for one in spot.proposals:
            if one.edits:
                texts[spot.source.path, spot.line] = applied(spot.source, one.edits)
    assert "    return fetch(u, timeout, 2)\n" in (texts["app.py", 4] or "")
    assert 'return fetch("x", timeout)' in (texts["lib.py", 6] or "")
    assert ("app.py", 8) not in texts  # there is no `timeout` in scope: a place, no text
    assert any(spot.line == 8 and spot.facts["must"] for spot in found.spots if spot.source.path == "app.py")


@pytest.mark.parametrize(
    ("before", "after", "call", "expected"),
    [
        ("a, b", "a", "f(1, 2)", "f(1)"),
        ("a, b", "b", "f(1, 2)", "f(2)"),
        ("a, b", "a", "f(1, b=2)", "f(1)"),
        ("a, b", "a, c", "f(1, b=2)", "f(1, c=2)"),
        ("a, b", "b, a", "f(x(1), 2)", "f(2, x(1))"),
        ("a", "a, x", "f(1)", "f(1, x)"),
        ("", "x", "f()", "f(x)"),
        ("a, k=1", "a, x, k=1", "f(1, k=2)", "f(1, x, k=2)"),
        ("a, b", "a", "f(*all)", None),
        ("a", "a, x=None", "f(1)", None),
        ("a", "a, x, y", "f(1)", None),
        ("a, b", "b, a", "f(1, b=2)", "f(a=1, b=2)"),
        ("a, b", "a, *, b", "f(1, 2)", "f(1, b=2)"),
        ("a, b", "a, *, b", "f(1, b=2)", None),
        ("a, b=1", "a, b", "f(1)", None),
        ("a, b", "a, k=None, b=1", "f(1, 2)", "f(1, b=2)"),
        ("a, b", "a, x, *, b", "f(1, b=2)", "f(1, x, b=2)"),
        ("a, b", "a, x, b", "f(a=1, b=2)", "f(a=1, x=x, b=2)"),
        ("a, b", "x", "f(1, 2)", "f(x)"),
        ("a: int", "x: str", "f(1)", "f(x)"),
        ("a: int", "b: int", "f(1)", None),
        ("a", "a, x", "f(*all, 1)", None),
        ("a", "a, x", "f(1, 2, 3)", None),
        ("a", "a, x", "f(1, x)", None),
        ("a, *rest", "a, x, *rest", "f(1)", "f(1, x)"),
        ("a, **more", "a, x, **more", "f(1)", "f(1, x)"),
        ("a", "a, x", "f(\n        1,\n    )", "f(\n        1,\n        x,\n    )"),
        ("a", "a, x", "f(\n        1\n    )", "f(\n        1,\n        x\n    )"),
    ],
)
def test_arguments(before: str, after: str, call: str, expected: str | None) -> None:
    text = f"def f({before}):\n    pass\n\n\ndef g(x, all):\n    {call}\n"
    found = found_after(changed("a.py", text, f"def f({before})", f"def f({after})"))
    written = {
        applied(spot.source, one.edits)
        for spot in found.spots
        for one in spot.proposals
        if one.change.resigned is not None and one.edits
    }
    assert written == (
        {text.replace(f"def f({before})", f"def f({after})").replace(call, expected)} if expected else set()
    )


def test_a_local_name_stays_in_its_function() -> None:
    text = "def f():\n    total = 1\n    return total\n\n\ndef g():\n    total = 2\n    return total\n"
    found = found_after(changed("a.py", text, "total = 1", "amount = 1"))
    renames = [spot.line for spot in found.spots for one in spot.proposals if one.change.kind == "renamed"]
    assert renames == [2]


def test_the_same_lines_with_other_names_are_found_and_written_with_them() -> None:
    text = """def load(path):
    with open(path, "r") as stream:
        data = json.load(stream)
    return data


def read(name):
    with open(name, "r") as source:
        data = json.load(source)
    return data
"""
    edit = changed("a.py", text, 'with open(path, "r") as stream:', 'with open(path, "r", encoding="utf-8") as stream:')
    written = {
        applied(spot.source, one.edits) for spot in found_after(edit).spots for one in spot.proposals if one.edits
    }
    expected = edit.after.replace(
        'with open(name, "r") as source:', 'with open(name, "r", encoding="utf-8") as source:'
    )
    assert expected in written


def test_a_neighbour_of_an_added_name_is_a_place_for_it() -> None:
    text = """const enum Color {
  Red = 1,
  Green = 2,
}
const names = {
  [Color.Red]: "red",
  [Color.Green]: "green",
}
"""
    found = found_after(changed("a.ts", text, "  Green = 2,\n", "  Green = 2,\n  Blue = 3,\n"))
    places = proposed(found)
    assert "sibling_added" in places["a.ts", '[Color.Green]: "green",']
    texts = [edit.text for spot in found.spots for one in spot.proposals for edit in one.edits]
    assert '  [Color.Blue]: "blue",\n' in texts


def test_removed_lines_are_found_elsewhere() -> None:
    edit = edit_of("a.py", "import os\nimport sys\nprint(1)\n", "import os\nprint(1)\n")
    places = proposed(found_after(edit, {"b.py": "import sys\nimport re\n"}))
    assert "lines_removed" in places["b.py", "import sys"]


@pytest.mark.parametrize(("old", "new"), [("    return url", "    return url  "), ("\n\n\ndef main", "\n\ndef main")])
def test_blanks_lead_nowhere_with_a_text(remember: Remember, old: str, new: str) -> None:
    found = asked(remember(FILES), changed("lib.py", LIBRARY, old, new))
    assert all(not one.edits and one.confidence < 0.5 for one in found)


def test_an_unchanged_text_and_an_unknown_language_are_no_error(remember: Remember) -> None:
    memory = remember(FILES)
    assert asked(memory, edit_of("lib.py", LIBRARY, LIBRARY)) == []
    assert isinstance(asked(memory, edit_of("notes.unknown", "alpha beta\n", "alpha gamma\n")), list)


def test_every_candidate_says_what_and_why(remember: Remember) -> None:
    found = asked(remember(FILES), changed("lib.py", LIBRARY, "def fetch", "def download"))
    assert found
    for one in found:
        assert one.title
        assert one.why.endswith(".")
        assert 0.0 <= one.confidence <= 1.0
        assert one.start <= one.end
    assert [one.confidence for one in found] == sorted((one.confidence for one in found), reverse=True)


def test_open_documents_count_as_they_are(remember: Remember) -> None:
    memory = remember(FILES)
    edit = changed("lib.py", LIBRARY, "def fetch", "def download")
    found = candidates(edit, memory, {"lib.py": edit.after, "app.py": "print(1)\n"}, limit=12, budget_s=30.0)
    assert not any(one.path == "app.py" for one in found)


def test_no_file_is_read_after_the_time_is_over(remember: Remember) -> None:
    read: list[str] = []

    class Watched(RememberedRepository):
        def text(self, path: str) -> str | None:
            read.append(path)
            return super().text(path)

    edit = changed("lib.py", LIBRARY, "def fetch", "def download")
    repository = Watched(remember(FILES), None, {"lib.py": edit.after})
    find(Delta(edit), repository, in_time=lambda: False)
    assert read == []
    find(Delta(edit), repository)
    assert "app.py" in read


def test_a_huge_line_and_a_huge_file_cost_nothing(remember: Remember) -> None:
    memory = remember({"big.py": "fetch = 1\n" * 60_000, "wide.json": f'["fetch", "{"x" * 300_000}"]'})
    edit = changed("lib.py", LIBRARY, "def fetch", "def download")
    assert all(one.path == "lib.py" for one in asked(memory, edit))


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 4000 + "fetch" + ")" * 4000 + "\nfetch = 1\nfetch = 2\n",
        "fetch(" * 3000 + "\n" + "fetch\n" * 200,
        "fetch, " * 30_000 + "\n",
    ],
)
def test_hostile_files_take_bounded_time(text: str) -> None:
    began = perf_counter()
    found_after(changed("lib.py", LIBRARY, "def fetch", "def download"), {"deep.py": text})
    found_after(edit_of("deep.py", text, text.replace("fetch", "load", 3)))
    assert perf_counter() - began < 20.0  # a minute and more without bounds; generous, as other work runs beside


# ---- texts ----


def test_a_text_must_parse_and_fit() -> None:
    source = Source("a.py", "python", "def f(a):\n    return a\n")
    assert is_sound(source, [Edit(Position(0, 4), Position(0, 5), "g")])
    assert not is_sound(source, [Edit(Position(0, 4), Position(0, 5), "g(")])
    assert not is_sound(source, [Edit(Position(0, 4), Position(0, 5), "f")])  # nothing would change
    assert not is_sound(source, [Edit(Position(9, 0), Position(9, 1), "g")])
    assert not is_sound(source, [Edit(Position(0, 0), Position(0, 5), "x"), Edit(Position(0, 4), Position(0, 6), "y")])
    assert not is_sound(source, [])


def test_a_file_with_errors_may_be_edited_where_it_gets_no_worse() -> None:
    source = Source("a.py", "python", "def f(a):\n    return a\n\ndef (\n")
    assert is_sound(source, [Edit(Position(0, 4), Position(0, 5), "g")])


def test_a_text_that_breaks_a_rule_is_not_offered() -> None:
    rule = Rule("r1", "source", "enforced", "Never call eval.", Place("AGENTS.md", 1), ForbidReference(("eval()",)))
    source = Source("a.py", "python", "x = int(y)\n")
    edit = Edit(Position(0, 4), Position(0, 7), "eval")
    assert is_sound(source, [edit])
    assert not is_sound(source, [edit], [rule])


def test_line_ends_are_those_of_the_file() -> None:
    edit = Edit(Position(0, 0), Position(0, 0), "a\nb\n")
    assert with_line_ends(Source("a.py", "python", "x\r\n"), [edit])[0].text == "a\r\nb\r\n"
    assert with_line_ends(Source("a.py", "python", "x\n"), [edit])[0].text == "a\nb\n"
