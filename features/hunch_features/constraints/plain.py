"""Rules that are said without code spans: limits, indentation, names, and constructs that have English names."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hunch_features.constraints.rule import (
    Check,
    ForbidCommand,
    ForbidConstruct,
    ForbidText,
    LimitLength,
    RequireDocumented,
    RequireIndent,
    RequireNaming,
)
from hunch_features.constraints.statements import Statement

EMOJI = r"[\x{1F300}-\x{1FAFF}\x{2600}-\x{27BF}\x{1F1E6}-\x{1F1FF}]"
NEVER = r"(?:never(?:\s+use)?|do\s+not\s+use|don['’]t\s+use|no|must\s+not\s+use|avoid(?:\s+using)?)"


@dataclass(frozen=True, slots=True)
class Found:
    """A check with its scope."""

    check: Check
    strict: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


Make = Callable[[re.Match[str]], Found | None]

STYLES = {
    "snake": "snake_case",
    "camel": "camelCase",
    "pascal": "PascalCase",
    "kebab": "kebab-case",
    "upper": "UPPER_CASE",
    "screaming": "UPPER_CASE",
}
CONSTRUCTS = {
    "default exports": "default_export",
    "default export": "default_export",
    "wildcard imports": "wildcard_import",
    "star imports": "wildcard_import",
    "wildcard exports": "wildcard_export",
    "non-null assertions": "non_null_assertion",
    "bare except": "bare_except",
    "bare excepts": "bare_except",
    "relative imports": "relative_import",
    "nested ternaries": "nested_ternary",
    "nested ternary operators": "nested_ternary",
    "global variables": "global_statement",
}


def _strict(match: re.Match[str]) -> bool:
    return not re.search(r"\bavoid|\bprefer|\bshould\b", match.group(0), re.IGNORECASE)


def _naming(match: re.Match[str]) -> Found | None:
    target, style = match.group("target").lower(), STYLES[match.group("style").lower()]
    of = {
        "file": "file",
        "clas": "class",
        "func": "function",
        "vari": "variable",
        "cons": "constant",
        "meth": "function",
    }
    kind = of.get(target[:4])
    return Found(RequireNaming(kind, style), _strict(match)) if kind else None  # type: ignore[arg-type]


def _construct(match: re.Match[str]) -> Found | None:
    name = CONSTRUCTS.get(" ".join(match.group("what").lower().split()))
    return Found(ForbidConstruct(name), _strict(match)) if name else None


_STYLE = r"(?P<style>snake|camel|pascal|kebab|upper|screaming)[-_ ]?(?:snake[-_ ]?)?case"
_TARGET = (
    r"(?P<target>files?(?:\s*names?)?|classes|class\s+names|functions?(?:\s+names)?|variables?(?:\s+names)?|"
    r"constants?|methods?)"
)

PATTERNS: tuple[tuple[re.Pattern[str], Make], ...] = tuple(
    (re.compile(rf"^{pattern}$", re.IGNORECASE), make)
    for pattern, make in (
        (
            r"(?:(?:max(?:imum)?|keep)\s+)?(?:the\s+)?lines?(?:\s+length)?\s*(?:must|should)?\s*(?:be|is|are|of|:|limit|limited\s+to|"
            r"under|below|within|at\s+most|no\s+longer\s+than|to|shorter\s+than|\s)*\s*(?P<n>\d{2,3})\s*(?:characters?|chars?|columns?|cols)?"
            r"(?:\s+(?:per\s+line|max(?:imum)?|or\s+(?:less|fewer)))?",
            lambda match: Found(LimitLength("line", int(match.group("n"))), _strict(match)),
        ),
        (
            r"(?:max(?:imum)?\s+)(?P<n>\d{2,3})\s*(?:characters?|chars?|columns?)\s+(?:per|a)\s+line",
            lambda match: Found(LimitLength("line", int(match.group("n")))),
        ),
        (
            r"(?:keep\s+)?(?P<of>files?|functions?|methods?)\s*(?:must|should)?\s*(?:be|stay|under|below|at\s+most|no\s+(?:longer|more)\s+than|"
            r"shorter\s+than|not\s+exceed|\s)+\s*(?:~|about\s+)?(?P<n>\d{2,4})\s+lines(?:\s+(?:of\s+code|long|max))?",
            lambda match: Found(
                LimitLength(
                    "file" if match.group("of").lower().startswith("file") else "function", int(match.group("n"))
                ),
                _strict(match),
            ),
        ),
        (rf"(?:use\s+)?{_STYLE}\s+for\s+(?:all\s+)?{_TARGET}", _naming),
        (rf"(?:name\s+)?{_TARGET}\s*(?:must|should)?\s*(?:be|are|use|in|:|named|\s)*\s*{_STYLE}", _naming),
        (
            r"(?:always\s+)?(?:use|indent\s+with)\s+(?P<style>tabs|spaces)"
            r"(?:\s*,?\s*(?:not|never|instead\s+of|rather\s+than)\s+(?:tabs|spaces))?"
            r"(?:\s+for\s+indentation)?",
            lambda match: Found(RequireIndent("tabs" if match.group("style").lower() == "tabs" else "spaces")),
        ),
        (rf"{NEVER}\s+tabs(?:\s+for\s+indentation)?", lambda _: Found(RequireIndent("spaces"))),
        (
            rf"{NEVER}\s+emojis?(?:\s+(?:in\s+)?(?:code|comments|source|anywhere|the\s+code(?:base)?|code\s+or\s+comments))*",
            lambda match: Found(ForbidText(pattern=EMOJI), _strict(match)),
        ),
        (
            r"(?:never|do\s+not|don['’]t)\s+(?:ever\s+)?force[-\s]push(?:\s+(?:at\s+all|anywhere))?",
            lambda _: Found(ForbidCommand("git", ("push", "--force"))),
        ),
        (
            r"(?:never|do\s+not|don['’]t)\s+(?:ever\s+)?push\s+(?:directly\s+)?to\s+(?:the\s+)?(?P<branch>main|master)(?:\s+branch)?",
            lambda match: Found(ForbidCommand("git", ("push", match.group("branch").lower()))),
        ),
        (
            r"(?:all\s+)?(?:public\s+)?functions?(?:\s+and\s+(?:classes|methods))?\s+(?:must|need\s+to)\s+have\s+(?:a\s+)?docstrings?",
            lambda _: Found(RequireDocumented("docstring"), languages=("python",)),
        ),
        (
            r"(?:always\s+use\s+)?type\s+(?:hints|annotations)\s+(?:are\s+)?(?:required|mandatory)(?:\s+(?:on|for)\s+(?:all\s+)?functions?)?",
            lambda _: Found(RequireDocumented("annotations"), languages=("python",)),
        ),
        (
            rf"{NEVER}\s+(?P<what>[a-z][a-z\- ]+?)"
            r"(?:\s+(?:anywhere|at\s+all|in\s+(?:this|the)\s+(?:codebase|project|repository)))?",
            _construct,
        ),
    )
)


def check_of(statement: Statement) -> Found | None:
    """The check of a sentence without code spans; None where no pattern covers the whole of it."""
    body = re.sub(r"^[\s>*_\-–—•]+(?=[A-Za-z])", "", statement.text)
    body = re.sub(r"⟦(\d+)⟧", lambda match: statement.spans[int(match.group(1))], body)
    body = re.split(r"\s+[-–—]\s+|\s*\(", body, maxsplit=1)[0]
    body = body.strip().rstrip(".!").strip()
    for pattern, make in PATTERNS:
        match = pattern.match(body)
        if match is not None:
            return make(match)
    return None
