"""Messages of commits and pull requests: what a command line gives, and what breaks a rule about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hunch_features.constraints.commit_messages import ATTRIBUTION, CONVENTIONAL
from hunch_features.constraints.rule import CheckMessage, Place, Rule
from hunch_features.guard.deciding import decide
from hunch_features.guard.messages import message_of, message_violations, problem_of, written


@pytest.mark.parametrize(
    ("program", "arguments", "message"),
    [
        ("git", ["commit", "-m", "one", "-m", "two"], "one\n\ntwo"),
        ("git", ["commit", "-am", "one"], "one"),
        ("git", ["commit", "--message=one", "--", "-m"], "one"),
        ("git", ["commit", "-F", "note.txt"], "from a file"),
        ("git", ["commit", "-F", "missing.txt"], ""),
        ("git", ["commit", "--amend"], ""),
        ("gh", ["pr", "create", "--title", "one", "--body", "two"], "one\n\ntwo"),
    ],
)
def test_the_message_of_a_command(tmp_path: Path, program: str, arguments: list[str], message: str) -> None:
    (tmp_path / "note.txt").write_text("from a file")
    assert message_of(program, arguments, tmp_path) == message


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (CheckMessage(require=CONVENTIONAL), "fix(parser)!: one\n\nmore", "Fix the parser"),
        (CheckMessage(require=CONVENTIONAL), "Merge branch 'a'", "merge branch 'a'"),
        (CheckMessage(subject_most=10), "short\n\na much longer second line", "a much longer first line"),
        (CheckMessage(forbid=ATTRIBUTION), "One\n\nCo-authored-by: A Person <a@example.org>",
         "One\n\nCo-authored-by: Bot <noreply@example.org>"),
        (CheckMessage(forbid="("), "", ""),
    ],
)  # fmt: skip
def test_what_breaks_a_rule(check: CheckMessage, good: str, bad: str) -> None:
    assert problem_of(check, good) == ""
    assert bool(problem_of(check, bad)) is bool(bad)


def test_what_git_takes_out_is_not_looked_at() -> None:
    text = "Subject\n# a comment\n\nbody\n# ------------------------ >8 ------------------------\ndiff --git\n"
    assert written(text) == "Subject\n\nbody"
    rule = Rule("r", "process", "enforced", "No diffs.", Place("AGENTS.md", 1), CheckMessage(forbid="diff"))
    assert list(message_violations([rule], "COMMIT_EDITMSG", text)) == []


def test_the_guard_looks_at_the_message(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "AGENTS.md").write_text(
        "- Follow Conventional Commits.\n- Always pass `--ignore-scripts` to `npm ci`.\n"
    )
    assert decide(["git", "commit", "-m", "fix: one"], tmp_path, {}).allowed
    assert decide(["git", "commit"], tmp_path, {}).allowed
    refused = decide(["git", "commit", "-m", "Fixed it"], tmp_path, {})
    assert not refused.allowed
    assert "Conventional" in refused.message
    assert not decide(["npm", "ci"], tmp_path, {}).allowed
    assert decide(["npm", "ci", "--ignore-scripts"], tmp_path, {}).allowed
