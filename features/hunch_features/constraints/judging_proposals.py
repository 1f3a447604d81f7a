"""Whether a model's proposal is any good: safe, in the words of its sentence, right about its own examples, and quiet
on the files of the workspace."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

import msgspec

from hunch_features.constraints.architecture import check_diff, check_structure
from hunch_features.constraints.engine import check_text
from hunch_features.constraints.proposing import Example, Nothing, Proposable, Proposal, read_answer
from hunch_features.constraints.rule import (
    Check,
    ForbidCommand,
    ForbidConstruct,
    ForbidEdit,
    ForbidFile,
    ForbidImport,
    ForbidReference,
    ForbidText,
    LimitLength,
    RequireDocumented,
    RequireHeader,
    RequireNaming,
    RequirePlace,
    Rule,
    kind_of,
)
from hunch_features.constraints.rules_file import pattern_problem
from hunch_features.constraints.statements import Statement


def proposed_rule(rule: Rule, proposal: Proposal, model: str) -> Rule:
    """The rule of a sentence with a proposal's check: only a warning, since nobody has looked at it."""
    return msgspec.structs.replace(
        rule,
        kind=kind_of(proposal.check),
        status="enforced",
        severity="warning",
        check=proposal.check,
        include=rule.include or _globs(rule.folder, proposal.include),
        languages=proposal.languages,
        origin="model",
        why="",
    )


def _globs(folder: str, globs: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{folder}/{glob.lstrip('/')}" if folder else glob for glob in globs)


def fault(rule: Rule, proposal: Proposal, statement: Statement) -> str:
    """Why a proposal is no check of this sentence at all; empty when it is one that people may look at."""
    check = proposal.check
    paths = [*proposal.include, *_paths_of(check), *(one.path for one in (*proposal.breaks, *proposal.keeps))]
    leads_out = next((path for path in paths if _leads_out(path)), None)
    if leads_out is not None:
        return f"the path `{leads_out[:60]}` leads out of the repository"
    if isinstance(check, ForbidText) and (problem := pattern_problem(check)):
        return problem
    if _is_empty(check):
        return "the check names nothing"
    missing = next((word for word in _words_of(check, proposal.include) if not stands_in(word, statement)), None)
    if missing is not None:
        return f"`{missing[:60]}` does not stand in the sentence"
    if type(check).__name__.startswith("Forbid"):
        if not _FORBIDS.search(_said(statement)):
            return "the sentence forbids nothing"
        wanted = next((word for word in _words_of(_without_instead(check), ()) if _is_wanted(word, statement)), None)
        if wanted is not None:
            return f"the sentence recommends `{wanted[:60]}`"
    return ""


def _without_instead(check: Proposable) -> Proposable:
    return msgspec.structs.replace(check, instead="") if hasattr(check, "instead") else check


_DENIES = r"(?:never|not|\w*n['’]t|avoid|no longer|without|stop|cannot|dont|nobody)"


def _is_wanted(word: str, statement: Statement) -> bool:
    """Whether the sentence says to use what a check forbids: "use `x`, not `y`", "`x` instead of `y`"."""
    name = rf"[`\"'“]*{re.escape(word)}(?![\w$])(?:\(\))?[`\"'”]*"
    before = rf"(?<!\w)(?:use|using|prefer|choose|call|always|only|run)\s+(?:the\s+|only\s+|always\s+)?{name}"
    after = rf"{name}\s*,?\s+(?:instead\s+of|over|rather\s+than)\b"
    for match in re.finditer(rf"{before}|{after}", statement.plain, re.IGNORECASE):
        clause = re.split(r"[,;:]\s", statement.plain[: match.start()])[-1]
        if not re.search(rf"\b{_DENIES}(?!\w)", clause, re.IGNORECASE) and not _FORBIDS.search(statement.lead):
            return True
    return False


_CONDITION = re.compile(
    r"\b(?:unless|except|exceptions?|if|when|whenever|while|until|before|after|without|because|since|otherwise|but|"
    r"in\s+case|as\s+long\s+as|where|whether|instead,|to\s+avoid|so\s+that|only|unrelated|unnecessar\w+|needed)\b",
    re.IGNORECASE,
)
_MOST = (
    r"(?:at\s+most|no\s+more\s+than|max(?:imum)?(?:\s+of)?|limit\w*(?:\s+(?:of|to|is))?|longer\s+than|exceed\w*|beyond|"
    r"under|over|within|≤|<=?)"
)


def doubt(proposal: Proposal, statement: Statement) -> str:
    """Why people should look at a proposal that is otherwise fine; empty when there is no reason."""
    check, said = proposal.check, statement.plain
    condition = _CONDITION.search(said)
    if condition is not None:
        return f"the sentence says “{condition.group(0).lower()}”, which the check cannot see"
    if isinstance(check, RequireDocumented | RequireHeader) and re.search(rf"\b{_DENIES}\b", said, re.IGNORECASE):
        return "the sentence denies something, and the check demands something"
    if isinstance(check, LimitLength) and not (
        re.search(rf"{_MOST}\W+(?:\w+\W+){{0,2}}{check.most}\b|\b{check.most}\b[^.;]*\bmax", said, re.IGNORECASE)
        and re.search(_MEASURED[check.of], said, re.IGNORECASE)
    ):
        return "the sentence does not say what the number limits"
    if type(check).__name__.startswith("Forbid") and not isinstance(check, ForbidConstruct):
        for word in _words_of(_without_instead(check), ()):
            if not _is_denied(word, statement, check):
                return f"the sentence does not deny `{word[:60]}` itself"
            narrower = _narrowed(word, statement, bool(proposal.include))
            if narrower:
                return f"the sentence says more with “{narrower}”, which the check does not"
    return ""


_MEASURED = {
    "line": r"\bline|column|character",
    "function": r"function|method",
    "file": r"\bfile|module",
    "parameters": r"param|argument",
}
_USE = r"(?:us|call|import|add|writ|reach|rely|introduc|invok|run|creat|leav)\w*"
_VERBS = {
    ForbidCommand: r"(?:run|us|invok|execut|call|do|push|want)\w*",
    ForbidEdit: r"(?:hand-)?(?:edit|modif|touch|chang|alter|see)\w*",
}
"""How sentences speak of what a check forbids, by its type; `_USE` for all others."""


def _is_denied(word: str, statement: Statement, check: Proposable) -> bool:
    """Whether a word is what the sentence denies: "never use `x`", "no `x`", "instead of `x`", "`x` is not …"."""
    said = statement.plain
    verb = _VERBS.get(type(check), _USE)
    some = r"(?:[`\w'’./-]+\s+){0,3}"
    end = r"[`\"'“]*[\w./*-]*$"
    denied = (
        rf"\b{_DENIES}\s+{some}{verb}\s+{some}{end}|"
        rf"(?:\b(?:no|avoid|over|instead\s+of|rather\s+than)|^\W*not)\s+{some}{end}"
    )
    stands = r"^\W*(?:\w+\s+){0,3}(?:is|are)\s+(?:not|never|forbidden|banned|prohibited)\b"
    for found in re.finditer(rf"(?<![\w$]){re.escape(word)}(?![\w$])", said):
        clause = re.split(r"[,;:.(–—]\s|\s(?:and|then|so)\s", said[: found.start()])[-1]
        if re.search(denied, clause, re.IGNORECASE):
            return True
        rest = re.split(r"[,;:.)–—]\s", said[found.end() :])[0]
        if re.search(stands, rest, re.IGNORECASE):
            return True
    return bool(_FORBIDS.search(statement.lead)) and not _FORBIDS.search(said)


def _narrowed(word: str, statement: Statement, scoped: bool) -> str:
    """A word behind what is forbidden that narrows it: "to", "as"; "in" where the check has no globs."""
    rest = re.split(rf"(?<![\w$]){re.escape(word)}(?![\w$])", statement.plain)[-1]
    place = "" if scoped else r"|in|inside|within|on|under|from"
    found = re.search(rf"(?:^|\s)(to|as|for|with|by|via|into{place})\s", rest, re.IGNORECASE)
    return found.group(1) if found else ""


_FORBIDS = re.compile(
    r"\b(?:never|not|no|nor|neither|avoid|stop|don['’]?t|can['’]?t|cannot|mustn['’]?t|shouldn['’]?t|forbid\w*|ban|"
    r"banned|prohibit\w*|disallow\w*|without|instead|rather|over|only|refrain|remove|drop|deprecated|leave|"
    r"replace)\b|[❌🚫⛔✗✘]",
    re.IGNORECASE,
)


def _said(statement: Statement) -> str:
    """The sentence with what stands above it, which may say "Do not:"."""
    return " ".join((*statement.headings[-1:], statement.lead, statement.plain))


def stands_in(word: str, statement: Statement) -> bool:
    """Whether a name, a number or a part of a path stands in the sentence or right above it, as a whole."""
    return re.search(rf"(?<![\w$])(?<!\w\.){re.escape(word)}(?![\w$]|\.\w)", _said(statement)) is not None


def _is_spoken_of(word: str, statement: Statement) -> bool:
    """The same for a word of plain English, in any case and number: `export` of "default exports"."""
    return re.search(rf"\b{re.escape(word)}(?:e?s)?\b", _said(statement), re.IGNORECASE) is not None


_STYLES: dict[str, str] = {
    "snake_case": r"snake[_ -]?case",
    "camelCase": r"\bcamel[_ -]?case",
    "PascalCase": r"pascal[_ -]?case|upper[_ -]?camel",
    "kebab-case": r"kebab[_ -]?case|dash[_ -]?case",
    "UPPER_CASE": r"upper[_ -]?(?:snake[_ -]?)?case|screaming|all caps",
    "tabs": r"\btabs?\b",
    "spaces": r"\bspaces?\b",
    "docstring": r"docstring|\bdocument",
    "annotations": r"annotat|type hint|\btyped\b",
}
"""Values of a check that a sentence says in other words."""


_SAID_IN_OTHER_WORDS = frozenset({"type", "construct", "of", "style", "what", "where", "within_lines"})
_PATHS = frozenset({"paths", "files", "places"})


def _words_of(check: Proposable, include: Sequence[str]) -> list[str]:
    """What of a check must stand in its sentence: every text and number, whatever fields a check may get."""
    words = [part for glob in (*include, *_paths_of(check)) for part in _fixed_parts(glob)]
    for name, value in msgspec.to_builtins(check).items():
        if name in _SAID_IN_OTHER_WORDS or name in _PATHS or isinstance(value, bool):
            continue
        for one in value if isinstance(value, list | tuple) else [value]:
            if name == "pattern":
                words += _literals(str(one))
            elif name == "text" and isinstance(check, RequireHeader):
                words += re.findall(r"\w+", str(one))
            elif name == "names":
                words.append(_bare(str(one)))
            else:
                words += str(one).split()
    return words


def _bare(name: str) -> str:
    return name.removesuffix(".*").removesuffix("()").removeprefix(".").removesuffix("!") or name


def _literals(pattern: str) -> list[str]:
    """The words that a pattern spells out; a class such as `\\w` and a counted repetition are none."""
    plain = re.sub(r"\\[a-zA-Z]|\[[^\]]*\]|\{[\d,]*\}|\(\?[a-zA-Z:]*", " ", pattern)
    return re.findall(r"\w{2,}", plain)


def _fixed_parts(glob: str) -> list[str]:
    """What of a glob is no wildcard: `src` and `py` of `src/**/*.py`, `package.json` of `**/package.json`."""
    parts = re.split(r"/|\*+\.?|[?\[\]{},]", glob)
    return [part for part in parts if re.search(r"\w", part)]


def _paths_of(check: Proposable) -> tuple[str, ...]:
    return tuple(path for name in sorted(_PATHS) for path in getattr(check, name, ()))


def _leads_out(path: str) -> bool:
    return (
        path.startswith(("/", "~"))
        or "\\" in path
        or ":" in path
        or ".." in PurePosixPath(path).parts
        or any(not char.isprintable() for char in path)
    )


def _is_empty(check: Proposable) -> bool:
    """Whether a check would fit anything: no names, a pattern without a word of its own, a glob of every file."""
    match check:
        case ForbidReference(names=names):
            return not names or any(not re.search(r"\w", name) for name in names)
        case ForbidImport(modules=modules):
            return not modules
        case ForbidText(text=text, pattern=pattern):
            return not text.strip() if text else not _literals(pattern)
        case RequireNaming():
            return not any(value for name, value in msgspec.to_builtins(check).items() if name not in ("type", "of"))
        case ForbidFile() | ForbidEdit() | RequirePlace():
            return any(not _fixed_parts(path) for path in _paths_of(check)) or not _paths_of(check)
    return False


def unanchored_value(check: Proposable, statement: Statement) -> str:
    """A style or construct that a check names and its sentence does not speak of; empty when there is none."""
    value = getattr(check, "style", "") or getattr(check, "what", "")
    if value and not re.search(_STYLES[value], _said(statement), re.IGNORECASE):
        return str(value)
    if isinstance(check, ForbidConstruct) and not all(
        _is_spoken_of(word, statement) for word in check.construct.split("_")
    ):
        return check.construct
    return ""


def example_fault(rule: Rule, proposal: Proposal) -> str:
    """What a proposal's own examples say against it; empty when its check tells them apart."""
    if set(proposal.breaks) & set(proposal.keeps):
        return "one of its examples both breaks and keeps it"
    for example in proposal.breaks:
        if not breaks(rule, example):
            return f"it does not fire on its own example {_shown(example)}"
    for example in proposal.keeps:
        if breaks(rule, example):
            return f"it fires on {_shown(example)}, which should keep it"
    return ""


def _shown(example: Example) -> str:
    text = " ".join(example.text.split())[:40]
    return f"`{text}`" if example.path == "-" else f"`{example.path[:40]}: {text}`"


def breaks(rule: Rule, example: Example) -> bool:
    """Whether an example breaks a rule. Nothing is run, and no file is read."""
    check: Check | None = rule.check
    path = example.path
    if rule.folder and not PurePosixPath(path).is_relative_to(rule.folder):
        path = f"{rule.folder}/{path}"
    match check:
        case ForbidCommand():
            return breaks_command(rule, example.text)
        case ForbidEdit():
            return bool(check_diff([rule], [path]).violations)
        case ForbidFile() | RequirePlace():
            return bool(check_structure([rule], path, example.text, lambda _path: False, ()).violations)
    return bool(check_text([rule], path, example.text).violations)


def breaks_command(rule: Rule, line: str) -> bool:
    """Whether a command line falls under a rule about commands."""
    from hunch_features.guard.commands import falls_under  # noqa: PLC0415 - the guard stands upon constraints
    from hunch_features.guard.in_force import CommandRule  # noqa: PLC0415

    if not isinstance(rule.check, ForbidCommand):
        return False
    try:
        words = shlex.split(line, comments=True)
    except ValueError:
        return False
    if not words:
        return False
    return PurePosixPath(words[0]).name == rule.check.program and falls_under(
        CommandRule(rule, rule.check).forbidden, rule.check.program, words[1:], "/"
    )


Hits = Callable[[Rule], tuple[int, str]]
"""How often a rule fires in the workspace, and why that could not be counted to the end (empty: it could)."""

MOST_HITS = 10
"""A rule that fires in more places is advice until somebody has looked at it."""


def judged(rule: Rule, text: str, statement: Statement, model: str, hits: Hits) -> tuple[Rule | None, str]:
    """The rule that a model's answer makes, enforced or advisory; or None, and why in a few words."""
    answer = read_answer(text)
    if isinstance(answer, str):
        return None, answer
    if isinstance(answer, Nothing):
        return None, f"the model sees no check: {' '.join(answer.why.split())[:120]}"
    problem = fault(rule, answer, statement)
    value = unanchored_value(answer.check, statement)
    if problem or value:
        return None, problem or f"the sentence does not speak of {value}"
    made = proposed_rule(rule, answer, model)
    against = example_fault(made, answer) or doubt(answer, statement)
    if not against:
        count, unfinished = hits(made)
        if unfinished:
            against = unfinished
        elif count > MOST_HITS:
            against = f"it fires in {count if count < COUNTED else f'{COUNTED} or more'} places"
    if against:
        return msgspec.structs.replace(made, status="advisory", why=f"proposed by {model}: {against}"), against
    return made, ""


COUNTED = 100
"""Places are counted up to here."""
