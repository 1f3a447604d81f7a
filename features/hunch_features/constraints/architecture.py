"""Checks on how files stand to each other: who imports whom, what lies where, what changes together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath

from hunch_features.constraints.engine import Checked, Violation, applies, globs_match
from hunch_features.constraints.ignores import ignored_rules
from hunch_features.constraints.imports import Exists, Import, imports_of
from hunch_features.constraints.places import rooted
from hunch_features.constraints.rule import (
    ForbidCycles,
    ForbidDependency,
    ForbidEdit,
    ForbidFile,
    KeepLayers,
    RequirePartner,
    RequirePlace,
    RequireTogether,
    Rule,
)

MAX_CYCLES = 50


def on_disk(root: Path) -> Exists:
    """Whether a file is in a repository, asked of the disk; never outside of it."""

    @lru_cache(maxsize=20_000)
    def exists(path: str) -> bool:
        parts = PurePosixPath(path).parts
        return bool(parts) and ".." not in parts and not path.startswith("/") and (root / path).is_file()

    return exists


def module_roots(root: Path) -> tuple[str, ...]:
    """Folders from which Python modules may be named, besides those above a file: each folder at the top."""
    try:
        return tuple(sorted(entry.name for entry in root.iterdir() if entry.is_dir() and entry.name[0] != "."))[:200]
    except OSError:
        return ()


def check_structure(rules: Sequence[Rule], path: str, text: str, exists: Exists, roots: tuple[str, ...]) -> Checked:
    """What one file breaks of boundaries, layers, places and partners."""
    found: list[Violation] = []
    lines: list[str] = []
    imports: list[Import] | None = None
    for rule in rules:
        if not applies(rule, path):
            continue
        match rule.check:
            case ForbidDependency() | KeepLayers():
                if imports is None:
                    imports = imports_of(path, text, exists, roots)
                    lines = text.split("\n")
                for entry in imports:
                    message = _forbidden(rule.check, path, entry.target)
                    if message:
                        violation = _at(rule, path, text, entry, message)
                        if rule.id not in ignored_rules(lines, violation.line):
                            found.append(violation)
            case RequirePlace() | ForbidFile() | RequirePartner():
                message = _misplaced(rule.check, path, exists)
                if message:
                    found.append(whole_file(rule, path, message))
    return Checked(tuple(found))


def _misplaced(check: RequirePlace | ForbidFile | RequirePartner, path: str, exists: Exists) -> str:
    """Why a file must not be where it is, or not without another one; empty when it may."""
    match check:
        case RequirePlace():
            if globs_match(check.files, path) and not globs_match(check.places, path):
                return f"`{path}` belongs in {_listed(check.places)}"
        case ForbidFile():
            if globs_match(check.paths, path):
                return f"there should be no file `{path}`{f': use `{check.instead}`' if check.instead else ''}"
        case RequirePartner():
            if globs_match(check.files, path):
                partners = [_partner(template, path) for template in check.partners]
                if not any(exists(partner) for partner in partners):
                    return f"there is no {_listed(partners)}"
    return ""


def _forbidden(check: ForbidDependency | KeepLayers, path: str, target: str) -> str:
    """Why an import is not allowed; empty when it is."""
    if isinstance(check, ForbidDependency):
        if globs_match(check.sources, path) and globs_match(check.targets, target):
            return f"`{target}` must not be imported here"
        return ""
    mine, other = _layer(check, path), _layer(check, target)
    if mine is None or other is None or other >= mine:
        return ""
    return f"`{target}` is of a layer above: {check.layers[other]} over {check.layers[mine]}"


def _layer(check: KeepLayers, path: str) -> int | None:
    return next((number for number, glob in enumerate(check.layers) if globs_match((glob,), path)), None)


def _partner(template: str, path: str) -> str:
    pure = PurePosixPath(path)
    folder = pure.parent.as_posix()
    made = template.replace("{dir}", folder).replace("{stem}", pure.stem).replace("{ext}", pure.suffix)
    return str(PurePosixPath(made.removeprefix("./")))


def check_cycles(
    rules: Sequence[Rule], files: Sequence[str], read: Callable[[str], str | None], roots: tuple[str, ...]
) -> Checked:
    """Circles of imports among all files, each told once, at the first of its files by name."""
    chosen = [rule for rule in rules if isinstance(rule.check, ForbidCycles)]
    found: list[Violation] = []
    skipped: list[tuple[str, str]] = []
    texts: dict[str, str] = {}
    edges: dict[str, list[Import]] = {}
    known = frozenset(files)
    for rule in chosen:
        within = rule.check.within if isinstance(rule.check, ForbidCycles) else ()
        members = [path for path in files if applies(rule, path) and (not within or globs_match(within, path))]
        for path in members:
            if path not in edges:
                texts[path] = read(path) or ""
                edges[path] = imports_of(path, texts[path], known.__contains__, roots)
        inside = set(members)
        graph = {path: sorted({entry.target for entry in edges[path]} & inside) for path in members}
        for number, circle in enumerate(_circles(graph)):
            if number >= MAX_CYCLES:
                skipped.append((rule.id, f"more than {MAX_CYCLES} circles"))
                break
            entry = next(entry for entry in edges[circle[0]] if entry.target == circle[1 % len(circle)])
            message = f"a circle of imports: {' -> '.join([*circle, circle[0]])}"
            found.append(_at(rule, circle[0], texts[circle[0]], entry, message))
    return Checked(tuple(found), tuple(skipped))


def _circles(graph: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
    """A shortest circle of each strongly connected part, through its first file by name."""
    for part in _parts(graph):
        first = min(part)
        before: dict[str, str] = {}
        pending = [first]
        while pending and first not in before:
            nearer: list[str] = []
            for path in pending:
                for target in graph[path]:
                    if target in part and target not in before:
                        before[target] = path
                        nearer.append(target)
            pending = nearer
        circle = [before[first]]
        while circle[-1] != first:
            circle.append(before[circle[-1]])
        yield circle[::-1]


def _parts(graph: Mapping[str, Sequence[str]]) -> list[set[str]]:
    """Strongly connected parts of more than one file (Tarjan, without recursion)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    parts: list[set[str]] = []
    for start in sorted(graph):
        if start in number:
            continue
        work = [(start, iter(graph[start]))]
        number[start] = low[start] = len(number)
        stack.append(start)
        waiting.add(start)
        while work:
            node, targets = work[-1]
            for target in targets:
                if target not in number:
                    number[target] = low[target] = len(number)
                    stack.append(target)
                    waiting.add(target)
                    work.append((target, iter(graph[target])))
                    break
                if target in waiting:
                    low[node] = min(low[node], number[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    part: set[str] = set()
                    while not part or node not in part:
                        member = stack.pop()
                        waiting.discard(member)
                        part.add(member)
                    if len(part) > 1:
                        parts.append(part)
    return sorted(parts, key=min)


def check_diff(rules: Sequence[Rule], changed: Sequence[str]) -> Checked:
    """What a change breaks as a whole: files that are not edited by hand, files that change together."""
    found: list[Violation] = []
    for rule in rules:
        if rule.status != "enforced":
            continue
        match rule.check:
            case ForbidEdit():
                globs = tuple(rooted(rule.folder, glob) for glob in rule.check.paths)
                found += [
                    whole_file(rule, path, f"`{path}` is not edited by hand")
                    for path in changed
                    if globs_match(globs, path) and applies(rule, path)
                ]
            case RequireTogether():
                first = next((path for path in changed if globs_match(rule.check.changed, path)), None)
                if first is not None and not any(globs_match(rule.check.also, path) for path in changed):
                    found.append(whole_file(rule, first, f"{_listed(rule.check.also)} must change with it"))
    return Checked(tuple(found))


def whole_file(rule: Rule, path: str, message: str) -> Violation:
    """A violation that is of a file, not of a place in it."""
    return Violation(rule, path, 0, 0, 0, 0, message)


def _at(rule: Rule, path: str, text: str, entry: Import, message: str) -> Violation:
    line, end_line = text.count("\n", 0, entry.start), text.count("\n", 0, entry.end)
    start = entry.start - (text.rfind("\n", 0, entry.start) + 1)
    end = entry.end - (text.rfind("\n", 0, entry.end) + 1)
    return Violation(rule, path, line, start, end_line, end, message)


def _listed(names: Sequence[str]) -> str:
    return " or ".join(f"`{name}`" for name in names[:4])
