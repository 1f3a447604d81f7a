"""Asks a model about the sentences that no pattern understood, one after the other, and tries what it proposes.

Bounded by sentences, tokens and seconds; whatever happens in between, what was done until then is kept.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from time import perf_counter

from hunch_features.constraints.architecture import check_structure, module_roots, on_disk
from hunch_features.constraints.compiler import compile_statement
from hunch_features.constraints.engine import applies, check_text, globs_match
from hunch_features.constraints.files import instruction_files
from hunch_features.constraints.judging_proposals import COUNTED, breaks_command, judged
from hunch_features.constraints.proposing import question
from hunch_features.constraints.rule import ForbidCommand, ForbidEdit, ForbidFile, RequirePlace, Rule
from hunch_features.constraints.rulebook import files_below, read_checked
from hunch_features.constraints.statements import Statement, statements
from hunch_models.backend import Finish
from hunch_models.errors import BackendError
from hunch_models.instruct import Instructor, InstructResult

ASKED_ABOUT = ("unsupported", "vague")
MOST_FAILURES = 2
"""So many failures of the engine in a row end the run."""
DRY_RUN_S = 10.0
MOST_EDITED_SHARE = 0.1
"""A rule that forbids to edit more than this share of the files is no rule about a few generated ones."""
SCRIPTS = ("*.sh", "Makefile", "justfile", "package.json", ".github/workflows/*.yml", ".github/workflows/*.yaml")
_COMMANDS = re.compile(r"&&|\|\||[;|&\n]|\brun:\s*\|?|\"(?:,|$)|\":\s*\"")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a run: sentences, and seconds and tokens for each."""

    sentences: int = 50
    seconds: float = 60.0
    tokens: int = 400


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of one sentence: a rule, enforced or advisory, or none; `why` it is not enforced."""

    rule: Rule | None
    sentence: Rule
    why: str = ""


def candidates(root: Path, known: Sequence[str], *, with_contributing: bool = False) -> list[tuple[Rule, Statement]]:
    """Sentences without a check, in the order of their files. `known`: ids that need none, having been looked at."""
    found: list[tuple[Rule, Statement]] = []
    for instructions in instruction_files(root, with_contributing=with_contributing)[0]:
        for statement in statements(instructions):
            rules = compile_statement(statement)
            if len(rules) == 1 and rules[0].status in ASKED_ABOUT and rules[0].id not in known:
                found.append((rules[0], statement))
    return found


async def proposals(
    asked: Sequence[tuple[Rule, Statement]], instructor: Instructor, workspace: Workspace, limits: Limits
) -> AsyncIterator[Looked]:
    """What comes of each sentence, as soon as it is known. An engine that keeps failing ends it with BackendError."""
    failures = 0
    for rule, statement in asked[: limits.sentences]:
        try:
            result = await instructor.ask(question(statement, seconds=limits.seconds, tokens=limits.tokens))
        except BackendError as error:
            failures += 1
            if failures >= MOST_FAILURES:
                raise
            yield Looked(None, rule, error.one_line())
            continue
        failures = 0
        if result.finish is not Finish.END:
            yield Looked(None, rule, _unfinished(result, limits))
            continue
        made, why = judged(rule, result.text, statement, instructor.name, workspace.hits)
        yield Looked(made, rule, why)


def _unfinished(result: InstructResult, limits: Limits) -> str:
    if result.finish is Finish.TIME:
        return f"no answer within {limits.seconds:g} s"
    return f"the answer had no end after {result.tokens} tokens"


@dataclass(slots=True)
class Workspace:
    """The files of a root, on which proposals are tried. They are listed once and read when a rule asks for them."""

    root: Path
    clock: Callable[[], float] = perf_counter
    _files: list[str] = field(default_factory=list)

    def files(self) -> list[str]:
        """Paths relative to the root that git would not ignore."""
        if not self._files:
            self._files = list(files_below(self.root, [self.root]))
        return self._files

    def hits(self, rule: Rule) -> tuple[int, str]:
        """In how many places a rule fires, up to `COUNTED`; and why that is not all, when there was no time."""
        if isinstance(rule.check, ForbidEdit):
            return 0, self._covers_too_much(rule, rule.check)
        deadline = self.clock() + DRY_RUN_S
        count = 0
        for found in self._found(rule):
            count += found
            if count >= COUNTED:
                return COUNTED, ""
            if self.clock() > deadline:
                return count, f"it could not be tried on all files in {DRY_RUN_S:.0f} s"
        return count, ""

    def _covers_too_much(self, rule: Rule, check: ForbidEdit) -> str:
        globs = tuple(f"{rule.folder}/{glob}" if rule.folder else glob for glob in check.paths)
        covered = sum(globs_match(globs, path) for path in self.files())
        if covered > MOST_EDITED_SHARE * len(self.files()):
            return f"it means {covered} of {len(self.files())} files"
        return ""

    def _found(self, rule: Rule) -> Iterator[int]:
        """Hits file by file."""
        if isinstance(rule.check, ForbidCommand):
            scripts = [path for path in self.files() if globs_match(SCRIPTS, path)]
            for path in scripts:
                script = read_checked(self.root, path)[0] or ""
                lines = (line.strip(" \t@-\"'`") for line in _COMMANDS.split(script))
                yield sum(breaks_command(rule, line) for line in lines if _may_be(line, rule.check.program))
            return
        exists, roots = on_disk(self.root), module_roots(self.root)
        for path in self.files():
            if not applies(rule, path):
                yield 0
            elif isinstance(rule.check, ForbidFile | RequirePlace):
                yield len(check_structure([rule], path, "", exists, roots).violations)
            else:
                text = read_checked(self.root, path)[0]
                yield len(check_text([rule], path, text).violations) if text is not None else 0


def _may_be(line: str, program: str) -> bool:
    return bool(line) and PurePosixPath(line.split(maxsplit=1)[0]).name == program
