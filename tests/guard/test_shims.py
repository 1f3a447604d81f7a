"""The shims on PATH in a real repository with a real remote: what is stopped, what goes through, and unchanged."""

from __future__ import annotations

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.guard.conftest import Guarded, git, settled

SHELLS = [shell for shell in ("dash", "bash", "zsh", "ksh", "mksh", "busybox", "yash") if shutil.which(shell)]


def test_a_forced_push_is_stopped_and_an_ordinary_one_is_not(guarded: Guarded) -> None:
    before = git(guarded.base / "remote.git", "rev-parse", "main")
    git(guarded.repo, "commit", "-q", "--amend", "-m", "rewritten")
    done = guarded.run("git push --force")
    assert done.returncode == 126
    assert done.stdout == ""
    assert "AGENTS.md:3: Never force-push." in done.stderr
    assert "HUNCH_GUARD=off git push --force" in done.stderr
    assert git(guarded.base / "remote.git", "rev-parse", "main") == before

    git(guarded.repo, "reset", "-q", "--hard", before)
    git(guarded.repo, "commit", "-q", "--allow-empty", "-m", "second")
    assert guarded.run("git push origin main").returncode == 0
    assert git(guarded.base / "remote.git", "log", "-1", "--format=%s", "main") == "second"


@pytest.mark.parametrize("command", ["git push -uf origin main", "git push origin +main", "git -C sub push --force"])
def test_forms_of_a_forced_push(guarded: Guarded, command: str) -> None:
    (guarded.repo / "sub").mkdir()
    assert guarded.run(command).returncode == 126


def test_the_escape_runs_it(guarded: Guarded) -> None:
    git(guarded.repo, "commit", "-q", "--amend", "-m", "rewritten")
    assert guarded.run("git push --force", HUNCH_GUARD="off").returncode == 0
    assert git(guarded.base / "remote.git", "log", "-1", "--format=%s", "main") == "rewritten"


def test_what_the_rule_names_instead_is_told_and_runs(guarded: Guarded) -> None:
    done = guarded.run("npm install")
    assert (done.returncode, done.stdout) == (126, "")
    assert "Use pnpm instead." in done.stderr
    assert guarded.run("pnpm install").stdout == "pnpm:<install>\n"


def test_arguments_input_and_exit_code_pass_unchanged(guarded: Guarded) -> None:
    guarded.rules("- Never run `npm publish`.\n")
    guarded.program("npm", 'printf "<%s>" "$@"; cat; exit 41')
    arguments = ["", "a b", "$(id)", "`id`", "'", '"', "*", "-n", "\n", "\\", "ä\u2028", "--", "=push"]
    done = subprocess.run(
        [guarded.shims / "npm", *arguments],
        cwd=guarded.repo,
        env=guarded.environment(),
        capture_output=True,
        input=b"what it reads",
        timeout=60,
        check=False,
    )
    expected = "".join(f"<{argument}>" for argument in arguments) + "what it reads"
    assert (done.returncode, done.stdout.decode(), done.stderr) == (41, expected, b"")


def test_the_environment_of_the_program_is_the_person_s(guarded: Guarded) -> None:
    guarded.rules("- Never run `npm publish`.\n")
    guarded.program("npm", "env")
    given = {
        "dir": "1",
        "line": "2",
        "root": "3",
        "name": "4",
        "hit": "5",
        "IFS": "abc",
        "CDPATH": "/",
        "PWD": "/nowhere",
    }
    seen = dict(one.split("=", 1) for one in guarded.run("npm test", **given).stdout.splitlines() if "=" in one)
    plain = guarded.run([str(guarded.base / "programs" / "npm"), "test"], **given).stdout.splitlines()
    expected = dict(one.split("=", 1) for one in plain if "=" in one)
    new = {key for key in seen if seen[key] != expected.get(key)} - {"_", "HUNCH_GUARD_DEPTH"}
    assert not new
    assert set(expected) <= set(seen)


def test_a_rule_that_prefers_only_says_so(guarded: Guarded) -> None:
    done = guarded.run("poetry add x")
    assert (done.returncode, done.stdout) == (7, "poetry:<add><x>\n")
    assert "is advised against here" in done.stderr


@pytest.mark.parametrize(
    ("alias", "command", "stopped"),
    [
        ("push --force", "git p", True),
        ("push", "git p --force", True),
        ("push", "git p", False),
        ("!git fetch && git push -f", "git p", True),
        ("p2 --force", "git p", True),
        ("log --oneline", "git p", False),
        ("!touch executed; git push --force", "git p", True),
    ],
)
def test_aliases_are_looked_up_and_never_run(guarded: Guarded, alias: str, command: str, stopped: bool) -> None:
    git(guarded.repo, "config", "alias.p", alias)
    git(guarded.repo, "config", "alias.p2", "push")
    assert (guarded.run(command).returncode == 126) is stopped
    assert not (guarded.repo / "executed").exists()


def test_a_git_of_the_workspace_is_not_asked(guarded: Guarded) -> None:
    fake = guarded.repo / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "$@" >> {guarded.base}/asked\n')
    fake.chmod(0o755)
    for first in ("bin", str(fake.parent)):
        for _ in range(2):
            guarded.run("git p", PATH=f"{guarded.shims}:{first}:/usr/bin:/bin")
    assert set((guarded.base / "asked").read_text().splitlines()) == {"p"}


def test_rules_hold_in_their_folder_and_the_nearest_wins(guarded: Guarded) -> None:
    old, web = guarded.repo / "old", guarded.repo / "web" / "deep"
    old.mkdir()
    web.mkdir(parents=True)
    guarded.rules("- Use `npm`, never `pnpm`.\n", old)
    guarded.rules("- Never run `npm publish`.\n- Never run `pnpm publish`.\n", guarded.repo / "web")
    assert guarded.run("npm install", old).returncode == 7
    assert guarded.run("pnpm install", old).returncode == 126
    assert guarded.run("pnpm install", web).returncode == 7
    assert guarded.run("pnpm publish", web).returncode == 126
    assert guarded.run("pnpm publish").returncode == 7
    assert guarded.run("npm install", guarded.base).returncode == 7  # no repository
    assert guarded.run(["npm", "--prefix", str(guarded.repo), "install"], guarded.base).returncode == 126
    assert guarded.run(["git", "-C", str(guarded.repo), "push", "-f"], guarded.base).returncode == 126


def test_another_repository_inside_has_its_own_rules(guarded: Guarded) -> None:
    inner = guarded.repo / "vendor"
    inner.mkdir()
    git(inner, "init", "-q")
    assert guarded.run("npm install", inner).returncode == 7


def test_without_a_repository_the_nearest_instructions_count(guarded: Guarded) -> None:
    folder = guarded.base / "loose" / "below"
    folder.mkdir(parents=True)
    guarded.rules("- Never use `npm`.\n", folder.parent)
    assert guarded.run("npm x", folder).returncode == 126


def test_changes_of_the_rules_count_at_once(guarded: Guarded) -> None:
    path = guarded.repo / "AGENTS.md"
    assert guarded.run("npm x").returncode == 126
    guarded.rules("Nothing.\n")
    assert guarded.run("npm x").returncode == 7
    guarded.rules("- Never use `npm`.\n")
    assert guarded.run("npm x").returncode == 126
    older = path.stat().st_mtime - 1_000
    path.write_text("Nothing again.\n")
    os.utime(path, (older, older))  # as a checkout of an older file with its time kept
    assert guarded.run("npm x").returncode == 7
    guarded.rules("- Never use `npm`.\n", name=".cursor/rules/web.mdc")
    assert guarded.run("npm x").returncode == 126
    (guarded.repo / ".cursor" / "rules" / "web.mdc").unlink()
    assert guarded.run("npm x").returncode == 7
    guarded.rules("@more/npm.md\n", name="CLAUDE.md")
    imported = guarded.rules("- Never use `npm`.\n", name="more/npm.md")
    settled(guarded.repo / "CLAUDE.md")
    assert guarded.run("npm x").returncode == 126
    imported.write_text("Nothing.\n")
    settled(imported)
    assert guarded.run("npm x").returncode == 7
    hand = '[[rule]]\nid = "no-npm"\ntext = "No npm."\ncheck = { type = "forbid_command", program = "npm" }\n'
    rules = guarded.rules(hand, name=".hunch/rules.toml")
    assert ".hunch/rules.toml:1: No npm." in guarded.run("npm x").stderr
    rules.unlink()
    assert guarded.run("npm x").returncode == 7


def test_a_rule_silenced_at_the_root_is_silent_everywhere(guarded: Guarded) -> None:
    web = guarded.repo / "web"
    guarded.rules("- Never run `npm publish`.\n", web)
    assert guarded.run("npm publish", web).returncode == 126
    guarded.rules("", name="AGENTS.md")
    assert guarded.run("npm publish", web).returncode == 126
    (rule,) = guarded.json("rules", "list", "--json")
    guarded.rules(f'[[rule]]\nid = "{rule["id"]}"\nstatus = "advisory"\n', name=".hunch/rules.toml")
    assert guarded.run("npm test").returncode == 7  # the root sees the change first
    assert guarded.run("npm publish", web).returncode == 7


def test_a_program_that_is_missing_is_missing_as_in_a_shell(guarded: Guarded) -> None:
    (guarded.base / "programs" / "npm").unlink()
    path = f"{guarded.shims}:{guarded.base / 'programs'}"
    done = guarded.run("npm install", PATH=path)
    assert (done.returncode, done.stderr) == (127, "npm: command not found\n")
    (guarded.base / "programs" / "npm").write_text("no program")
    done = guarded.run("npm install", PATH=path)
    assert (done.returncode, done.stderr) == (126, "npm: Permission denied\n")


def test_shims_do_not_find_themselves(guarded: Guarded) -> None:
    other = guarded.base / "other home"
    assert guarded.hunch("guard", "install", HUNCH_HOME=str(other)).returncode == 0
    link = guarded.base / "link"
    link.symlink_to(guarded.shims)
    places = (
        guarded.shims,
        link,
        other / "shims",
        guarded.shims,
        "",
        ".",
        guarded.base / "programs",
        "/usr/bin",
        "/bin",
    )
    done = guarded.run("pnpm x", PATH=os.pathsep.join(map(str, places)))
    assert done.stdout == "pnpm:<x>\n"
    done = guarded.run("git --version", PATH=os.pathsep.join(map(str, places)))
    assert done.returncode == 0
    copies = guarded.base / "copies"
    copies.mkdir()
    shutil.copy(guarded.shims / "git", copies / "git")
    done = guarded.run("git --version", PATH=f"{guarded.shims}:{copies}:/usr/bin:/bin")
    assert done.returncode == 126
    assert "leads back to itself" in done.stderr


def test_a_child_of_a_guarded_command_is_guarded_again(guarded: Guarded) -> None:
    guarded.rules("- Never force-push.\n- Never run `npm publish`.\n")
    guarded.program("npm", "git push --force; echo $?")
    assert guarded.run("npm test").stdout == "126\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_in_every_shell_of_this_machine(guarded: Guarded, shell: str) -> None:
    start = [shell, "sh"] if shell == "busybox" else [shell]
    (guarded.repo / "sub").mkdir()
    for command, code in (("git push -f", 126), ("git status", 0), ("npm x", 126), ("git -C sub push -f", 126)):
        name, *arguments = command.split()
        assert guarded.run([*start, str(guarded.shims / name), *arguments]).returncode == code, (shell, command)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_options_that_bash_takes_from_the_environment_change_nothing(guarded: Guarded) -> None:
    strict = {"SHELLOPTS": "errexit:nounset:noglob:noclobber"}
    assert guarded.run(["bash", str(guarded.shims / "npm"), "x"], **strict).returncode == 126
    assert guarded.run(["bash", str(guarded.shims / "pnpm"), "x"], **strict).stdout == "pnpm:<x>\n"


def test_many_at_once(guarded: Guarded) -> None:
    commands = ["git push -f", "git status", "npm x", "pnpm x"] * 3

    def one(number: int) -> int:
        if number % 7 == 0:
            settled(guarded.repo / "AGENTS.md")
        return guarded.run(commands[number]).returncode

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(one, range(len(commands))))
    assert codes == [126, 0, 126, 7] * 3
    assert all(entry["event"] == "refused" for entry in guarded.log())
    assert len(guarded.log()) == 6


def test_the_second_time_python_is_not_asked(guarded: Guarded, tmp_path: Path) -> None:
    assert guarded.run("git status").returncode == 0
    broken = guarded.shims / "git"
    python = guarded.home / "no-python"
    broken.write_text("\n".join(f"_hunch_python='{python}'" if line.startswith("_hunch_python=") else line
                                for line in broken.read_text().splitlines()) + "\n")  # fmt: skip
    for command in ("git status", "git push", "git log -n 1", "git -c user.name=x diff", "git", "git --version"):
        guarded.run(command)
    assert not (guarded.home / "guard" / "failed").exists()
    assert guarded.run("git commit -n -m x").returncode != 126  # now it would have been asked
    assert (guarded.home / "guard" / "failed").exists()
