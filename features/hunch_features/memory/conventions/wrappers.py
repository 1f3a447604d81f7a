"""Functions of the repository that are called in place of a library's: `paths.safe_join`, not `os.path.join`."""

from __future__ import annotations

import bisect
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple

from hunch_features.constraints.rule import ForbidReference
from hunch_features.memory.conventions.convention import Convention, id_of
from hunch_features.memory.conventions.observation import Call, Definition, Shown
from hunch_features.memory.conventions.tally import spread
from hunch_features.memory.history.cochange import wilson
from hunch_features.memory.paths import Paths
from hunch_features.memory.tokens import split_name

LEAST_USES = 8
LEAST_FILES = 3
LEAST = 0.7
"""Lower bound of the share of places that call the repository's function."""
MOST_LINES = 40
SHORT_LINES = 12
"""A function this short that returns what its one library function gives stands for it, whatever its name."""
NOT_WRAPPED = frozenset({
    "typing", "logging", "functools", "dataclasses", "contextlib", "abc", "warnings", "enum", "pytest", "unittest",
    "collections", "itertools", "operator", "textwrap", "copy", "vitest", "jest", "react", "assert", "node:assert",
    "testing", "errors", "fmt",
})  # fmt: skip
"""Modules whose functions are part of the language, rather."""

_SMALL = re.compile(r"^(?:is|has)[a-z_]|^(?:fspath|fsdecode|fsencode|exists|getcwd|getpid|time|environ|deepcopy)$")
"""Questions and conversions that a function asks on its way to something else."""


class Own(NamedTuple):
    """A function of the repository."""

    path: str
    name: str


class _Place(NamedTuple):
    path: str
    line: int
    inside: str


@dataclass(slots=True)
class _Calls:
    own: defaultdict[Own, list[_Place]] = field(default_factory=lambda: defaultdict(list))
    library: defaultdict[str, list[_Place]] = field(default_factory=lambda: defaultdict(list))
    by_function: defaultdict[Own, dict[str, bool]] = field(default_factory=lambda: defaultdict(dict))
    """The library functions that each function of the repository calls, and whether it returns what they give."""


def learn_wrappers(head: Sequence[Shown]) -> list[Convention]:
    """Habits of this kind in the code at a commit."""
    calls = _resolved(head)
    languages = {shown.path: shown.language for shown in head}
    lengths = {Own(shown.path, one.name): one for shown in head for one in shown.functions}
    best: dict[str, tuple[float, Own, list[_Place], list[_Place]]] = {}
    for own, libraries in calls.by_function.items():
        definition = lengths[own]
        uses = [place for place in calls.own[own] if (place.path, place.inside) != own]
        if len(uses) < LEAST_USES or len({place.path for place in uses}) < LEAST_FILES:
            continue
        for library, returned in libraries.items():
            if not _stands_for(definition, library, only=returned and len(libraries) == 1):
                continue
            others = [place for place in calls.library[library] if (place.path, place.inside) != own]
            bound = wilson(len(uses), len(uses) + len(others))
            if bound >= LEAST and (library not in best or best[library][0] < bound):
                best[library] = (bound, own, uses, others)
    return [_convention(library, languages, *found) for library, found in sorted(best.items())]


def _stands_for(definition: Definition, library: str, *, only: bool) -> bool:
    """Whether a function stands for a library's: by a word of its name, or because that is `only` what it is for."""
    last = library.rsplit(".", 1)[-1]
    lines = definition.end_line - definition.line + 1
    if lines > MOST_LINES:
        return False
    shared = {word for word in split_name(last) if len(word) > 2} & set(split_name(definition.name))
    return bool(shared) or (only and lines <= SHORT_LINES and not _SMALL.match(last))


def _convention(
    library: str, languages: dict[str, str], bound: float, own: Own, uses: list[_Place], others: list[_Place]
) -> Convention:
    path = PurePosixPath(own.path)
    stem = path.parent.name if path.stem in ("__init__", "index") else path.stem
    shown = f"{stem}.{own.name}" if stem else own.name
    return Convention(
        id=id_of("helper", own.name, library),
        about="helpers",
        statement=f"`{shown}` is called, not `{library}`.",
        scope=f"**/*{path.suffix}",
        support=len(uses),
        exceptions=len(others),
        confidence=bound,
        examples=spread(((place.path, place.line) for place in uses), 3),
        against=spread(((place.path, place.line) for place in others), 3),
        check=ForbidReference((library,), instead=shown),
        exclude=(own.path,),
        languages=(languages[own.path],),
        key=(library, own.name, own.path),
    )


def uses(head: Sequence[Shown], conventions: Sequence[Convention]) -> dict[str, tuple[int, int]]:
    """Of each habit, how many places in some code call the repository's function, and how many the library's."""
    calls = _resolved(head)
    found = {}
    for one in conventions:
        library, own = one.key[0], Own(one.key[2], one.key[1])
        ours, theirs = (
            sum((place.path, place.inside) != own for place in places)
            for places in (calls.own.get(own, ()), calls.library.get(library, ()))
        )
        found[one.id] = (ours, theirs)
    return found


def _resolved(head: Sequence[Shown]) -> _Calls:
    """Calls by what they call, each with the top-level function that it stands in."""
    paths = Paths(shown.path for shown in head)
    functions = {shown.path: {one.name for one in shown.functions} for shown in head}
    packages = {
        (str(PurePosixPath(shown.path).parent), one.name): shown.path
        for shown in head
        if shown.language == "go"
        for one in shown.functions
    }
    calls = _Calls()
    known: dict[tuple[str, str, str], str | None] = {}
    for shown in head:
        ordered = sorted(shown.functions, key=lambda one: one.line)
        starts = [one.line for one in ordered]
        for call in shown.calls:
            at = bisect.bisect_right(starts, call.line) - 1
            inside = ordered[at].name if at >= 0 and call.line <= ordered[at].end_line else ""
            place = _Place(shown.path, call.line, inside)
            found = _target(shown, call, paths, known)
            if isinstance(found, Own):
                if shown.language == "go":  # a package's files share their functions
                    home = packages.get((str(PurePosixPath(found.path).parent), found.name))
                    found = Own(home, found.name) if home is not None else found
                if found.name in functions.get(found.path, ()):
                    calls.own[found].append(place)
            elif found:
                calls.library[found].append(place)
                if inside and not shown.is_test:
                    wrapped = calls.by_function[Own(shown.path, inside)]
                    wrapped[found] = wrapped.get(found, False) or call.returned
    return calls


def _target(shown: Shown, call: Call, paths: Paths, known: dict[tuple[str, str, str], str | None]) -> Own | str | None:
    """The function of this repository or the dotted name of the library's that a call is of."""
    if not call.module:
        return Own(shown.path, call.name)
    first, _, rest = call.name.partition(".")

    def file_of(module: str) -> str | None:
        if shown.language == "python" and module.split(".", 1)[0] in sys.stdlib_module_names:
            return None  # even where the repository has a file of that name
        key = (shown.language, module, str(PurePosixPath(shown.path).parent))
        if key not in known:
            known[key] = paths.imported(shown.language, module, shown.path)
        return known[key]

    if rest and shown.language == "python":
        joined = f"{call.module}{first}" if call.module.endswith(".") else f"{call.module}.{first}"
        if (path := file_of(joined)) is not None:
            return Own(path, rest)
    if (path := file_of(call.module)) is not None:
        return Own(path, first)
    if call.module.startswith(".") or call.module.split(".", 1)[0] in NOT_WRAPPED or "/" in call.module:
        return None
    if not call.name or call.name.startswith("_") or "._" in call.name:
        return None
    return f"{call.module.removeprefix('node:')}.{call.name}"
