"""What can be offered, from facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from hunch_features.constraints.engine import check_text
from hunch_features.constraints.rulebook import compile_root
from hunch_features.memory.habits import Habit
from hunch_features.memory.history.cochange import Related
from hunch_features.memory.history.searching import Found
from hunch_features.memory.history.store import Entry
from hunch_features.offers.doings import Doings, last_line, signature
from hunch_features.offers.offer import EditorAction, Offer, OfferKind, Place
from hunch_features.offers.sources import (
    is_test_path,
    missing_symbols,
    missing_twins,
    next_file,
    repeated_failure,
    resume,
    rule_fixes,
    run_test,
    test_of,
    usual_test,
    violation_key,
)
from hunch_features.text import Document, Position
from hunch_features.traces import events

test_of.__test__ = False  # type: ignore[attr-defined]  # a function of the product, not a test


def related(path: str, support: int, of: int) -> Related:
    return Related(path, support / of, support, of, support / of)


@pytest.mark.parametrize(
    ("changed", "others", "offered"),
    [
        ({"a.py"}, [related("schema.sql", 14, 16)], ["schema.sql"]),
        ({"a.py", "schema.sql"}, [related("schema.sql", 14, 16)], []),
        ({"a.py"}, [related("schema.sql", 3, 3)], []),  # too few
        ({"a.py"}, [related("schema.sql", 9, 16)], []),  # too rarely
        ({"a.py"}, [related("gone.sql", 14, 16)], []),
        ({"a.py"}, [related("schema.sql", 14, 16), related("docs.md", 20, 20)], ["docs.md", "schema.sql"]),
        (set(), [related("schema.sql", 14, 16)], []),
        ({f"f{number}.py" for number in range(30)}, [related("schema.sql", 14, 16)], []),
    ],
)
def test_missing_twins(changed: set[str], others: list[Related], offered: list[str]) -> None:
    found = missing_twins(changed, lambda _path: others, lambda path: path != "gone.sql")
    assert [offer.place.path for offer in found if offer.place] == offered
    for offer in found:
        assert offer.kind is OfferKind.MISSING_TWIN
        assert 0.5 < offer.confidence < 1
        assert "times." in offer.why


def test_a_twin_says_how_often() -> None:
    (offer,) = missing_twins({"a.py"}, lambda _path: [related("schema.sql", 14, 16)], lambda _path: True)
    assert offer.why == "`schema.sql` usually changes with `a.py`: 14 of 16 times."


def entry(subject: str, kind: str = "fix", paths: tuple[str, ...] = ("src/parser.py",)) -> Found:
    return Found(Entry("3f2ab01c99", 1, kind, subject, "", paths, ()), 1.0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("failure", "times", "commits", "offered"),
    [
        ("test_parser_unicode_escape", 2, [entry("Fix unicode escape in parser")], True),
        ("test_parser_unicode_escape", 1, [entry("Fix unicode escape in parser")], False),
        ("test_parser_unicode_escape", 3, [entry("Unicode escape in parser", kind="feature")], False),
        ("test_parser_unicode_escape", 3, [entry("Fix the colour of buttons", paths=("style.css",))], False),
        ("AssertionError", 9, [entry("Fix AssertionError")], False),
        ("", 9, [entry("Fix parser")], False),
    ],
)
def test_repeated_failures(failure: str, times: int, commits: list[Found], offered: bool) -> None:
    found = repeated_failure(failure, times, lambda _words: commits)
    assert bool(found) is offered
    if offered:
        assert found[0].command is not None
        assert found[0].command.action is EditorAction.SHOW_COMMIT
        assert f"{times} times" in found[0].why


def test_a_rule_just_broken_is_offered_to_be_mended(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("# Rules\n\n- Use `log.info` instead of `console.log`.\n")
    book = compile_root(tmp_path)
    before = Document("console.log(1);\n", path="a.js", language="javascript").snapshot()
    old = check_text(book.enforced, "a.js", before.text()).violations
    known = {violation_key(before, violation) for violation in old}
    after = Document(
        "let x;\nconsole.log(1);\nconsole.log(x);\n", path="a.js", language="javascript", version=7
    ).snapshot()
    found = rule_fixes("a.js", after, check_text(book.enforced, "a.js", after.text()).violations, known)
    (offer,) = found
    assert offer.place == Place("a.js", Position(2, 0))
    (edit,) = offer.edits
    assert (edit.version, edit.edits[0].text) == (7, "log.info")
    assert "AGENTS.md:3" in offer.why


def test_back_to_where_the_work_was() -> None:
    place = Place("src/a.py", Position(39, 4))
    (offer,) = resume(place, "parse", 42 * 60_000, "b.py")
    assert offer.why == "You were editing `parse` in src/a.py before a break of 42 minutes."
    assert offer.title == "Back to a.py:40"
    assert resume(place, "parse", 42 * 60_000, "src/a.py") == []


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/test_a.py", True),
        ("src/a_test.go", True),
        ("web/a.spec.ts", True),
        ("web/__tests__/a.ts", True),
        ("src/ATest.java", True),
        ("tests/conftest.py", False),
        ("src/latest.py", False),
        ("src/a.py", False),
    ],
)
def test_paths_of_tests(path: str, is_test: bool) -> None:
    assert is_test_path(path) is is_test


def test_the_test_of_a_file_is_found_by_name_first() -> None:
    others = [related("tests/test_all.py", 9, 10), related("tests/test_parser.py", 2, 10), related("b.py", 10, 10)]
    assert test_of("src/parser.py", others, is_test_path) == "tests/test_parser.py"
    assert test_of("src/lexer.py", others, is_test_path) == "tests/test_all.py"
    assert test_of("src/lexer.py", others[1:], is_test_path) is None


def edited(at: int, document: str = "a.py") -> events.EditBurst:
    return events.EditBurst(at=at, document=document, inserted=1, inserted_text="x", line=3)


def run(at: int, *, failed: int = 0, name: str = "") -> events.TaskRun:
    return events.TaskRun(at=at, group="test", failed=failed, name=name)


def test_habits_grow_from_what_is_done() -> None:
    doings = Doings()

    def offered() -> list[Offer]:
        habit = doings.habit
        return run_test("a.py", "tests/test_a.py", habit.chance, habit.runs, habit.saves)

    assert offered()[0].confidence < 0.5
    for number in range(6):
        at = number * 600_000
        for event in (edited(at), events.Save(at=at + 1, document="a.py"), run(at + 60_000)):
            doings.see(event)
    assert offered()[0].confidence == 0.7
    assert "after 6 of 6 savings" in offered()[0].why
    # Saving without a change, and a run long after, say nothing.
    doings.see(events.Save(at=9_000_000, document="a.py"))
    doings.see(run(9_900_000))
    assert (doings.habit.saves, doings.habit.runs) == (6, 6)


def test_changed_files_are_those_since_the_last_commit() -> None:
    doings = Doings()
    for document in ("a.py", "b.py"):
        doings.see(edited(1, document))
    doings.see(events.Save(at=2, document="a.py"))
    assert list(doings.changed) == ["a.py"]
    doings.see(events.GitOperation(at=3, operation="commit"))
    assert not doings.changed
    assert doings.last_edit is not None
    assert doings.last_edit[0].path == "b.py"


def test_the_same_failure_is_known_again() -> None:
    doings = Doings()
    for number in (1, 2, 3):
        doings.see(run(number, failed=1, name=f"test_parse at 0x7f{number}"))
    assert doings.last_failure == ("test_parse at", 3)
    doings.see(events.TerminalRun(at=4, exit_code=1, output="…\nValueError: bad header 17\n\n"))
    assert doings.last_failure == ("ValueError: bad header", 1)
    assert signature("  a  12 b ") == "a b"
    assert last_line("x\n\n") == "x"
    assert last_line("") == ""


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (
            "E   ValueError: no row\nFAILED tests/test_a.py::test_b - ValueError: no row\n=== 1 failed in 0.1s ===\n",
            "FAILED tests/test_a.py::test_b - ValueError: no row",
        ),
        (
            "error[E0308]: mismatched types\n --> src/a.rs:3\nerror: could not compile `x`\n",
            "error[E0308]: mismatched types",
        ),
        ("\u2715 adds a row (3 ms)\n\nTests: 1 failed, 1 total\n", "\u2715 adds a row (3 ms)"),
    ],
)
def test_the_line_that_says_what_was_wrong(output: str, expected: str) -> None:
    assert last_line(output) == expected


@pytest.mark.parametrize(
    ("together", "of", "changed", "line", "offered"),
    [
        (9, 10, {"a.py"}, 12, True),
        (3, 3, {"a.py"}, 12, False),  # too few
        (6, 12, {"a.py"}, 12, False),  # too rarely
        (9, 10, {"a.py", "b.py"}, 12, False),  # the file is changed too
        (9, 10, {"a.py"}, None, False),  # it is gone
    ],
)
def test_definitions_that_change_together(
    together: int, of: int, changed: set[str], line: int | None, offered: bool
) -> None:
    found = missing_symbols(
        [("a.py", "parse")], changed, lambda _path, _name: [("b.py", "emit", together, of)], lambda _path, _name: line
    )
    assert bool(found) is offered
    if offered:
        assert found[0].why == f"`emit` usually changes with `parse` of a.py: {together} of {of} times."
        assert found[0].place == Place("b.py", Position(12, 0))
        assert found[0].kind is OfferKind.MISSING_TWIN


def habit(name: str, support: int = 7, of: int = 9, confidence: float = 0.5) -> Habit:
    return Habit(name, support, of, support / of, confidence)


@pytest.mark.parametrize(
    ("habits", "runs"),
    [
        ([habit("pytest tests/test_a.py")], "tests/test_a.py"),
        ([habit("pytest tests/gone.py")], "tests/test_own.py"),
        ([habit("")], "tests/test_own.py"),
        ([habit("pytest", 2, 9, 0.1), habit("pytest tests/test_a.py")], "tests/test_a.py"),
        ([habit("pytest", 2, 9, 0.1)], None),
        ([], None),
    ],
)
def test_the_test_that_usually_follows(habits: list[Habit], runs: str | None) -> None:
    found = usual_test("a.py", habits, "tests/test_own.py", lambda path: path == "tests/test_a.py")
    assert [offer.command.arguments["path"] for offer in found if offer.command] == ([runs] if runs else [])
    assert all("7 of 9 times" in offer.why for offer in found)


def test_the_file_that_usually_comes_next_is_offered_where_it_is_not_open() -> None:
    (offer,) = next_file("a.py", [habit("b.py"), habit("c.py")], {"a.py", "b.py"})
    assert (offer.kind, offer.title) == (OfferKind.NEXT_FILE, "Open c.py")
    assert offer.why == "You opened `c.py` after `a.py` 7 of 9 times."
    assert next_file("a.py", [habit("b.py", 2, 9, 0.1)], ()) == []
