"""Which rules about commands are in force in a folder: those of its repository, read from the files that speak for it.

Only the instruction files of the folder itself and of the folders above it are read, never the whole tree.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hunch_features.constraints.compiler import compile_statements
from hunch_features.constraints.engine import globs_match
from hunch_features.constraints.files import NAMES, instruction_files_for
from hunch_features.constraints.rule import CheckMessage, ForbidCommand, Rule
from hunch_features.constraints.rules_file import PATH, merged, read_rules_file
from hunch_features.constraints.statements import statements
from hunch_features.guard.commands import Forbidden

REPOSITORIES = (".git", ".hg", ".jj")
WRITES_A_MESSAGE = {"commit": ("git", ("commit",)), "pull_request": ("gh", ("pr", "create"))}
FORCED_PUSH = re.compile(r"\bforce[\s-]?push", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CommandRule:
    """A rule about a command, and what it forbids as the shims' check reads it."""

    rule: Rule
    check: ForbidCommand | CheckMessage

    @property
    def forbidden(self) -> Forbidden:
        """Pushing with a lease counts as forced where the sentence speaks of force pushes and of no lease.

        Of a rule about messages: the command that writes one, whose message is then looked at.
        """
        if isinstance(self.check, CheckMessage):
            return Forbidden(*WRITES_A_MESSAGE[self.check.of])
        said = f"{self.rule.text} {self.check.instead}"
        lease = bool(FORCED_PUSH.search(said)) and "force-with-lease" not in said
        return Forbidden(self.check.program, self.check.words, lease, self.check.unless)

    @property
    def instead(self) -> str:
        """What the rule names as the thing to run."""
        return self.check.instead if isinstance(self.check, ForbidCommand) else ""


@dataclass(frozen=True, slots=True)
class InForce:
    """Rules about commands for `folder`; `root` is None outside of repositories.

    `files` are what was read or looked at. With a `problem` in `.hunch/rules.toml` no rule is in force: one that
    somebody silenced there must not come back because of a slip of the pen.
    """

    root: Path | None
    folder: Path
    rules: tuple[CommandRule, ...] = ()
    files: tuple[Path, ...] = ()
    imported: tuple[tuple[str, str], ...] = ()
    """Files that instruction files import, relative to the root: (folder for which they speak, path)."""
    problem: str = ""


def repository_of(folder: Path) -> Path | None:
    """The root of the repository around a folder; without one, the nearest folder that has instruction files."""
    nearest: Path | None = None
    for here in (folder, *folder.parents):
        if any((here / name).exists() for name in REPOSITORIES):
            return here
        if nearest is None and any((here / name).is_file() for name in (*NAMES, PATH)):
            nearest = here
    return nearest


def in_force(folder: Path) -> InForce:
    """Read and compile what speaks for a folder, which is absolute and without links."""
    root = repository_of(folder)
    if root is None:
        return InForce(None, folder)
    found, files = instruction_files_for(root, folder)
    imported = tuple((one.folder, path) for one in found if (path := _imported(root, one.path, files)))
    rules_file = read_rules_file(root)
    if rules_file.problems:
        return InForce(root, folder, (), tuple(files), imported, str(rules_file.problems[0]))
    compiled = [rule for one in found for rule in compile_statements(statements(one))]
    return InForce(root, folder, command_rules(merged(compiled, rules_file)[0]), tuple(files), imported)


def _imported(root: Path, path: str, files: Sequence[Path]) -> str:
    if root / path in files:
        return ""
    return (root / path).resolve().relative_to(root.resolve()).as_posix()


def command_rules(rules: Sequence[Rule]) -> tuple[CommandRule, ...]:
    """The enforced rules about commands, and about the messages that some of them write."""
    return tuple(
        CommandRule(rule, rule.check)
        for rule in rules
        if rule.status == "enforced" and isinstance(rule.check, ForbidCommand | CheckMessage)
    )


def speaking_for(rules: Sequence[CommandRule], root: Path, folder: Path) -> list[CommandRule]:
    """Those rules that hold in a folder. One whose program a nearer file names as the one to use gives way to it."""
    here = folder.relative_to(root).as_posix().removeprefix(".")
    held = [one for one in rules if _holds(one.rule, here)]
    return [one for one in held if not any(_overrules(other, one) for other in held)]


def _holds(rule: Rule, here: str) -> bool:
    if rule.folder and not PurePosixPath(here).is_relative_to(rule.folder):
        return False
    # Globs are written for files. A glob of a whole folder fits any name in it, one of certain files does not.
    inside = f"{here}/-".lstrip("/")
    if rule.include and not globs_match(rule.include, inside):
        return False
    return not (rule.exclude and globs_match(rule.exclude, inside))


def _overrules(nearer: CommandRule, rule: CommandRule) -> bool:
    wanted = nearer.instead.split()
    outer, inner = PurePosixPath(rule.rule.folder), PurePosixPath(nearer.rule.folder)
    return wanted[:1] == [rule.forbidden.program] and inner != outer and inner.is_relative_to(outer)
