"""Learns the habits of a repository from its code at a commit and how that code came to be, never from later commits.

Where the code written lately chooses otherwise than the code before it, only the newer code counts: habits change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from hunch_features.memory.conventions.convention import Convention, id_of
from hunch_features.memory.conventions.observation import Observation, Shown, is_test
from hunch_features.memory.conventions.statements import check_of, feature_of, sentence
from hunch_features.memory.conventions.tally import LEAST, LEAST_FILES, Tallies, Tally
from hunch_features.memory.history.cochange import wilson

RECENT_LEAST = 20
"""Choices in recent code that are needed to say that a habit changed."""
MOST_FOLDERS = 3
"""Largest parts of a repository that are looked at where it has no common habit."""
CHANGED = 0.15
"""How much the shares before and after must differ, beyond what chance explains."""
_SOURCE_ONLY_EXCLUDES = ("test/**", "tests/**", "testing/**", "**/tests/**", "**/test_*", "**/*_test.*", "**/*.test.*",
                         "**/*.spec.*", "**/__tests__/**", "**/conftest.py")  # fmt: skip
_LANGUAGES = {
    "python": ("python",),
    "script": ("javascript", "javascriptreact", "typescript", "typescriptreact"),
    "go": ("go",),
}


@dataclass(slots=True)
class Evidence:
    """All choices of the code at a commit, and of the part of it that was written lately."""

    shown: list[Shown]
    recent: Tallies = field(default_factory=Tallies)
    before: Tallies = field(default_factory=Tallies)
    since: str = ""
    whole: Tallies = field(default_factory=Tallies)
    suffixes: dict[str, Counter[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Whole:
    """What only all files together tell.

    `own`: names by which the repository's Python packages are imported; `tested`: files that are no tests, as folder
    and stem; `roots`: the topmost class of this repository that each class of an exception extends, itself where it
    extends one of somewhere else.
    """

    own: frozenset[str]
    tested: frozenset[str]
    roots: Mapping[str, str]


def whole_of(head: Sequence[Shown]) -> Whole:
    """What all files of a commit tell together."""
    paths = [shown.path for shown in head]
    tested = (PurePosixPath(path) for path in paths if not is_test(path))
    return Whole(
        own_packages(paths),
        frozenset(f"{pure.parent}/{pure.name.split('.', 1)[0]}" for pure in tested),
        exception_roots(head),
    )


def exception_roots(head: Iterable[Shown]) -> dict[str, str]:
    """The topmost class of the repository that each of its exceptions extends."""
    bases = {one.name: one.base for shown in head for one in shown.classes}
    found = {}
    for name in bases:
        top, seen = name, {name}
        while (base := bases[top]) in bases and base not in seen:
            top = base
            seen.add(base)
        if bases[top].endswith(("Error", "Exception")):
            found[name] = top
    return found


def choices(shown: Shown, whole: Whole) -> Iterator[Observation]:
    """The choices of a file, with those that only the whole repository can tell."""
    for one in shown.observations:
        if one.feature.startswith("python.from-import."):
            if not shown.is_test and one.feature.removeprefix("python.from-import.") in whole.own:
                yield one._replace(feature="python.own-import", value="absolute")
            continue
        feature = feature_of(one.feature)
        if feature is None or (feature.where != "all" and (feature.where == "tests") != shown.is_test):
            continue
        yield one
    yield from _place(shown, whole.tested)
    family = _family(shown)
    for made in shown.classes:
        root = whole.roots.get(made.name)
        if root is not None and (root != made.name or not _is_extended(made.name, whole)):
            value = root if root != made.name else "another"
            yield Observation(f"{family}.exception-base", value, made.line, made.name)


def _is_extended(name: str, whole: Whole) -> bool:
    return any(root == name and other != name for other, root in whole.roots.items())


def _family(shown: Shown) -> str:
    return shown.language if shown.language in ("python", "go") else "script"


def _place(shown: Shown, tested: frozenset[str]) -> Iterator[Observation]:
    """Where a test stands: beside what it tests, or below which folder."""
    path = PurePosixPath(shown.path)
    family = _family(shown)
    bare = path.name.split(".", 1)[0]
    if family == "go" or not shown.is_test or bare in ("conftest", "__init__"):
        return
    stem = bare.removeprefix("test_").removesuffix("_test")
    if family == "python":
        if stem == bare:
            return
        value = "test_*.py" if bare.startswith("test_") else "*_test.py"
        yield Observation("python.test-file-name", value, 0, shown.path)
    if f"{path.parent}/{stem}" in tested:
        value = "beside"
    elif len(path.parts) > 1:
        value = path.parts[0] if is_test(f"{path.parts[0]}/x") else ""
    else:
        return
    if value:
        yield Observation(f"{family}.test-place", value, 0, shown.path)


def own_packages(paths: Iterable[str]) -> frozenset[str]:
    """Names by which the repository's own Python code is imported."""
    folders = {str(PurePosixPath(path).parent) for path in paths if path.endswith("/__init__.py")}
    tops = {folder for folder in folders if str(PurePosixPath(folder).parent) not in folders}
    return frozenset(PurePosixPath(folder).name for folder in tops) - {"tests", "test", "docs", "."}


def gather(head: Sequence[Shown], old: Sequence[Shown], unchanged: Iterable[str], since: str) -> Evidence:
    """Evidence of the code at a commit. `old`: what files showed that were other at the earlier commit.

    `unchanged`: paths of files that both have alike: all that they show is old. With an empty `since` there is no
    earlier commit, and nothing is recent.
    """
    whole = whole_of(head)
    evidence = Evidence(list(head), since=since)
    same = frozenset(unchanged)
    known: Counter[tuple[str, str, str]] = Counter()
    for shown in old:
        for one in choices(shown, whole):
            known[one.feature, one.value, one.text] += 1
            evidence.before.add(shown.path, one)
    for shown in head:
        family = _family(shown)
        evidence.suffixes.setdefault(family, Counter())[PurePosixPath(shown.path).suffix] += 1
        for one in choices(shown, whole):
            evidence.whole.add(shown.path, one)
            key = (one.feature, one.value, one.text)
            if shown.path in same:
                evidence.before.add(shown.path, one)
            elif known[key] > 0:
                known[key] -= 1
            elif since:
                evidence.recent.add(shown.path, one)
    return evidence


def learn_code(evidence: Evidence) -> list[Convention]:
    """Habits of the code."""
    found: list[Convention] = []
    for key, tally in sorted(evidence.whole.whole.items()):
        convention = _habit(evidence, key, "", tally, evidence.recent.whole[key], evidence.before.whole[key])
        if convention is not None:
            found.append(convention)
            continue
        below = [(tallies[key].total, folder) for folder, tallies in evidence.whole.below.items() if key in tallies]
        for total, folder in sorted(below, reverse=True)[:MOST_FOLDERS]:
            tallies = evidence.whole.below[folder]
            if total < tally.total:
                recent, before = evidence.recent.below[folder][key], evidence.before.below[folder][key]
                convention = _habit(evidence, key, folder, tallies[key], recent, before)
                if convention is not None:
                    found.append(convention)
    return found


def _habit(evidence: Evidence, key: str, folder: str, tally: Tally, recent: Tally, before: Tally) -> Convention | None:
    feature = feature_of(key)
    if feature is None:
        return None
    value, counted, since = tally.leader(), tally, ""
    if changed(recent, before):
        # What was written before the change speaks neither for nor against.
        value, counted, since = recent.leader(), recent, evidence.since
    elif recent.total >= RECENT_LEAST and _upper(recent, value) < LEAST:
        return None  # no longer done
    said = sentence(key, value)
    least_files = 1 if feature.in_one_place else LEAST_FILES
    if not said or not counted.is_habit(value, per_file=feature.per_file, least_files=least_files):
        return None
    family = key.split(".", 1)[0]
    globs = tuple(
        f"{folder}/**/*{suffix}" if folder else f"**/*{suffix}"
        for suffix, _count in evidence.suffixes.get(family, Counter()).most_common(4)
    )
    excludes = _SOURCE_ONLY_EXCLUDES if feature.where == "source" else ()
    return Convention(
        id=id_of(key, value, f"in-{folder}" if folder else ""),
        about=feature.about,
        statement=said,
        scope=", ".join(globs),
        support=counted.values[value],
        exceptions=counted.total - counted.values[value],
        confidence=counted.bound(value),
        examples=counted.examples(value),
        against=counted.against(value),
        since=since,
        check=check_of(key, value),
        include=(f"{folder}/**",) if folder else (),
        exclude=excludes,
        languages=_LANGUAGES[family],
        key=(key, value, folder),
    )


def changed(recent: Tally, before: Tally) -> bool:
    """Whether the code written lately has another habit than the code before it."""
    value = recent.leader()
    if recent.total < RECENT_LEAST or before.total < RECENT_LEAST:
        return False
    return recent.bound(value) > _upper(before, value) + CHANGED


def _upper(tally: Tally, value: str) -> float:
    return 1 - wilson(tally.total - tally.values[value], tally.total)


def shares(later: Tallies, conventions: Iterable[Convention]) -> Mapping[str, tuple[int, int]]:
    """Of each habit, how many choices of other (later) code follow it, and how many there are."""
    found = {}
    for one in conventions:
        key, value, folder = one.key
        if key:
            tally = later.below[folder][key] if folder else later.whole[key]
            found[one.id] = (tally.values[value], tally.total)
    return found
