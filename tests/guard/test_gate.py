"""The quick check says what the judge says, or leaves it to the judge; what is only advised against needs no judge."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hunch_features.guard import gate
from hunch_features.guard.deciding import decide
from hunch_features.guard.gate import verdict
from hunch_features.guard.in_force import in_force
from hunch_features.guard.tables import write_tables
from hunch_features.guard.telling import quoted
from tests.guard.conftest import Guarded, settled

ROOT = """- Never force-push.
- Prefer `uv` over `poetry`.
- Avoid `npm install`.
- Use `pnpm`, never `npm`.
- Never run `make deploy` without `--check`.
"""
BELOW = "- Always use `npm`, never `pnpm`.\n"
SOME = '[[rule]]\nid = "docs"\ntext = "No make here."\nseverity = "warning"\ninclude = ["docs/**"]\n' \
    'check = { type = "forbid_command", program = "make", words = ["all"] }\n'  # fmt: skip


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    repo = tmp_path_factory.mktemp("gate") / "repo"
    for folder in ("sub/deep", "docs", ".hunch", ".git"):
        (repo / folder).mkdir(parents=True)
    for path, text in (("AGENTS.md", ROOT), ("sub/AGENTS.md", BELOW), (".hunch/rules.toml", SOME)):
        (repo / path).write_text(text)
        settled(repo / path)
    for folder in (repo, repo / "sub/deep", repo / "docs"):
        write_tables(repo.parent / "guard", in_force(folder))
    return repo


COMMANDS = [
    "poetry",
    "poetry add x",
    "npm install",
    "npm i",
    "npm test",
    "pnpm install",
    "make all",
    "make deploy",
    "make deploy --check",
    "git push",
    "git push --force",
    "git push -f --dry-run",
    "git st",
]


@pytest.mark.parametrize("folder", ["", "sub/deep", "docs"])
@pytest.mark.parametrize("command", COMMANDS)
def test_it_says_what_the_judge_says(repo: Path, folder: str, command: str) -> None:
    same_as_the_judge(repo, folder, shlex.split(command))


WORDS = ["install", "i", "add", "push", "--force", "-f", "--dry-run", "all", "deploy", "--check", "main", "--", "test"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    st.sampled_from(["", "sub", "docs"]),
    st.sampled_from(["git", "npm", "pnpm", "poetry", "make", "uv"]),
    st.lists(st.sampled_from(WORDS), max_size=4),
)
def test_it_says_so_for_any_command(repo: Path, folder: str, program: str, arguments: list[str]) -> None:
    same_as_the_judge(repo, folder, [program, *arguments])


def same_as_the_judge(repo: Path, folder: str, command: list[str]) -> None:
    here = repo / folder
    found = verdict(command[0], str(repo.parent / "guard"), f"{repo}/", f"{here}/", command[1:])
    decision = decide(command, here, {"PATH": os.environ["PATH"]})
    if found is None:
        return  # left to the judge
    assert decision.allowed is (found[:1] != ["forbidden"]), command
    assert bool(found) is bool(decision.message), (command, found, decision.message)
    assert found[1:2] == [decision.rule_id][: len(found)]
    assert "\n".join(f"  {line}" for line in found[2:]) in decision.message


def test_what_is_only_advised_against_is_said_without_the_judge(repo: Path) -> None:
    guard = str(repo.parent / "guard")
    assert verdict("poetry", guard, f"{repo}/", f"{repo}/", ["add", "x"])[2:] == [  # type: ignore[index]
        "AGENTS.md:2: Prefer `uv` over `poetry`.",
        "Use uv instead.",
    ]
    assert verdict("npm", guard, f"{repo}/", f"{repo}/sub/", ["install"]) == [], "a nearer file wants it"
    assert verdict("npm", guard, f"{repo}/", f"{repo}/", ["install"])[0] == "forbidden"  # type: ignore[index]
    assert verdict("make", guard, f"{repo}/", f"{repo}/docs/", ["all"]) is None, "only the judge knows of some files"


def test_a_refusal_is_said_once_and_written_down_without_reading_rules(guarded: Guarded) -> None:
    first = guarded.run("npm install --token=abcdef0123456789abcdef0123456789")  # the rules are read
    judge = guarded.shims / "npm"
    judge.write_text(judge.read_text().replace("judging.py", "no-such-file.py"))
    second = guarded.run("npm install --token=abcdef0123456789abcdef0123456789")
    assert (first.returncode, first.stdout, first.stderr) == (second.returncode, second.stdout, second.stderr)
    assert second.returncode == 126
    one, other = [{**entry, "time": ""} for entry in guarded.log() if entry["event"] == "refused"]
    assert one == other
    assert "abcdef0123456789" not in json.dumps(other)


def test_a_refusal_that_cannot_be_written_down_stands(guarded: Guarded) -> None:
    guarded.run("npm install")
    (guarded.home / "guard.log").unlink()
    (guarded.home / "guard.log").mkdir()
    done = guarded.run("npm install")
    assert done.returncode == 126
    assert done.stderr.count("is forbidden here") == 1
    assert "Traceback" not in done.stderr


def test_tables_of_an_older_version_are_left_to_the_judge(tmp_path: Path) -> None:
    table = tmp_path / "guard/tables/npm/r/%"
    table.parent.mkdir(parents=True)
    table.write_text("=install\n&\nR\x1f0\x1f\x1finstall\n")
    assert verdict("npm", f"{tmp_path}/guard", "/r/", "/r/", ["install"]) is None
    table.write_text("R\x1f0\x1f\x1finstall\nR\x1f0\x1f\x1finstall\nS\x1fwarning\x1fx\n")
    assert verdict("npm", f"{tmp_path}/guard", "/r/", "/r/", ["install"]) is None


def test_the_warning_reaches_the_person_and_the_command_runs(guarded: Guarded) -> None:
    first = guarded.run("poetry add x")  # the rules are read
    second = guarded.run("poetry add x")  # the tables hold
    assert (first.returncode, first.stdout) == (second.returncode, second.stdout) == (7, "poetry:<add><x>\n")
    assert first.stderr == second.stderr
    assert "is advised against here" in second.stderr


@given(st.text(max_size=20))
def test_a_word_is_quoted_as_shells_want_it(word: str) -> None:
    assert quoted(word) == shlex.quote(word)


@pytest.mark.parametrize("watched", ["", "1"])
def test_it_starts_without_what_takes_long(repo: Path, watched: str) -> None:
    words = ["git", str(repo.parent / "guard"), watched, f"{repo}/", f"{repo}/", "push", "--force", "--dry-run"]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", gate.__file__, *words],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "hunch_features.guard.commands" in imported
    assert not imported & {"typing", "collections", "pathlib", "re", "msgspec", "site"}
