"""The canonical form of a compiled check, in the words in which the labels are written."""

from __future__ import annotations

import msgspec

from hunch_features.constraints.places import GENERATED, LOCKFILES, VENDORED
from hunch_features.constraints.rule import (
    CheckMessage,
    ForbidCommand,
    ForbidConstruct,
    ForbidDependency,
    ForbidEdit,
    ForbidFile,
    ForbidImport,
    ForbidReference,
    ForbidText,
    LimitLength,
    RequireIndent,
    RequireNaming,
    Rule,
)
from hunch_features.constraints.wording import TEST_GLOBS

GROUPS = {GENERATED: "generated", LOCKFILES: "lockfiles", VENDORED: "vendored"}


def demands_of(rule: Rule) -> list[str]:
    """One form for each thing that a rule forbids or requires, with its scope."""
    scope = _scope("in", rule.include) + _scope("not", rule.exclude)
    return [f"{form}{scope}" for form in _forms(rule)]


def _forms(rule: Rule) -> list[str]:
    check = rule.check
    match check:
        case ForbidReference():
            only = " @global" if check.unless_imported else ""
            return [f"reference {name}{only}" for name in check.names]
        case ForbidImport() if check.names:
            return [f"import-name {name} from {module}" for module in check.modules for name in check.names]
        case ForbidImport():
            return [f"import {module}" for module in check.modules]
        case ForbidConstruct():
            return [f"construct {check.construct}"]
        case ForbidText():
            return [f"text {check.text}" if check.text else f"pattern {check.pattern}"]
        case ForbidCommand():
            without = f" without {' or '.join(check.unless)}" if check.unless else ""
            return [" ".join(("command", check.program, *check.words)) + without]
        case CheckMessage():
            said = {"forbid": check.forbid, "require": check.require, "subject": check.subject_most}
            return [f"{check.of}-message {name} {value}" for name, value in said.items() if value]
        case ForbidEdit() if check.paths in GROUPS:
            return [f"edit {GROUPS[check.paths]}"]
        case ForbidEdit():
            return [f"edit {short(path)}" for path in check.paths]
        case ForbidFile():
            return [f"forbid-file {short(path)}" for path in check.paths]
        case ForbidDependency():
            return [f"dependency {short(a)} -> {short(b)}" for a in check.sources for b in check.targets]
        case LimitLength():
            return [f"limit {check.of} {check.most}"]
        case RequireNaming() if check.prefix or check.suffix:
            named = f"prefix {check.prefix}" if check.prefix else f"suffix {check.suffix}"
            return [f"naming {check.of} {'never ' if check.never else ''}{named}"]
        case RequireNaming():
            return [f"naming {check.of} {check.style}"]
        case RequireIndent():
            return [f"indent {check.style}"]
    return [msgspec.json.encode(check).decode()]


def _scope(word: str, globs: tuple[str, ...]) -> str:
    if not globs:
        return ""
    rest = [short(glob) for glob in globs if glob not in TEST_GLOBS]
    named = ["tests"] if set(TEST_GLOBS) <= set(globs) else [short(glob) for glob in globs if glob in TEST_GLOBS]
    return f" @{word} {', '.join([*named, *rest])}"


def short(glob: str) -> str:
    """A glob as people write the path: `dist/` for `**/dist/**`."""
    return glob.removeprefix("**/").removesuffix("**")
