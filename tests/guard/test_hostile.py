"""Hostile rules, names and arguments are data: compared, quoted and logged, never evaluated."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from hunch_features.guard.deciding import decide
from tests.guard.conftest import Guarded, git

NASTY = [
    "a $(touch executed) `touch executed`",
    "';touch executed;'\";touch executed;",
    "new\nline",
    "* [a-z] ? \\",
    "-C",
    "%",
    "not UTF-8 \udcff",
    "~#ä\u202e" + "x" * 100,
]


def nothing_ran(guarded: Guarded) -> bool:
    return not [path for path in guarded.base.rglob("executed*") if path.name.startswith("executed")]


@pytest.mark.parametrize("name", NASTY, ids=ascii)
def test_folders_with_any_name(guarded: Guarded, name: str) -> None:
    repo = guarded.base / name
    repo.mkdir()
    git(repo, "init", "-q", "-b", "main")
    guarded.rules("- Use pnpm, never npm.\n- Never force-push.\n", repo)
    below = repo / name / "below"
    below.mkdir(parents=True)
    assert guarded.run("npm x", below).returncode == 126
    assert guarded.run("git status", below).returncode == 0
    assert guarded.run(["git", "-C", str(below), "push", "--force"], guarded.base).returncode == 126
    assert nothing_ran(guarded)
    assert not (guarded.home / "guard" / "failed").exists()


HOSTILE_RULES = """
[[rule]]
id = "one"
text = "`touch executed` $(touch executed) '; touch executed #\\u001b]0;owned\\u0007 \\r\\n \\u202e"
check = { type = "forbid_command", program = "npm", words = ["$(touch executed)"], instead = "`touch executed`" }
[[rule]]
id = "two"
text = "x"
check = { type = "forbid_command", program = "npm", words = ["a\\nR0\\n&\\n'; touch executed"] }
[[rule]]
id = "three"
text = "x"
check = { type = "forbid_command", program = "../../escaped", words = ["a"] }
[[rule]]
id = "four"
text = "x"
check = { type = "forbid_command", program = "$(touch executed)", words = [] }
[[rule]]
id = "five"
text = "x"
folder = "../../outside"
check = { type = "forbid_command", program = "npm", words = ["five"] }
"""


def test_rules_with_anything_in_them(guarded: Guarded) -> None:
    guarded.rules(HOSTILE_RULES, name=".hunch/rules.toml")
    done = guarded.hunch("guard", "install")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in guarded.shims.iterdir()) == [".hunch-shims", "git", "npm", "pnpm", "poetry"]
    for _ in range(2):
        done = guarded.run(["npm", "$(touch executed)"])
        assert done.returncode == 126
        assert not set(done.stderr) & set("\x1b\x07\r\u202e")
        assert guarded.run(["npm", "a"]).returncode == 126  # by AGENTS.md: never npm
    shown = guarded.hunch("guard", "status").stdout
    assert not set(shown) & set("\x1b\x07\r\u202e")
    assert nothing_ran(guarded)
    tables = guarded.home / "guard" / "tables"
    assert {path.name for path in tables.iterdir()} <= {"git", "npm", "pnpm", "poetry", "uv"}
    written = [path for path in guarded.home.rglob("*") if path.is_file()]
    assert not [path for path in written if "outside" in path.parts or "escaped" in path.parts]


def test_a_home_with_any_name(bare_guard: Guarded) -> None:
    home = bare_guard.base / "it's $(touch executed) `x`" / 'ho"me'
    home.mkdir(parents=True)
    assert bare_guard.hunch("guard", "install", HUNCH_HOME=str(home)).returncode == 0
    for _ in range(2):
        done = bare_guard.run([str(home / "shims" / "npm"), "x"], HUNCH_HOME=str(home))
        assert done.returncode == 126
    line = bare_guard.hunch("guard", "install", "--shell", "bash", HUNCH_HOME=str(home)).stdout
    done = bare_guard.run(["bash", "-c", f"{line}npm x"])
    assert done.returncode == 126
    assert nothing_ran(bare_guard)


def test_a_tampered_table_only_costs_the_check(guarded: Guarded) -> None:
    guarded.rules("- Never run `npm publish`.\n")
    assert guarded.run("npm publish").returncode == 126
    (table,) = (guarded.home / "guard" / "tables" / "npm").rglob("%")
    for text in (b"", b"\0\xff" * 1000, b"=$(touch executed)\n&\nR0\n", b"^`touch executed`\n~'\n", b"R\n" * 10_000):
        table.write_bytes(text)
        assert guarded.run("npm test").returncode == 7
    table.unlink()
    table.mkdir()
    assert guarded.run("npm test").returncode == 7
    assert nothing_ran(guarded)


def break_python(guarded: Guarded) -> None:
    for shim in guarded.shims.glob("[a-z]*"):
        lines = shim.read_text().splitlines()
        shim.write_text(
            "\n".join("_hunch_python=/nowhere/python" if x.startswith("_hunch_python=") else x for x in lines)
        )


def damage_rules_file(guarded: Guarded) -> None:
    guarded.rules("[[rule", name=".hunch/rules.toml")


@pytest.mark.parametrize(
    ("damage", "logged"),
    [
        (break_python, "the check ended with 127"),
        (damage_rules_file, ".hunch/rules.toml:1: not TOML"),
    ],
)
def test_what_is_broken_lets_commands_run_and_says_so_in_the_log(guarded: Guarded, damage: object, logged: str) -> None:
    assert callable(damage)
    damage(guarded)
    for _ in range(2):
        done = guarded.run("npm install x")
        assert (done.returncode, done.stdout, done.stderr) == (7, "npm:<install><x>\n", "")
    entries = guarded.log()
    assert {entry["event"] for entry in entries} == {"failed"}
    assert logged in entries[0]["why"]
    assert guarded.json("guard", "status", "--json")["failures"]


def test_tables_that_cannot_be_written_cost_time_only(guarded: Guarded) -> None:
    (guarded.home / "guard" / "tables").write_text("")
    assert guarded.run("npm x").returncode == 126
    assert guarded.run("git status").returncode == 0
    shutil.rmtree(guarded.home / "guard")
    (guarded.home / "guard").write_text("")
    assert guarded.run("npm x").returncode == 126
    assert "tables" in next(entry["why"] for entry in guarded.log() if entry["event"] == "failed")


def test_a_check_that_takes_too_long_is_given_up(guarded: Guarded) -> None:
    slow = guarded.base / "slow.py"
    slow.write_text("import os, time\ntime.sleep(0.2)\nos._exit(75)\n")
    for shim in guarded.shims.glob("npm"):
        lines = shim.read_text().splitlines()
        shim.write_text("\n".join(f"_hunch_judge='{slow}'" if x.startswith("_hunch_judge=") else x for x in lines))
    assert guarded.run("npm x").returncode == 7
    assert guarded.log()[0]["why"] == "the check ended with 75"


@pytest.mark.parametrize("folder", ["gone", "a file/below", "\0"])
def test_folders_that_are_not_there(guarded: Guarded, folder: str) -> None:
    (guarded.repo / "a file").write_text("")
    assert decide(["git", "-C", folder, "push", "--force"], guarded.repo, {}).allowed
    if "\0" not in folder:
        assert guarded.run(["git", "-C", folder, "status"]).returncode == 128  # git's own complaint


def test_links_lead_to_the_rules_of_the_real_folder(guarded: Guarded) -> None:
    (guarded.repo / "sub").mkdir()
    link = guarded.base / "link"
    link.symlink_to(guarded.repo / "sub")
    assert guarded.run("npm x", link, PWD=str(link)).returncode == 126


def test_an_endless_tree_of_links_ends(guarded: Guarded) -> None:
    (guarded.repo / "loop").symlink_to(guarded.repo / "loop")
    guarded.rules("@loop/x.md\n", name="CLAUDE.md")
    (guarded.repo / "GEMINI.md").symlink_to("/dev/zero")
    os.mkfifo(guarded.repo / ".cursorrules")
    assert guarded.run("npm x").returncode == 126
    assert Path(guarded.home / "guard").is_dir()


def test_a_folder_called_minus_is_that_folder(guarded: Guarded) -> None:
    (guarded.repo / "-").mkdir()
    guarded.rules("Nothing.\n")
    guarded.rules("- Never force-push.\n", guarded.repo / "-")
    assert guarded.run(["git", "-C", "-", "push", "-f"]).returncode == 126
