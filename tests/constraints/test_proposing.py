"""What a model may propose, and what becomes of it: written proposals, good and bad; the grammar of an answer."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hunch_features.constraints.compiler import compile_statement
from hunch_features.constraints.files import Instructions
from hunch_features.constraints.grammar import gbnf
from hunch_features.constraints.judging_proposals import judged
from hunch_features.constraints.proposals import Workspace, candidates
from hunch_features.constraints.proposing import Nothing, Proposal, question, read_answer
from hunch_features.constraints.rule import Place, Rule
from hunch_features.constraints.statements import Statement, statements
from hunch_models.backend import Finish
from hunch_models.llama.instructor import LlamaInstructor
from hunch_models.llama.settings import LlamaSettings
from tests.tiny_gguf import Shape, write_random

EVAL = "We all agreed that you must not ever reach for `eval`."


def sentence(text: str) -> tuple[Rule, Statement]:
    statement = statements(Instructions("AGENTS.md", "", text + "\n"))[0]
    return Rule(statement.id, "semantic", "unsupported", statement.plain, Place("AGENTS.md", 1), why="?"), statement


def proposal(
    check: dict[str, Any], breaks: Sequence[str], keeps: Sequence[str], path: str = "a.py", **more: Any
) -> str:
    examples = [[{"path": path, "text": text} for text in texts] for texts in (breaks, keeps)]
    return json.dumps({"answer": "check", "check": check, "breaks": examples[0], "keeps": examples[1], **more})


def judge(text: str, answer: str, hits: tuple[int, str] = (0, "")) -> tuple[Rule | None, str]:
    rule, statement = sentence(text)
    return judged(rule, answer, statement, "tiny", lambda _rule: hits)


REFERENCE = {"type": "forbid_reference", "names": ["eval"]}
GOOD = proposal(REFERENCE, ["x = eval(s)\n"], ["x = evaluate(s)\n"])


def test_a_good_proposal_is_enforced_as_a_warning_by_a_model() -> None:
    rule, why = judge(EVAL, GOOD)
    assert rule is not None
    assert (rule.status, rule.severity, rule.origin, rule.kind, why) == ("enforced", "warning", "model", "source", "")


GOOD_ONES: list[tuple[str, str]] = [
    (
        "Friends, you may not run `git push --force` any more.",
        proposal(
            {"type": "forbid_command", "program": "git", "words": ["push", "--force"]},
            ["git push --force"],
            ["git push"],
            "-",
        ),
    ),
    (
        "No function may grow beyond 3 lines, we are not novelists.",
        proposal(
            {"type": "limit_length", "of": "function", "most": 3},
            ["def f():\n    a()\n    b()\n    c()\n    d()\n"],
            ["def f():\n    a()\n"],
        ),
    ),
    (
        "Whatever you do, default exports are not for us.",
        proposal(
            {"type": "forbid_construct", "construct": "default_export"},
            ["export default 1;\n"],
            ["export const a = 1;\n"],
            "a.ts",
        ),
    ),
    (
        "Please never ever touch `legacy/old.py`, dear reader.",
        json.dumps(
            {
                "answer": "check",
                "check": {"type": "forbid_edit", "paths": ["legacy/old.py"]},
                "breaks": [{"path": "legacy/old.py", "text": "x"}],
                "keeps": [{"path": "src/new.py", "text": "x"}],
            }
        ),
    ),
    (
        "In `src`, the word `TODO` is not something that we leave behind.",
        proposal(
            {"type": "forbid_text", "text": "TODO", "where": "comment"},
            ["# TODO: later\n"],
            ["x = 1\n"],
            "src/a.py",
            include=["src/**"],
        ),
    ),
    (
        "Names of our classes follow PascalCase.",
        proposal(
            {"type": "require_naming", "of": "class", "style": "PascalCase"}, ["class a_b: 1\n"], ["class A: 1\n"]
        ),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "answer"), GOOD_ONES, ids=lambda value: value[:40])
def test_each_kind_of_check_can_pass(text: str, answer: str) -> None:
    rule, why = judge(text, answer)
    assert why == ""
    assert rule is not None
    assert rule.status == "enforced"


REFUSED: dict[str, tuple[str, str, str]] = {
    "babble": (EVAL, "sure! here is a check", "no answer of the form"),
    "half of it": (EVAL, GOOD[:-20], "no answer of the form"),
    "nested for ever": (EVAL, "[" * 100_000, "more than"),
    "nested": (EVAL, "[" * 9_000, "no answer of the form"),
    "huge": (EVAL, proposal(REFERENCE, ["x" * 20_000], ["y"]), "more than"),
    "no such check": (EVAL, proposal({"type": "run_script", "script": "rm"}, ["a"], ["b"]), "no answer of the form"),
    "no examples": (EVAL, proposal(REFERENCE, [], ["b"]), "no answer of the form"),
    "the model says none": (EVAL, '{"answer": "none", "why": "a\\nwish"}', "sees no check: a wish"),
    "a name of its own": (
        EVAL,
        proposal({"type": "forbid_reference", "names": ["exec"]}, ["exec(s)\n"], ["x\n"]),
        "`exec` does not stand",
    ),
    "part of a name": (
        "Calling `console.log` is not for us.",
        proposal({"type": "forbid_reference", "names": ["log"]}, ["log(1);\n"], ["x;\n"], "a.js"),
        "`log` does not stand",
    ),
    "another number": (
        "No function may grow beyond 30 lines.",
        proposal({"type": "limit_length", "of": "function", "most": 20}, ["x"], ["y"]),
        "`20` does not stand",
    ),
    "another style": (
        "Names of our classes are not long.",
        proposal({"type": "require_naming", "of": "class", "style": "PascalCase"}, ["x"], ["y"]),
        "does not speak of PascalCase",
    ),
    "another construct": (
        "Wildcards are not for us.",
        proposal({"type": "forbid_construct", "construct": "wildcard_import"}, ["x"], ["y"]),
        "does not speak of wildcard_import",
    ),
    "what is recommended": (
        "Everybody loves `pathlib` here.",
        proposal({"type": "forbid_import", "modules": ["pathlib"]}, ["import pathlib\n"], ["import os\n"]),
        "forbids nothing",
    ),
    "out of the repository": (
        "The file `../secrets.env` is not for you.",
        proposal({"type": "forbid_edit", "paths": ["../secrets.env"]}, ["x"], ["y"]),
        "leads out of the repository",
    ),
    "an absolute path": (
        "The file `/etc/passwd` is not for you.",
        proposal({"type": "forbid_file", "paths": ["/etc/passwd"]}, ["x"], ["y"]),
        "leads out of the repository",
    ),
    "an example out of it": (EVAL, proposal(REFERENCE, ["eval(s)"], ["x"], "../../a.py"), "leads out"),
    "no pattern of RE2": (
        "No `foo` here.",
        proposal({"type": "forbid_text", "pattern": "(?=foo)foo"}, ["foo"], ["x"]),
        "not valid in RE2",
    ),
    "a pattern that fits all": (
        "No `foo` here.",
        proposal({"type": "forbid_text", "pattern": "(.*)*"}, ["foo"], ["x"]),
        "names nothing",
    ),
    "a huge pattern": (
        "No `foo` here.",
        proposal({"type": "forbid_text", "pattern": "((((foo{1,1000}){1,1000}){1,1000}){1,1000})"}, ["foo"], ["x"]),
        "not valid in RE2",
    ),
    "both text and pattern": (
        "No `foo` here.",
        proposal({"type": "forbid_text", "text": "foo", "pattern": "foo"}, ["foo"], ["x"]),
        "either `text` or `pattern`",
    ),
    "every file": (
        "Do not touch files.",
        proposal({"type": "forbid_edit", "paths": ["**"]}, ["x"], ["y"]),
        "names nothing",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_check_of_the_sentence_makes_no_rule(case: str) -> None:
    text, answer, said = REFUSED[case]
    rule, why = judge(text, answer)
    assert rule is None
    assert said in why
    assert "\n" not in why
    assert len(why) < 250


def test_a_pattern_that_would_hang_other_engines_is_tried_in_linear_time() -> None:
    rule, why = judge(
        "No `aaa` chains, not even long ones.",
        proposal({"type": "forbid_text", "pattern": "(aaa+)+$"}, ["aaa"], ["a" * 300 + "!"]),
    )
    assert rule is not None
    assert (rule.status, why) == ("enforced", "")


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("Use `foo`, not `bar`.", "foo", True),
        ("Use `foo`, not `bar`.", "bar", False),
        ("We take `foo` instead of `bar`.", "foo", True),
        ("We take `foo` instead of `bar`.", "bar", False),
        ("`foo` over `bar`, without discussion.", "foo", True),
        ("`foo` over `bar`, without discussion.", "bar", False),
        ("You should not use `foo`.", "foo", False),
        ("Never ever use `foo()`.", "foo", False),
        ("Do not always call `foo`.", "foo", False),
        ("Nobody likes `foo`, so don't use foo.", "foo", False),
        ("Always use `foo`, it is not slow.", "foo", True),
    ],
)
def test_what_the_sentence_wants_is_never_forbidden(text: str, name: str, wanted: bool) -> None:
    answer = proposal({"type": "forbid_reference", "names": [name]}, [f"{name}(1)\n"], ["baz(1)\n"])
    rule, why = judge(text, answer)
    assert (rule is None) is wanted, why
    assert ("recommends" in why) is wanted


def test_a_demand_made_of_a_denial_is_for_people_to_look_at() -> None:
    answer = proposal(
        {"type": "require_documented", "what": "docstring"}, ["def f(): ...\n"], ['def f():\n    """It."""\n']
    )
    rule, why = judge("Do not write a docstring for private helpers.", answer)
    assert rule is not None
    assert rule.status == "advisory"
    assert "denies" in why


ADVICE: dict[str, tuple[str, tuple[int, str], str]] = {
    "its own example keeps it": (proposal(REFERENCE, ["x = evaluate(s)\n"], ["x\n"]), (0, ""), "not fire on its own"),
    "a good example breaks it": (proposal(REFERENCE, ["eval(s)\n"], ["y = eval(s)\n"]), (0, ""), "should keep it"),
    "the same example": (proposal(REFERENCE, ["eval(s)\n"], ["eval(s)\n"]), (0, ""), "both breaks and keeps"),
    "it fires in many places": (GOOD, (37, ""), "37 places"),
    "it fires everywhere": (GOOD, (100, ""), "100 or more places"),
    "no time to try it": (GOOD, (0, "it could not be tried"), "could not be tried"),
}

DOUBTS = {
    "Whoever you are, do not use `eval` when parsing.": "“when”",
    "Do not use `eval` to read numbers.": "“to”",
    "Never call `eval` in `src/`.": "“in”",
    "This is not like `eval`, which is slow.": "does not deny `eval`",
    "Never write code that is as slow as code that uses `eval`.": "does not deny `eval`",
}


@pytest.mark.parametrize("text", DOUBTS)
def test_a_sentence_that_says_more_than_the_check_leaves_it_to_people(text: str) -> None:
    rule, why = judge(text, GOOD)
    assert rule is not None
    assert rule.status == "advisory"
    assert DOUBTS[text] in why


@pytest.mark.parametrize("case", ADVICE)
def test_what_fails_a_trial_is_kept_for_people_to_look_at(case: str) -> None:
    answer, hits, said = ADVICE[case]
    rule, why = judge(EVAL, answer, hits)
    assert rule is not None
    assert (rule.status, rule.origin) == ("advisory", "model")
    assert said in why
    assert rule.why.startswith("proposed by tiny: ")


def test_a_rule_is_tried_on_the_files_of_the_workspace(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"m{number}.py").write_text("x = eval(1)\n" * 5)
    (tmp_path / "ci.sh").write_text("set -e\nnpm install && npm test\n# npm install\n")
    (tmp_path / "package.json").write_text('{"scripts": {\n  "up": "npm install",\n  "t": "npm test"\n}}\n')
    workspace = Workspace(tmp_path)
    rule, statement = sentence(EVAL)
    _, why = judged(rule, GOOD, statement, "tiny", workspace.hits)
    assert why == "it fires in 100 or more places"
    npm, _ = judge("Do not run `npm install`.", proposal(
        {"type": "forbid_command", "program": "npm", "words": ["install"]}, ["npm install"], ["npm test"], "-"
    ))  # fmt: skip
    assert npm is not None
    assert workspace.hits(npm) == (2, "")
    edit, _ = judge("Do not edit any `py` file.", proposal({"type": "forbid_edit", "paths": ["*.py"]}, ["x"], ["y"]))
    assert edit is not None
    assert workspace.hits(msgspec.structs.replace(edit, status="enforced"))[1] == "it means 30 of 32 files"
    late = iter([0.0, 100.0, 200.0])
    assert "could not be tried" in Workspace(tmp_path, lambda: next(late)).hits(npm)[1]


def test_only_sentences_without_a_check_are_asked_about(tmp_path: Path) -> None:
    lines = ["Never use `eval`.", "Always keep `foo` and `bar` in step when releasing.", "Write clean code."]
    (tmp_path / "AGENTS.md").write_text("".join(f"- {line}\n" for line in lines))
    found = candidates(tmp_path, [])
    expected = [
        rule.text
        for statement in statements(Instructions("AGENTS.md", "", (tmp_path / "AGENTS.md").read_text()))
        for rule in compile_statement(statement)
        if rule.status in ("unsupported", "vague")
    ]
    assert expected
    assert [rule.text for rule, _ in found] == expected
    assert candidates(tmp_path, [rule.id for rule, _ in found]) == []


async def test_whatever_the_weights_say_it_is_an_answer_or_has_no_end(tmp_path: Path) -> None:
    """Real llama.cpp with the real grammar; random weights, hot and cold."""
    path = write_random(tmp_path / "random.gguf", Shape(32, 1, 1, 32, 4096))
    model = LlamaInstructor(path, state_dir=tmp_path / "state", settings=LlamaSettings(threads=1, gpu_layers=0))
    _, statement = sentence(EVAL)
    asked = question(statement, seconds=30, tokens=1200)
    await model.start()
    try:
        kinds = set()
        for seed, temperature in enumerate([0.0, 1.0, 3.0, 8.0, 8.0, 8.0]):
            # Half of them may not say that there is no check.
            form = asked.grammar if seed % 2 else gbnf(Proposal, {"construct": ["any_type", "goto"]})
            result = await model.ask(dataclasses.replace(asked, grammar=form, seed=seed, temperature=temperature))
            if result.finish is not Finish.END:
                assert result.finish is Finish.LENGTH
                continue
            answer = read_answer(result.text)
            assert isinstance(answer, Proposal | Nothing), answer
            kinds.add(type(getattr(answer, "check", None)))
            rule, why = judge(EVAL, result.text)
            assert rule is None
            assert why
        assert len(kinds) > 1
        short = await model.ask(dataclasses.replace(asked, max_tokens=5))
        assert short.finish is Finish.LENGTH
        assert isinstance(read_answer(short.text), str)
    finally:
        await model.stop()


class Odd(msgspec.Struct):
    given: bool = False


def test_a_type_that_no_grammar_can_say_is_refused() -> None:
    with pytest.raises(TypeError):
        gbnf(dict[str, str])
    with pytest.raises(TypeError, match="Odd"):
        gbnf(Odd)


@pytest.mark.parametrize("body", ["never use ", "never a/", "don't us ", "n't", "limit to 1 ", "max 1 . ", "a " * 8])
def test_a_hostile_sentence_costs_milliseconds(body: str) -> None:
    text = f"Friends {body * 300}"[:940] + " `eval` 100 lines"
    started = time.process_time()
    judge(text, GOOD)
    judge(text, proposal({"type": "limit_length", "of": "line", "most": 100}, ["x" * 101], ["y"]))
    assert time.process_time() - started < 1
