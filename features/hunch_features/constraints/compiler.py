"""From statements to rules: a check where the sentence is understood to its end, else a status and the reason."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hunch_features.constraints import plain
from hunch_features.constraints.rule import (
    Check,
    ForbidCommand,
    ForbidConstruct,
    ForbidEdit,
    ForbidImport,
    ForbidReference,
    ForbidText,
    Place,
    Rule,
    Status,
    kind_of,
)
from hunch_features.constraints.sentences import Demand, demand_of
from hunch_features.constraints.spans import PACKAGE_MANAGERS, Span, classify
from hunch_features.constraints.statements import Statement

# Words that make a sentence a candidate for a rule at all.
_MODAL = re.compile(
    r"\b(?:never|do\s+not|don['’]t|must|always|should(?:n['’]t)?|avoid|prefer|forbidden|banned|prohibited|not\s+allowed|"
    r"disallowed|required?|shall|ensure|make\s+sure|only)\b|^\W*(?:no|use|keep|write|add|run|name|place|put)\b",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"\b(?:never|must|do\s+not|don['’]t|forbidden|banned|prohibited|not\s+allowed|required|always)\b", re.IGNORECASE
)
_MEASURABLE = re.compile(
    r"⟦\d+⟧|\b\d+\b|\b(?:import|export|type|test|file|function|class|comment|commit|command|line)s?\b", re.IGNORECASE
)

FUNCTIONS = frozenset(
    {"alert", "atob", "breakpoint", "eval", "exec", "execfile", "print", "printf", "println", "sprintf"}
)
"""Lone lower-case words that are surely functions."""
MODULES = frozenset(
    {"asyncio", "axios", "jquery", "lodash", "marshal", "moment", "multiprocessing", "numpy", "pandas", "pickle",
     "requests", "shelve", "subprocess", "threading", "underscore", "unittest", "urllib3"}
)  # fmt: skip
"""Lone lower-case words that are surely modules."""

WRONG_NOTHING = "it cannot be said what exactly is forbidden"


def compile_statements(statements: Sequence[Statement]) -> list[Rule]:
    """Rules of all statements that are candidates; others are prose and left out."""
    rules: list[Rule] = []
    for statement in statements:
        rules += compile_statement(statement)
    return rules


def compile_statement(statement: Statement) -> list[Rule]:
    """The rules of one sentence: none for prose, several where it forbids things of several kinds."""
    demand = demand_of(statement.text)
    if demand is not None:
        return _rules_of(statement, demand)
    found = plain.check_of(statement)
    if found is not None:
        return [
            _enforced(statement, found.check, 0, found.include, found.exclude, found.languages, strict=found.strict)
        ]
    if not _MODAL.search(statement.text):
        return []
    if not _MEASURABLE.search(statement.text):
        return [_not_enforced(statement, "vague", "it names nothing that a check could look at")]
    strong = _STRONG.search(statement.text) is not None
    return [
        _not_enforced(
            statement,
            "unsupported" if strong else "advisory",
            "no pattern understands the whole sentence" if strong else "a wish, not a rule",
        )
    ]


def _rules_of(statement: Statement, demand: Demand) -> list[Rule]:
    spans = [classify(statement.spans[number], verb=demand.verb) for number in demand.objects]
    if demand.problem:
        return [_not_enforced(statement, "unsupported", demand.problem)]
    places = _globs(statement, demand.in_places)
    excluded = _globs(statement, demand.not_in_places)
    if places is None or excluded is None:
        return [_not_enforced(statement, "unsupported", "its scope is not understood")]
    good = statement.spans[demand.good] if demand.good is not None else ""
    checks = _checks(_alike(spans, good), good, demand.verb)
    if checks is None:
        return [_not_enforced(statement, "unsupported", WRONG_NOTHING)]
    return [
        _enforced(
            statement,
            check,
            number,
            (*demand.include, *places),
            (*demand.exclude, *excluded),
            demand.languages,
            strict=demand.strict,
        )
        for number, check in enumerate(checks)
    ]


def _alike(spans: Sequence[Span], good: str) -> list[Span]:
    """`npm` beside `pnpm` is a command, even where the sentence has no verb for running."""
    wanted = good.split(" ", 1)[0]
    commands = wanted in PACKAGE_MANAGERS or any(span.kind == "command" for span in spans)
    return [
        classify(span.text, verb="run") if commands and span.text.split(" ", 1)[0] in PACKAGE_MANAGERS else span
        for span in spans
    ]


def _checks(spans: Sequence[Span], good: str, verb: str) -> list[Check] | None:
    """Checks for all objects, those of one kind together; None when one object is not understood."""
    names: list[str] = []
    modules: list[str] = []
    paths: list[str] = []
    checks: list[Check] = []
    for span in spans:
        if span.kind == "path" and verb in ("edit", "modify", "touch", "change", "commit"):
            paths.append(_glob(span.text))
        elif span.kind == "module" or (span.kind == "name" and span.text in MODULES and verb != "call"):
            modules.append(span.text)
        elif span.kind == "name" and (_is_code_name(span.text) or span.text in FUNCTIONS or verb in ("call", "invoke")):
            names.append(span.text)
        else:
            check = _single(span, good)
            if check is None:
                return None
            checks.append(check)
    if names:
        checks.append(ForbidReference(tuple(names), good))
    if modules:
        checks.append(ForbidImport(tuple(modules), good))
    if paths:
        checks.append(ForbidEdit(tuple(paths)))
    return checks or None


def _single(span: Span, good: str) -> Check | None:
    """The check of an object that has one of its own."""
    match span.kind:
        case "construct":
            return ForbidConstruct(span.text, good)
        case "directive":
            return ForbidText(text=span.text, where="comment", instead=good)
        case "snippet":
            return ForbidText(pattern=_loose(span.text), where="code", instead=good)
        case "command" | "flag" if span.program:
            return ForbidCommand(span.program, span.words, good)
    return None


def _is_code_name(text: str) -> bool:
    """Whether a name is surely one of code: a lone lower-case word without brackets could be anything."""
    return bool(re.search(r"[.(!:]|[a-z][A-Z]|^[A-Z][A-Za-z0-9]*[a-z]|_|\$", text))


def _loose(text: str) -> str:
    """A pattern for a piece of code in which blanks do not matter."""
    tokens = re.findall(r"\w+|[^\w\s]", text)
    return r"\s*".join(re.escape(token) for token in tokens)


def _globs(statement: Statement, numbers: Sequence[int]) -> tuple[str, ...] | None:
    """Globs of the places that a sentence names; None when one of them is no path."""
    found: list[str] = []
    for number in numbers:
        span = classify(statement.spans[number], verb="edit")
        if span.kind != "path":
            return None
        glob = _glob(span.text)
        found.append(f"{statement.folder}/{glob}" if statement.folder else glob)
    return tuple(found)


def _glob(path: str) -> str:
    path = path.removeprefix("./").lstrip("/")
    if path.endswith("/"):
        return f"{path}**" if "/" in path[:-1] else f"**/{path}**"
    if "/" not in path:
        return f"**/{path}"
    last = path.rsplit("/", 1)[-1]
    return path if "." in last or "*" in last else f"{path}/**"


def _enforced(
    statement: Statement,
    check: Check,
    number: int,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    languages: tuple[str, ...],
    *,
    strict: bool,
) -> Rule:
    return Rule(
        id=statement.id if number == 0 else f"{statement.id}.{number + 1}",
        kind=kind_of(check),
        status="enforced",
        text=statement.plain,
        source=Place(statement.path, statement.line),
        check=check,
        severity="error" if strict else "warning",
        folder=statement.folder,
        include=include or statement.include,
        exclude=exclude,
        languages=languages,
    )


def _not_enforced(statement: Statement, status: Status, why: str) -> Rule:
    return Rule(
        id=statement.id,
        kind="semantic",
        status=status,
        text=statement.plain,
        source=Place(statement.path, statement.line),
        folder=statement.folder,
        why=why,
    )
