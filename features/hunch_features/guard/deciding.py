"""Whether a command may run here, and what is said when it may not: the rule's own words, its place, the way around."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hunch_features.constraints.rule import CheckMessage
from hunch_features.guard import git_commands
from hunch_features.guard.commands import FOLDER_OPTIONS, falls_under
from hunch_features.guard.in_force import InForce, in_force, repository_of, speaking_for
from hunch_features.guard.messages import message_of, problem_of
from hunch_features.guard.telling import about_rule, told
from hunch_features.guard.windows import is_batch

ALIAS_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether the command may run. A rule that only warns has a message, too, and lets it run."""

    allowed: bool
    rule_id: str = ""
    message: str = ""
    found: InForce | None = None


def decide(command: Sequence[str], start: Path, environment: Mapping[str, str]) -> Decision:
    """Judge a command line that would be run in `start`. Runs nothing but `git config --get`, for aliases."""
    program, arguments = _name(command[0]), list(command[1:])
    lines, folder = _lines(program, arguments, start, environment)
    try:
        here = folder.resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        return Decision(True)  # the program will say that there is no such folder
    found = in_force(here)
    if found.root is None:
        return Decision(True, found=found)
    warning: Decision | None = None
    for one in speaking_for(found.rules, found.root, here):
        meant = [line for line in lines if falls_under(one.forbidden, program, line, str(here))]
        if isinstance(one.check, CheckMessage):
            meant = [line for line in meant if problem_of(one.check, message_of(program, line, here))]
        if meant:
            refused = one.rule.severity == "error"
            decision = Decision(not refused, one.rule.id, told(list(command), about_rule(one), refused), found)
            if refused:
                return decision
            warning = warning or decision
    return warning or Decision(True, found=found)


def _name(program: str) -> str:
    name = Path(program).name
    return name.removesuffix(".exe") if os.name == "nt" else name


def _lines(
    program: str, arguments: list[str], start: Path, environment: Mapping[str, str]
) -> tuple[list[list[str]], Path]:
    """The command lines that a command stands for, with git's aliases as what they mean, and where they would run."""
    if program != "git":
        return [arguments], _folder(program, arguments, start)
    base = start
    directory, tree = environment.get("GIT_DIR", ""), environment.get("GIT_WORK_TREE", "")
    if tree or directory.endswith("/.git"):
        base = start / (tree or directory.removesuffix("/.git"))
    folder = Path(git_commands.parse(arguments, str(base)).folder).absolute()
    return _unaliased(arguments, lambda name: _configured_alias(name, folder)), folder


def _folder(program: str, arguments: Sequence[str], start: Path) -> Path:
    options = FOLDER_OPTIONS.get(program, ())
    for number, word in enumerate(arguments):
        if word == "--":
            break
        name, has_value, value = word.partition("=")
        if name in options:
            return start / (value if has_value else next(iter(arguments[number + 1 :]), ""))
    return start


def _unaliased(arguments: list[str], meaning_of: Callable[[str], str]) -> list[list[str]]:
    done: list[list[str]] = []
    todo = [arguments]
    for _ in range(git_commands.MAX_ALIASES):
        if not todo:
            break
        line = todo.pop()
        command = git_commands.parse(line, "")
        name = command.subcommand
        if not name or name in git_commands.BUILT_IN:
            done.append(line)
            continue
        meaning = command.aliases.get(name) or meaning_of(name)
        todo += git_commands.alias_commands(meaning, command) if meaning else []
    return done


def _configured_alias(name: str, folder: Path) -> str:
    """What git's configuration says; empty without an alias, when it takes too long, or with a git of the workspace."""
    from hunch_features.guard.running import real_program  # noqa: PLC0415 - only aliases need it

    git = real_program("git")
    root = repository_of(folder)
    if (
        git is None
        or is_batch(git)
        or not Path(git).is_absolute()
        or (root is not None and Path(git).is_relative_to(root))
    ):
        return ""
    try:
        ended = subprocess.run(
            [git, "config", "--get", f"alias.{name}"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ALIAS_TIMEOUT_S,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.decode("utf-8", "replace").strip()
