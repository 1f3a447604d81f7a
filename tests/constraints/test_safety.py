"""Hostile rules and files: nothing hangs, nothing is read outside of the workspace, nothing is run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from hunch_features.constraints.engine import check_text
from hunch_features.constraints.rule import ForbidReference, ForbidText, Place, Rule
from hunch_features.constraints.rulebook import check_file, compile_root, files_below
from hunch_features.constraints.rules_file import PATH, parse_rules

LIMIT_S = 5.0


@pytest.fixture(autouse=True)
def in_time() -> object:
    started = time.perf_counter()
    yield
    assert time.perf_counter() - started < LIMIT_S


def rule(number: int, check: object) -> Rule:
    return Rule(f"r{number}", "source", "enforced", "t", Place("AGENTS.md", 1), check)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|a)*b", "(.*)*x", "(?:a?){60}a{60}", "((a{0,30}){0,30}){0,30}", "[a-z]{1,1000}"]
)
def test_patterns_that_explode_elsewhere(pattern: str) -> None:
    checked = check_text([rule(1, ForbidText(pattern=pattern))], "a.py", "a" * 100_000 + "!")
    assert len(checked.violations) <= 100


def test_thousands_of_rules_on_a_large_file() -> None:
    rules = [rule(number, ForbidReference((f"name{number}",))) for number in range(5_000)]
    checked = check_text(rules, "a.py", "name1(name2(3))\n" * 40_000)
    assert len(checked.violations) <= 200


def test_a_rules_file_of_many_large_entries() -> None:
    table = "[[rule]]\nid = 'r{}'\ntext = '{}'\ncheck = {{ type = 'forbid_text', pattern = '(x+)+' }}\n"
    text = "".join(table.format(number, "t" * 100) for number in range(1_900))
    assert len(parse_rules(text).entries) == 1_900


def test_globs_and_binary_files_lead_nowhere(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / ".hunch").mkdir(parents=True)
    (tmp_path / "secret.py").write_text("key = 1\n")
    (root / "binary.py").write_bytes(b"key\0= 1\n" * 10)
    (root / "latin.py").write_bytes(b"key = '\xe4'\n")
    (root / PATH).write_text(
        "[[rule]]\nid = 'a'\ntext = 't'\ninclude = ['../**', '/**', '..', '[', '**/**/**/**/**/**/*.py']\n"
        "check = { type = 'forbid_text', text = 'key' }\n"
    )
    book = compile_root(root)
    paths = list(files_below(root, [root]))
    assert all(not path.startswith(("/", "..")) for path in paths)
    assert [check_file(book, root, path).violations for path in paths if path.endswith(".py")] == [(), ()]
