"""Tables that shims read: never do they let a command by that falls under a rule."""

from __future__ import annotations

import shlex
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_features.guard.commands import Forbidden, falls_under
from hunch_features.guard.in_force import in_force
from hunch_features.guard.tables import is_plain_name, rule_lines, ways, write_tables
from tests.guard.conftest import settled
from tests.guard.test_matching import CASES


def fits(line: str, arguments: list[str]) -> bool:
    """As `_hunch_fits` in the shim."""
    kind, word = line[0], line[1:]
    if kind == "=":
        return word in arguments
    if kind == "^":
        return any(argument.startswith(word) for argument in arguments)
    return any(argument[:1] == "-" and argument[:2] != "--" and word in argument[1:] for argument in arguments)


def could(forbidden: Forbidden, arguments: list[str]) -> bool:
    return any(all(any(fits(line, arguments) for line in group) for group in way) for way in ways(forbidden))


@pytest.mark.parametrize(("rule", "under", "beside"), CASES, ids=[case[0] for case in CASES])
def test_every_command_under_a_rule_is_looked_at(rule: str, under: list[str], beside: list[str]) -> None:
    program, *words = shlex.split(rule)
    for command in under:
        if "alias." not in command:  # the shim hands those over without looking at tables
            assert could(Forbidden(program, words), shlex.split(command)[1:]), command
    assert beside


def test_a_common_push_needs_no_second_look() -> None:
    forbidden = Forbidden("git", ("push", "--force"))
    assert not could(forbidden, ["push", "-u", "origin", "main"])
    assert not could(forbidden, ["status"])
    assert could(forbidden, ["push", "--forc"])


PROGRAMS = st.sampled_from(["git", "npm", "yarn", "pnpm", "rm", "make", "docker", "terraform", "other"])
WORDS = [
    "push",
    "main",
    "install",
    "run",
    "test",
    "build",
    "-f",
    "--force",
    "-rf",
    "-n",
    "--no-verify",
    "dist/",
    "./dist",
]
ARGUMENTS = [
    *WORDS,
    "i",
    "t",
    "-fr",
    "-uf",
    "--forc",
    "+main",
    "x:main",
    "--mirror",
    "--no-veri",
    "run-script",
    "-a",
    "--all",
]


@settings(max_examples=600)
@given(
    PROGRAMS,
    st.lists(st.sampled_from(WORDS), max_size=3),
    st.lists(st.sampled_from(ARGUMENTS), max_size=6),
    st.booleans(),
)
def test_what_falls_under_a_rule_fits_its_table(
    program: str, words: list[str], arguments: list[str], lease: bool
) -> None:
    forbidden = Forbidden(program, words, lease)
    if falls_under(forbidden, program, arguments, "/nowhere"):
        assert could(forbidden, arguments)


@given(st.lists(st.text(max_size=8), max_size=4))
def test_no_word_of_a_rule_can_add_a_line_to_a_table(words: list[str]) -> None:
    lines = rule_lines(Forbidden("git", words), "S\x1fforbidden")
    assert all(not set(line) & set("\n\r\0") for line in lines)
    assert [line[0] for line in lines[-2:]] == ["R", "S"]
    assert all(line == "&" or line[0] in "=^~" for line in lines[:-2])


def test_what_holds_is_never_away_while_it_is_written_again(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    (repo / "sub").mkdir(parents=True)
    (repo / ".git").mkdir()
    for folder, text in ((repo, "- Never use `npm`.\n"), (repo / "sub", "- Never use `yarn`.\n")):
        (folder / "AGENTS.md").write_text(text)
        settled(folder / "AGENTS.md")
    guard = tmp_path / "guard"
    write_tables(guard, in_force(repo))
    table = guard.joinpath("tables", "npm", *repo.parts[1:], "%")
    stamp = guard.joinpath("stamps", *repo.parts[1:], "AGENTS.md")
    done = threading.Event()
    away: list[Path] = []

    def look() -> None:
        while not done.is_set():
            away.extend(path for path in (stamp, table) if not path.exists())

    looking = threading.Thread(target=look)
    looking.start()
    for number in range(60):
        write_tables(guard, in_force(repo / "sub" if number % 2 else repo))
    done.set()
    looking.join()
    assert away == []
    (repo / "AGENTS.md").write_text("Nothing.\n")
    settled(repo / "AGENTS.md")
    write_tables(guard, in_force(repo / "sub"))
    assert not table.exists()
    (repo / "AGENTS.md").write_text("Young.\n")
    write_tables(guard, in_force(repo))
    assert not stamp.exists()


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-x", "a b", "a\nb", "$(x)", "ä", "x" * 65, "a;b", "'"])
def test_names_that_are_no_program_are_refused(name: str) -> None:
    assert not is_plain_name(name)
