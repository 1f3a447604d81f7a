"""A model's opinion of a change: asked about rules without a check, told apart from violations, never a failure."""

from __future__ import annotations

import json
import math
import os
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.constraints.opinions import MOST_LINES, Hunk, hunks_of, judged_rules, question, questions
from hunch_features.constraints.rule import Place, Rule
from hunch_features.constraints.rulebook import compile_root
from hunch_features.constraints.rules_file import PATH
from hunch_models.instruct import InstructRequest
from tests.constraints.test_proposal_entries import hunch, server
from tests.models.remote.stand_in import Asked, Reply
from tests.models.remote.test_instructor import CHAT, chat
from tests.tiny_gguf import Shape, write_random

SEMANTIC = "Functions must do one thing when `parse` is in their name."


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "AGENTS.md").write_text(f"- Never use `exec`.\n- {SEMANTIC}\n")
    (root / "a.py").write_text("x = 1\n" * 20)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "a"]):
        subprocess.run([*git, *command], cwd=root, check=True)
    (root / "a.py").write_text("x = 1\n" * 20 + "def parse_and_send(): exec('1')\n")
    return root


def says(yes: float, seen: list[str] | None = None) -> Any:
    """A server that is this sure of yes."""

    def answer(asked: Asked) -> Reply | None:
        if asked.path != CHAT:
            return None
        if seen is not None:
            seen.append(asked.body["messages"][1]["content"])
        top = [{"token": "yes", "logprob": math.log(yes)}, {"token": "no", "logprob": math.log(1 - yes)}]
        return chat("yes", tokens=[{"token": "yes", "logprob": math.log(yes), "top_logprobs": top}])

    return answer


def test_an_opinion_is_no_violation(root: Path) -> None:
    seen: list[str] = []
    with server(says(0.97, seen)) as url:
        done = hunch(root, "check", "--changed", "--with-opinion", "--json", HUNCH_REMOTE_URL=url)
    result = json.loads(done.stdout)
    assert [one["line"] for one in result["violations"]] == [21]
    (opinion,) = result["opinions"]
    assert (opinion["code"], opinion["severity"], opinion["path"], opinion["line"]) == (
        "opinion",
        "information",
        "a.py",
        21,
    )
    assert opinion["probability"] == pytest.approx(0.97)
    assert opinion["source"]["text"] == SEMANTIC
    assert len(seen) == 1
    assert "+def parse_and_send" in seen[0]
    assert "Never use" not in seen[0], "a rule with a check needs no opinion"


@pytest.mark.parametrize(("yes", "count"), [(0.97, 1), (0.7, 0)])
def test_it_never_fails_a_check_and_needs_to_be_sure(root: Path, yes: float, count: int) -> None:
    (root / "a.py").write_text("x = 1\n" * 20 + "def parse_and_send(): ...\n")
    with server(says(yes)) as url:
        done = hunch(root, "check", "--changed", "--with-opinion", "--json", HUNCH_REMOTE_URL=url)
        text = hunch(root, "check", "--changed", "--with-opinion", HUNCH_REMOTE_URL=url)
        github = hunch(root, "check", "--changed", "--with-opinion", "--format", "github", HUNCH_REMOTE_URL=url)
    assert (done.returncode, text.returncode) == (0, 0)
    assert len(json.loads(done.stdout)["opinions"]) == count
    assert ("a.py:21-21 opinion of" in text.stdout) is bool(count)
    assert github.stdout.startswith("::notice ") is bool(count)


def test_sarif_marks_it_for_review(root: Path) -> None:
    with server(says(0.97)) as url:
        done = hunch(root, "check", "--changed", "--with-opinion", "--format", "sarif", HUNCH_REMOTE_URL=url)
    log = json.loads(done.stdout)
    results = log["runs"][0]["results"]
    assert [(one.get("kind", "fail"), one["level"]) for one in results] == [("fail", "error"), ("review", "none")]
    rules = log["runs"][0]["tool"]["driver"]["rules"]
    assert rules[results[1]["ruleIndex"]]["id"] == results[1]["ruleId"]
    schema = Path(os.environ.get("HUNCH_DATA") or "") / "sarif-schema-2.1.0.json"
    if schema.is_file():
        jsonschema.validate(log, json.loads(schema.read_text("utf-8")))


def test_without_being_asked_nobody_is_asked(root: Path) -> None:
    seen: list[str] = []
    with server(says(0.97, seen)) as url:
        done = hunch(root, "check", "--changed", "--json", HUNCH_REMOTE_URL=url)
    assert seen == []
    assert "opinions" not in json.loads(done.stdout)


def test_bad_use_and_engines_that_fail(root: Path) -> None:
    assert "no instruct model" in hunch(root, "check", "--changed", "--with-opinion").stderr
    alone = hunch(root, "check", "--with-opinion")
    assert (alone.returncode, alone.stderr.count("\n")) == (2, 1)
    assert "about a change" in alone.stderr
    away = hunch(root, "check", "--changed", "--with-opinion", "--json", HUNCH_REMOTE_URL="http://127.0.0.1:9")
    result = json.loads(away.stdout)
    assert away.returncode == 1, "the checks' own result stands"
    assert any("cannot be reached" in one["why"] for one in result["skipped"])
    with server(lambda asked: chat("yes") if asked.path == CHAT else None) as url:
        blind = hunch(root, "check", "--changed", "--with-opinion", "--json", HUNCH_REMOTE_URL=url)
    assert json.loads(blind.stdout)["opinions"] == []
    assert any("how likely" in one["why"] for one in json.loads(blind.stdout)["skipped"])


def test_a_local_model_answers_too(root: Path, tmp_path: Path) -> None:
    model = write_random(tmp_path / "random.gguf", Shape(32, 1, 1, 32, 4096))
    done = hunch(root, "check", "--changed", "--with-opinion", "--json", HUNCH_RULES_MODEL=str(model))
    result = json.loads(done.stdout)
    assert "Traceback" not in done.stderr
    assert all(0.9 <= one["probability"] <= 1 for one in result["opinions"])
    assert result["skipped"] == []


def test_rules_that_people_silenced_are_not_asked_about(root: Path) -> None:
    book = compile_root(root)
    (rule,) = judged_rules(book, root)
    (root / ".hunch").mkdir()
    own = '[[rule]]\nid = "ours"\ntext = "Prefer small modules."\nstatus = "advisory"\n'
    (root / PATH).write_text(f'[[rule]]\nid = "{rule.id}"\nstatus = "advisory"\nnote = "no"\n\n{own}')
    assert [one.id for one in judged_rules(compile_root(root), root)] == ["ours"]


def test_only_so_much_is_asked_and_likely_pairs_first() -> None:
    def rule(name: str, text: str, folder: str = "") -> Rule:
        return Rule(name, "semantic", "vague", text, Place("AGENTS.md", 1), folder=folder)

    rules = [rule("a", "Write short words"), rule("b", "Connections are closed"), rule("c", "x", "web")]
    asked = questions(rules, [Hunk("db/pool.py", 0, 1, "+connections = open()")])
    assert [one.id for one, _ in asked] == ["b", "a"]


LINES = st.lists(st.sampled_from(["a", "b", "", "def f():", "\x00", "é" * 9]), max_size=30)


@given(LINES, LINES)
def test_hunks_name_only_added_lines(before: list[str], after: list[str]) -> None:
    old, new = "\n".join(before), "\n".join(after)
    found = hunks_of("a.py", old, new)
    if old.splitlines() == new.splitlines():
        assert found == []
    for hunk in found:
        assert 0 <= hunk.line <= hunk.end_line < max(1, len(new.splitlines()))
        assert hunk.text.count("\n") < MOST_LINES
        assert any(line.startswith("+") for line in hunk.text.split("\n"))


def test_a_question_is_short_whatever_the_change() -> None:
    huge = hunks_of("a.py", "", "\n".join(f"line {number} " + "x" * 500 for number in range(3000)))
    asked = question(Rule("a", "semantic", "vague", "Be nice.", Place("AGENTS.md", 1)), huge[0], 1.0)
    assert isinstance(asked, InstructRequest)
    assert len(asked.prompt) < 5000
