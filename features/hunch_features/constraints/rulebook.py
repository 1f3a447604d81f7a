"""All rules of a repository, and the files that they are checked on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hunch_features.constraints.compiler import compile_statements
from hunch_features.constraints.engine import MAX_BYTES, Checked, applies, check_text
from hunch_features.constraints.files import SKIPPED_FOLDERS, instruction_files
from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rules_file import Problem, merged, read_rules_file
from hunch_features.constraints.statements import statements
from hunch_features.gitignore import GitIgnore


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules of one root, in the order of their files; `skipped` names files that were left out, and why."""

    rules: tuple[Rule, ...]
    skipped: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    """Mistakes in `.hunch/rules.toml`; they are among `skipped` as well."""

    @property
    def enforced(self) -> tuple[Rule, ...]:
        """Rules with a check on files."""
        return tuple(rule for rule in self.rules if rule.status == "enforced")

    def rule(self, rule_id: str) -> Rule | None:
        """A rule by its id, or by the beginning of one that no other has."""
        found = [rule for rule in self.rules if rule.id.startswith(rule_id)]
        exact = [rule for rule in found if rule.id == rule_id]
        return exact[0] if exact else found[0] if len(found) == 1 else None


def compile_root(root: Path, *, with_contributing: bool = False) -> Rulebook:
    """Read every instruction file below `root` and compile what it says. Nothing of the repository is executed."""
    compiled, skipped = compiled_rules(root, with_contributing=with_contributing)
    file = read_rules_file(root)
    rules, unused = merged(compiled, file)
    return Rulebook(tuple(rules), (*skipped, *unused), file.problems)


def compiled_rules(root: Path, *, with_contributing: bool = False) -> tuple[list[Rule], list[tuple[str, str]]]:
    """What the instruction files alone say, without `.hunch/rules.toml`; and what was left out, with why."""
    found, skipped = instruction_files(root, with_contributing=with_contributing)
    rules: list[Rule] = []
    for instructions in found:
        rules += compile_statements(statements(instructions))
    return rules, skipped


def check_file(rulebook: Rulebook, root: Path, path: str) -> Checked:
    """Check one file (path relative to the root). Files that are no text are skipped with the reason."""
    rules = [rule for rule in rulebook.enforced if applies(rule, path)]
    if not rules:
        return Checked(())
    text, why = read_checked(root, path)
    if text is None:
        return Checked((), ((path, why),) if why else ())
    return check_text(rules, path, text)


def read_checked(root: Path, path: str) -> tuple[str | None, str]:
    """The text of a file, or why it has none; no reason for binary files, which nobody expects to be checked."""
    try:
        full = root / path
        if full.stat().st_size > MAX_BYTES:
            return None, f"larger than {MAX_BYTES >> 20} MiB"
        data = full.read_bytes()
    except OSError as error:
        return None, f"cannot be read: {error.strerror or error}"
    if b"\0" in data:
        return None, ""
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return None, "not UTF-8"


def files_below(root: Path, starts: Sequence[Path]) -> Iterator[str]:
    """Files below `starts` (inside the root) that git would not ignore, as paths relative to the root."""
    gitignore = GitIgnore(root)
    for start in starts:
        if start.is_file():
            yield start.relative_to(root).as_posix()
            continue
        for folder, folders, files in os.walk(start):
            here = Path(folder)
            parts = here.relative_to(root).parts
            folders[:] = sorted(
                name
                for name in folders
                if name not in SKIPPED_FOLDERS and not gitignore.ignores((*parts, name), is_folder=True)
            )
            for name in sorted(files):
                if not (here / name).is_symlink() and not gitignore.ignores((*parts, name), is_folder=False):
                    yield "/".join((*parts, name))
