"""`hunch conventions` and `promote`, through the real command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hunch_features.constraints.rules_file import PATH, parse_rules
from hunch_server.commands import BAD, FINE, run
from tests.memory.test_conventions import many
from tests.memory.test_history import Repository

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hunch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("HUNCH_HOME", str(tmp_path / "home"))

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repo")
    text = "def read_it():\n    try:\n        return ['a', 'b', 'c']\n    except ValueError:\n        return []\n"
    again = text.replace("read_it", "write_it")
    made.commit("Add parts", many(text + again, 14))
    return made


def test_the_list_as_json(repository: Repository, hunch: Run) -> None:
    code, out, _err = hunch("conventions", "--root", str(repository.root), "--json")
    assert code == FINE
    found = {one["id"]: one for one in json.loads(out)}
    quotes = found["python.quotes.single"]
    assert quotes["statement"] == "Strings stand in single quotes."
    assert quotes["scope"] == "**/*.py"
    assert (quotes["support"], quotes["exceptions"]) == (84, 0)
    assert quotes["examples"][0] == "src/part0.py:3"
    assert quotes["check"] is None
    assert found["python.except.named"]["check"] == {"type": "forbid_construct", "construct": "bare_except"}


def test_the_list_in_words(repository: Repository, hunch: Run) -> None:
    code, out, _err = hunch("conventions", "--root", str(repository.root))
    assert code == FINE
    assert "Strings stand in single quotes." in out
    assert "84 of 84" in out
    assert "python.quotes.single" in out


def test_only_what_came_before(repository: Repository, hunch: Run) -> None:
    later = repository.commit("Change all", many('x = ["a", "b", "c"]\n', 14))
    _code, out, _err = hunch("conventions", "--root", str(repository.root), "--before", later, "--json")
    assert "python.quotes.single" in {one["id"] for one in json.loads(out)}


def test_a_habit_with_a_check_becomes_a_rule_that_is_checked(repository: Repository, hunch: Run) -> None:
    rules = repository.root / PATH
    rules.parent.mkdir()
    rules.write_text(
        '# ours\n\n[[rule]]\nid = "own"  # keep\ntext = "x"\ncheck = { type = "forbid_import", modules = ["xyz"] }\n'
    )
    code, out, _err = hunch("conventions", "promote", "python.except.named", "--root", str(repository.root))
    assert code == FINE
    assert "checked, as a warning" in out
    text = rules.read_text(encoding="utf-8")
    assert text.startswith('# ours\n\n[[rule]]\nid = "own"  # keep\n')
    entry = parse_rules(text).entries[1][0]
    assert (entry.id, entry.severity, entry.status) == ("python.except.named", "warning", "enforced")
    (repository.root / "src" / "new.py").write_text("try:\n    pass\nexcept:\n    pass\n")
    _code, out, _err = hunch("check", "--root", str(repository.root), "--json")
    assert [(one["rule_id"], one["path"], one["line"]) for one in json.loads(out)["violations"]] == [
        ("python.except.named", "src/new.py", 3)
    ]


def test_the_place_of_tests_is_checked(repository: Repository, hunch: Run) -> None:
    repository.commit("Test parts", many("def test_one():\n    assert 1\n", 14, "tests/test_a"))
    root = repository.root
    for path in sorted((root / "tests" / "test_a").iterdir()):
        path.rename(path.with_name(f"test_{path.name}"))
    repository.commit("Name tests", {})
    code, _out, _err = hunch("conventions", "promote", "python.test-place.tests", "--root", str(root))
    assert code == FINE
    (root / "src" / "test_new.py").write_text("def test_two():\n    assert 1\n")
    _code, out, _err = hunch("check", "--root", str(root), "--json")
    assert [one["path"] for one in json.loads(out)["violations"]] == ["src/test_new.py"]


def test_a_habit_without_a_check_becomes_advice(repository: Repository, hunch: Run) -> None:
    root = str(repository.root)
    code, out, _err = hunch("conventions", "--root", root, "promote", "python.quotes.single", "--json")
    assert code == FINE
    assert json.loads(out)["status"] == "advisory"
    _code, out, _err = hunch("rules", "list", "--root", root, "--json")
    rule = next(one for one in json.loads(out) if one["id"] == "python.quotes.single")
    assert (rule["status"], rule["text"]) == ("advisory", "Strings stand in single quotes.")
    assert "84 of 84 places" in rule["why"]
    code, _out, _err = hunch("check", "--root", root)
    assert code == FINE
    hunch("rules", "compile", "--root", root)
    assert "python.quotes.single" in (repository.root / PATH).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("promote", "python.no.such"), "no habit python.no.such"),
        (("--before", "nowhere"), "no commit nowhere"),
    ],
)
def test_mistakes_are_one_line(repository: Repository, hunch: Run, arguments: tuple[str, ...], said: str) -> None:
    code, out, err = hunch("conventions", "--root", str(repository.root), *arguments)
    assert code == BAD
    assert out == ""
    assert said in err
    assert err.count("\n") == 1


def test_a_rule_is_added_once(repository: Repository, hunch: Run) -> None:
    root = str(repository.root)
    hunch("conventions", "promote", "python.except.named", "--root", root)
    code, _out, err = hunch("conventions", "promote", "python.except.named", "--root", root)
    assert code == BAD
    assert "already" in err


def test_a_broken_rules_file_is_left_alone(repository: Repository, hunch: Run) -> None:
    rules = repository.root / PATH
    rules.parent.mkdir()
    rules.write_text("not = [toml")
    code, _out, _err = hunch("conventions", "promote", "python.except.named", "--root", str(repository.root))
    assert code == BAD
    assert rules.read_text() == "not = [toml"


def test_the_index_counts_commits(repository: Repository, hunch: Run) -> None:
    _code, out, _err = hunch("index", str(repository.root), "--json")
    assert json.loads(out)["commits"] == 1
