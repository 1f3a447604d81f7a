"""Whether headings, the line above a list and labels narrow a rule: what is general must be said of everything.

`console.log` means the same under every heading. A style, or a name that could be anything, is understood only under
headings whose words say nothing but that rules follow.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from hunch_features.constraints.objects import FUNCTIONS
from hunch_features.constraints.residue_words import GENERAL_TOPICS, TOPICS
from hunch_features.constraints.rule import (
    Check,
    ForbidCommand,
    ForbidConstruct,
    ForbidCycles,
    ForbidEdit,
    ForbidReference,
    ForbidText,
    LimitLength,
    RequireDocumented,
    RequireHeader,
    RequireIndent,
    RequireNaming,
)
from hunch_features.constraints.wording import LANGUAGES, TEST_GLOBS

_STYLES = (LimitLength, RequireNaming, RequireIndent, RequireHeader, RequireDocumented)
_STYLE_CONSTRUCTS = frozenset(
    {"double_quotes", "single_quotes", "semicolon", "missing_semicolon", "missing_trailing_comma", "missing_braces",
     "missing_return_type", "string_concatenation", "double_backticks", "function_expression",
     "function_declaration", "import_with_extension", "import_without_extension"}
)  # fmt: skip
_UNMISTAKABLE = frozenset(
    {"any_type", "as_any", "double_cast", "non_null_assertion", "bare_except", "broad_except", "debugger",
     "var_declaration", "mutable_default", "loose_equality", "fstring_logging", "inline_style", "enum_declaration",
     "const_enum", "nested_ternary", "type_cast", "unsafe_block", "unused_import", "commonjs", "unprefixed_builtin",
     "percent_format", "format_call", "goto", "implicit_optional"}
)  # fmt: skip
"""Constructs that mean the same wherever they are spoken of."""
_BARE = re.compile(r"^\W*⟦\d+⟧\s*(?:,|\(|[-–—])?\s*\(?(?:not|never|over)\b", re.IGNORECASE)
_PLACE = re.compile(
    r"\b(?:tests?|files?|modules?|components?|handlers?|services?|scripts?|routes?|pages?|packages?|layers?|keys?|endpoints?|"
    r"controllers?|models?|migrations?|templates?|stories|workflows?)$",
    re.IGNORECASE,
)
"""Labels that name a part of the code."""
_PART = re.compile(
    r"^\W*(?:the\s+)?(?:backend|front-?end|back-?end|server(?:-side)?|client(?:-side)?|api|cli|web|mobile|ios|android|desktop|ui|sdk|docs?|"
    r"database|infra(?:structure)?|components?|hooks?|pages?|routes?|services?|controllers?|models?|migrations?|scripts?|stories|"
    r"handlers?|middleware|workers?)(?:\s+(?:code|layer|files?|package|app|rules|guidelines|conventions|style|standards|patterns|"
    r"development))*\W*$",
    re.IGNORECASE,
)
"""Headings and labels that are the name of a part."""
_FIRM = re.compile(r"[.:(!]|^\W*@")
_ELEMENT = re.compile(r"^<\\s\*[A-Z]")


def narrowing(
    text: str,
    headings: Sequence[str],
    labels: Sequence[str],
    checks: Sequence[Check],
    include: Sequence[str],
    languages: Sequence[str],
) -> str:
    """The heading or label that may narrow the checks of a sentence; empty where none does.

    `labels` stand in front of the sentence or its list. The first heading is the title of the file.
    """
    level = max(generality(check) for check in checks)
    if _BARE.match(text) and not isinstance(checks[0], ForbidCommand | ForbidEdit):
        level = max(level, 1)  # "`a`, not `b`" says what something is called, and the heading tells what
    if not isinstance(checks[0], ForbidCommand | ForbidEdit) and not include:
        part = next((words for words in (*headings[1:][-1:], *labels) if _PART.match(words)), "")
        if part:
            return part
    if level == 0:
        return next(
            (label for label in labels if _PLACE.search(label) and not _known(label, TOPICS | GENERAL_TOPICS)), ""
        )
    known = TOPICS if level == 2 else TOPICS | GENERAL_TOPICS
    if set(TEST_GLOBS) <= set(include):
        known = known | {"test", "testing", "unit", "integration", "e2e", "writing"}
    known = known | {name for name, group in LANGUAGES.items() if languages and group[0] in languages}
    spoken = set(re.findall(r"[a-z]+", f"{text} {' '.join(map(_spelt, checks))}".lower()))
    return next((words for words in (*headings[1:], *labels) if not _known(words, known | spoken)), "")


def _known(words: str, known: frozenset[str]) -> bool:
    return all(_any_of(word, known) for word in re.findall(r"[a-z][a-z+#]*", words.lower()))


def _any_of(word: str, known: frozenset[str]) -> bool:
    forms = {word, *(word.removesuffix(ending) for ending in ("s", "es", "ing")), f"{word.removesuffix('ies')}y"}
    return len(word) == 1 or not forms.isdisjoint(known)


def _spelt(check: Check) -> str:
    return re.sub(r"([a-z])([A-Z])|_", r"\1 \2", str(check))


def generality(check: Check) -> int:
    """2: a style, said of some language or part; 1: a name or construct that could be one of many; 0: unmistakable."""
    if isinstance(check, _STYLES):
        return 2
    if isinstance(check, ForbidConstruct):
        return 2 if check.construct in _STYLE_CONSTRUCTS else int(check.construct not in _UNMISTAKABLE)
    if isinstance(check, ForbidReference):
        return int(any(not _FIRM.search(name) and name not in FUNCTIONS for name in check.names))
    if isinstance(check, ForbidText):
        return int(_ELEMENT.match(check.pattern) is not None)
    return int(isinstance(check, ForbidCycles))
