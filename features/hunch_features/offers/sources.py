"""What can be offered: each function looks at facts that others gathered and gives candidates. Nothing here waits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import PurePosixPath

from hunch_features.constraints.engine import Violation, replacement
from hunch_features.memory.habits import Habit
from hunch_features.memory.history.cochange import Related, wilson
from hunch_features.memory.history.searching import Found, words_of
from hunch_features.memory.tokens import split_name
from hunch_features.offers.offer import Command, EditorAction, FileEdit, Offer, OfferKind, Place
from hunch_features.text import Edit, Position, Snapshot

MIN_SUPPORT = 4
SOLID = 0.5
"""Lower bound (Wilson, 95 %) from which on "usually" may be said."""
MOST_FILES = 20
"""Changed files that are looked at; a larger change is no place for a reminder."""
SHORT = 9
"""Characters of a commit's name that people see."""
COMMON_WORDS = frozenset(
    {"error", "failed", "failure", "assert", "assertionerror", "test", "tests", "exception", "line"}
)
SHARED_WORDS = 2
TEST_WORDS = frozenset({"test", "tests", "spec", "specs"})


def missing_twins(
    changed: Collection[str], related: Callable[[str], Sequence[Related]], exists: Callable[[str], bool]
) -> list[Offer]:
    """Files that nearly always change with a changed one and did not this time. Paths are below the root, with `/`."""
    if not changed or len(changed) > MOST_FILES:
        return []
    found: dict[str, Offer] = {}
    for path in sorted(changed):
        for one in related(path):
            if one.path in changed or not one.solid(support=MIN_SUPPORT) or not exists(one.path):
                continue
            confidence = (one.support + 1) / (one.of + 2)  # Laplace: what a few commits show is not certain
            if one.path not in found or found[one.path].confidence < confidence:
                found[one.path] = _twin(path, one, confidence)
    return sorted(found.values(), key=lambda offer: -offer.confidence)


def _twin(path: str, one: Related, confidence: float) -> Offer:
    return Offer(
        OfferKind.MISSING_TWIN,
        f"twin:{path}:{one.path}",
        f"{one.path} is not changed yet",
        f"`{one.path}` usually changes with `{path}`: {one.support} of {one.of} times.",
        confidence,
        Place(one.path),
        command=Command(EditorAction.OPEN, {"path": one.path, "line": 0}),
        targets=(one.path, path),
        lasts_ms=120_000,
    )


Symbol = tuple[str, str]
"""Path and name of a definition."""


def missing_symbols(
    touched: Collection[Symbol],
    changed: Collection[str],
    related: Callable[[str, str], Sequence[tuple[str, str, int, int]]],
    line_of: Callable[[str, str], int | None],
) -> list[Offer]:
    """Definitions that nearly always change with a `touched` one, in files that are not among the `changed`.

    `related` gives path, name, commits together and commits of the one asked about; `line_of` where a definition is
    now, None where it is gone.
    """
    found: dict[Symbol, Offer] = {}
    for path, name in sorted(touched)[:MOST_FILES]:
        for other, its_name, together, of in related(path, name):
            solid = together >= MIN_SUPPORT and wilson(together, of) >= SOLID
            if other == path or other in changed or (other, its_name) in found or not solid:
                continue
            line = line_of(other, its_name)
            if line is None:
                continue
            found[other, its_name] = Offer(
                OfferKind.MISSING_TWIN,
                f"twin:{path}:{name}:{other}:{its_name}",
                f"`{its_name}` in {other} is not changed yet",
                f"`{its_name}` usually changes with `{name}` of {path}: {together} of {of} times.",
                (together + 1) / (of + 2),
                Place(other, Position(line, 0)),
                command=Command(EditorAction.OPEN, {"path": other, "line": line}),
                targets=(its_name, name),
                lasts_ms=120_000,
            )
    return sorted(found.values(), key=lambda offer: -offer.confidence)


def rule_fixes(path: str, snapshot: Snapshot, violations: Iterable[Violation], before: Collection[str]) -> list[Offer]:
    """Fixes for rules that were broken since the document was opened; `before` names what was broken then.

    Only violations whose whole fix is one replacement are offered.
    """
    offers = []
    for violation in violations:
        key = violation_key(snapshot, violation)
        if key in before:
            continue
        start = snapshot.line_start(violation.line) + violation.column
        end = snapshot.line_start(violation.end_line) + violation.end_column
        better = replacement(violation, snapshot.slice(start, end))
        if better is None:
            continue
        rule = violation.rule
        place = Place(path, Position(violation.line, violation.column))
        change = Edit(place.position, Position(violation.end_line, violation.end_column), better)
        offers.append(
            Offer(
                OfferKind.RULE_FIX,
                f"rule:{path}:{key}",
                f"Use `{better}`",
                f"What you just wrote breaks a rule: {rule.text.rstrip('.')} ({rule.source.path}:{rule.source.line}).",
                0.9 if rule.severity == "error" else 0.75,
                place,
                (FileEdit(path, (change,), snapshot.version),),
                targets=(better, path),
            )
        )
    return offers


def violation_key(snapshot: Snapshot, violation: Violation) -> str:
    """Tells a violation again after lines moved: by its rule and its line's text."""
    return f"{violation.rule.id}:{snapshot.line(violation.line).strip()}"


def repeated_failure(failure: str, times: int, search: Callable[[str], Sequence[Found]]) -> list[Offer]:
    """The commit that fixed what now fails again and again. `failure` is the test's name or the error's last line."""
    if times < 2:
        return []
    asked = {word for word in words_of(failure) if word not in COMMON_WORDS and not word.isdigit()}
    for found in search(" ".join(sorted(asked))) if len(asked) >= SHARED_WORDS else ():
        change = found.change
        shared = asked & set(words_of(f"{change.subject} {' '.join(change.paths)}"))
        if change.kind == "fix" and len(shared) >= SHARED_WORDS:
            name = change.sha[:SHORT]
            return [
                Offer(
                    OfferKind.REPEATED_FAILURE,
                    f"failure:{name}:{' '.join(sorted(asked))}",
                    f"See {name}: {change.subject}",
                    f"This failed {times} times, and {name} fixed something about {_listed(sorted(shared))}.",
                    min(0.9, 0.4 + 0.5 * len(shared) / len(asked)),
                    command=Command(EditorAction.SHOW_COMMIT, {"commit": change.sha}),
                    targets=(name, *sorted(shared)),
                )
            ]
    return []


def _listed(words: Sequence[str]) -> str:
    return ", ".join(f"`{word}`" for word in words[:3])


def run_test(path: str, test: str | None, chance: float, runs: int, saves: int) -> list[Offer]:
    """The test of a saved file, where the person tends to run tests after saving (`runs` of `saves` times)."""
    if test is None or test == path:
        return []
    return [
        Offer(
            OfferKind.RUN_TEST,
            f"test:{path}",
            f"Run {PurePosixPath(test).name}",
            f"You ran tests after {runs} of {saves} savings, and `{test}` is the test of `{path}`.",
            chance,
            command=Command(EditorAction.RUN_TEST, {"path": test}),
            targets=(test, path),
            lasts_ms=30_000,
        )
    ]


def usual_test(path: str, habits: Sequence[Habit], test: str | None, exists: Callable[[str], bool]) -> list[Offer]:
    """The test run that usually follows an edit of a file, by the person's record; `test` is the file's own test.

    Where the run's name tells no file of the workspace, the file's own test is what can be run.
    """
    for habit in habits:
        named = next((word for word in habit.name.split() if is_test_path(word) and exists(word)), test)
        if habit.solid and named is not None and named != path:
            what = f"`{habit.name}`" if habit.name else "tests"
            return [
                Offer(
                    OfferKind.RUN_TEST,
                    f"test:{path}",
                    f"Run {PurePosixPath(named).name}",
                    f"You ran {what} after editing `{path}` {habit.support} of {habit.of} times.",
                    habit.share,
                    command=Command(EditorAction.RUN_TEST, {"path": named}),
                    targets=(named, path),
                    lasts_ms=30_000,
                )
            ]
    return []


def next_file(path: str, habits: Sequence[Habit], opened: Collection[str]) -> list[Offer]:
    """The file that the person usually opens after one, unless it is `opened` already: then a key away as it is."""
    for habit in habits:
        if habit.solid and habit.name not in opened:
            return [
                Offer(
                    OfferKind.NEXT_FILE,
                    f"file:{path}:{habit.name}",
                    f"Open {PurePosixPath(habit.name).name}",
                    f"You opened `{habit.name}` after `{path}` {habit.support} of {habit.of} times.",
                    habit.share,
                    Place(habit.name),
                    command=Command(EditorAction.OPEN, {"path": habit.name, "line": 0}),
                    targets=(habit.name, path),
                    lasts_ms=30_000,
                )
            ]
    return []


def resume(place: Place, symbol: str, away_ms: int, current: str) -> list[Offer]:
    """Back to where the work was left, unless the person is there already (`current` is the document in front)."""
    if place.path == current:
        return []
    where = f"`{symbol}` in {place.path}" if symbol else place.path
    return [
        Offer(
            OfferKind.RESUME,
            f"resume:{place.path}:{place.position.line}",
            f"Back to {PurePosixPath(place.path).name}:{place.position.line + 1}",
            f"You were editing {where} before a break of {away_ms // 60_000} minutes.",
            0.75,
            place,
            command=Command(EditorAction.OPEN, {"path": place.path, "line": place.position.line}),
            targets=(symbol or place.path,),
        )
    ]


def test_of(path: str, related: Iterable[Related], is_test: Callable[[str], bool]) -> str | None:
    """The test file of a source file: by its name, else the one that changes with it most reliably."""
    tests = [one for one in related if is_test(one.path)]
    named = [one for one in tests if _words(one.path) == _words(path)]
    solid = [one for one in tests if one.solid(support=MIN_SUPPORT)]
    return next((one.path for one in named or solid), None)


def _words(path: str) -> list[str]:
    """A file's name in words, without those that say that it is a test."""
    name = PurePosixPath(path).name.partition(".")[0]
    return [word for word in split_name(name) if word not in TEST_WORDS]


def is_test_path(path: str) -> bool:
    """Whether a path looks like a test's, by the habits of the common languages."""
    pure = PurePosixPath(path)
    words = [word.lower() for part in pure.name.split(".")[:-1] for word in split_name(part)]
    if words and (words[0] in TEST_WORDS or words[-1] in TEST_WORDS):
        return True
    inside = any(part.lower().strip("_") in TEST_WORDS for part in pure.parts[:-1])
    return inside and pure.name not in ("conftest.py", "__init__.py")
