"""What a model thinks of a change and the rules that no check can decide: yes or no, with how sure it is.

An opinion is no violation: it is told apart everywhere, and nothing fails because of it.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hunch_features.constraints.changes import Change, content
from hunch_features.constraints.engine import NOT_WRITTEN, globs_match
from hunch_features.constraints.grammar import choice_gbnf
from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rulebook import Rulebook, read_checked
from hunch_features.constraints.rules_file import PATH, is_unedited, read_rules_file
from hunch_features.syntax import language_of_path
from hunch_models.errors import BackendError
from hunch_models.instruct import Instructor, InstructRequest

CONTEXT_LINES = 3
MOST_LINES = 60
MOST_CHARS = 4_000
"""Lines around a change that are shown, lines of one change, and characters of it."""
MOST_FILE_LINES = 20_000
MOST_FAILURES = 2
SURE = 0.9
"""Probability of "yes" among both answers from which on an opinion is told. Judged, not fitted."""

CHOICES = ("yes", "no")
SYSTEM = """\
You review one change against one rule of the project. Lines that begin with + were added, with - removed.
Answer yes if the added lines clearly break the rule. Answer no if they keep it, if the rule is about something else, \
or if you cannot tell."""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines of a file that a change adds, as a diff. Lines count from 0; `end_line` is the last one."""

    path: str
    line: int
    end_line: int
    text: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """A model's view that a hunk breaks a rule, with the probability that it gives to it."""

    rule: Rule
    hunk: Hunk
    probability: float
    model: str

    @property
    def message(self) -> str:
        """One sentence that says whose view it is."""
        return f"opinion of {self.model}, {self.probability:.0%} sure: this breaks the rule"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a run: questions, seconds for each, and how sure the model must be."""

    questions: int = 20
    seconds: float = 30.0
    sure: float = SURE


def judged_rules(book: Rulebook, root: Path) -> list[Rule]:
    """Rules without a check that nobody has silenced, advice and habits of people among them."""
    edited = {entry.id for entry, _ in read_rules_file(root).entries if not is_unedited(entry)}
    return [
        rule
        for rule in book.rules
        if rule.check is None and (rule.source.path == PATH or rule.id not in edited or rule.status != "advisory")
    ]


def hunks(root: Path, changes: Sequence[Change], *, staged: bool) -> list[Hunk]:
    """What the changes add, piece by piece; generated and binary files left out."""
    found: list[Hunk] = []
    for change in changes:
        if change.after is None or change.before == change.after or globs_match(NOT_WRITTEN, change.path):
            continue
        new = content(root, change.after) if staged else read_checked(root, change.path)[0]
        old = content(root, change.before) if change.before else ""
        if new is not None:
            found += hunks_of(change.path, old or "", new)
    return found


def hunks_of(path: str, old: str, new: str) -> list[Hunk]:
    """The places where `new` has lines that `old` has not."""
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > MOST_FILE_LINES:
        return []
    result: list[Hunk] = []
    for group in difflib.SequenceMatcher(None, before, after).get_grouped_opcodes(CONTEXT_LINES):
        lines: list[str] = []
        places: list[int] = []
        for tag, old_start, old_end, new_start, new_end in group:
            if tag == "equal":
                lines += [f" {line}" for line in after[new_start:new_end]]
                continue
            lines += [f"-{line}" for line in before[old_start:old_end]]
            lines += [f"+{line}" for line in after[new_start:new_end]]
            places += range(new_start, new_end)
        if places:
            text = "\n".join(lines[:MOST_LINES])[:MOST_CHARS]
            result.append(Hunk(path, places[0], places[-1], text))
    return result


def questions(rules: Sequence[Rule], places: Sequence[Hunk]) -> list[tuple[Rule, Hunk]]:
    """Which rule is asked about which hunk: those first that have words in common, since only so many are asked."""
    pairs = [(rule, hunk) for hunk in places for rule in rules if speaks_of(rule, hunk.path)]
    words = {hunk: _words(f"{hunk.path} {hunk.text}") for hunk in places}
    return sorted(pairs, key=lambda pair: -len(_words(pair[0].text) & words[pair[1]]))


def speaks_of(rule: Rule, path: str) -> bool:
    """Whether a rule without a check is about a file at all."""
    if rule.folder and not PurePosixPath(path).is_relative_to(rule.folder):
        return False
    if rule.include and not globs_match(rule.include, path):
        return False
    if rule.exclude and globs_match(rule.exclude, path):
        return False
    return not rule.languages or language_of_path(path) in rule.languages


def _words(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Za-z]{4,}", text)}


def question(rule: Rule, hunk: Hunk, seconds: float) -> InstructRequest:
    """What a model is asked about one rule and one hunk."""
    return InstructRequest(
        SYSTEM,
        f"Rule: {rule.text}\nFile: {hunk.path}\n{hunk.text}\n\nDo the added lines break the rule? yes or no",
        choice_gbnf(CHOICES),
        schema='{"type": "string", "enum": ["yes", "no"]}',
        choices=CHOICES,
        max_tokens=8,
        time_limit_ms=seconds * 1000,
    )


async def opinions(
    asked: Sequence[tuple[Rule, Hunk]], instructor: Instructor, limits: Limits
) -> AsyncIterator[Opinion | str | None]:
    """One by one: an opinion, None where the model sees nothing or is not sure, or why there is no answer.

    An engine that keeps failing ends it with BackendError.
    """
    failures = 0
    for rule, hunk in asked[: limits.questions]:
        try:
            result = await instructor.ask(question(rule, hunk, limits.seconds))
        except BackendError as error:
            failures += 1
            if failures >= MOST_FAILURES:
                raise
            yield error.one_line()
            continue
        failures = 0
        if not result.choice_logprobs:
            yield "the model does not tell how likely its answer is"
            continue
        probability = math.exp(result.choice_logprobs[CHOICES.index("yes")])
        yield Opinion(rule, hunk, probability, instructor.name) if probability >= limits.sure else None
