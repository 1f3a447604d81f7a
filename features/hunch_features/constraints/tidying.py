"""Sentences without the words that only dress a code span up: what it is called, and whose it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BEFORE = (
    r"the|any|a|an|deprecated|raw|bare|plain|direct|global|native|inline|built-in|new|explicit|legacy|old|custom|"
    r"standard|"
    r"manual|"
    r"broad|generic|blanket|relative|additional|python['’]s|node['’]s|typescript['’]s|rust['’]s|direct\s+calls\s+to|calls\s+to|imports\s+of|traditional|"
    r"sphinx-style|rst-style"
)
_AFTER = (
    r"calls?|imports?|types?|statements?|comments?|commands?|flags?|keywords?|functions?|methods?|macros?|"
    r"exports?|modules?|"
    r"packages?|files?|expressions?|blocks?|annotations?|decorators?|hooks?|option|usage|casts?|assertions?|"
    r"operators?|tags?|"
    r"libraries|library|director(?:y|ies)|subdirector(?:y|ies)|(?:sub)?folders?|elements?|components?|syntax|apis?|"
    r"properties|"
    r"attributes?|props?|modifiers?|declarations?|suffix(?:es)?|lints?|itself|singleton|loops?|clauses?|"
    r"constructors?|classes|"
    r"class|interfaces|parameters?|return\s+types?|type\s+annotations?|utility|dependency|dependencies|code|pragmas?|"
    r"chains?|non-?null\s+assertions?(?:\s+operators?)?|double-?casts?|secrets|paths?|directives?|suppressions?|outputs?|artifacts?|contents?|instances?|objects?|helpers?|formatting|string"
)
_MAKERS = (
    r"next\.?js(?:['’]s)?|react(?:['’]s)?|node(?:\.?js)?(?:['’]s)?|express|django(?:['’]s)?|vue(?:['’]s)?|"
    r"jest(?:['’]s)?|vitest(?:['’]s)?"
)
_TIDY = re.compile(
    rf"(?P<before>(?:\b(?:{_BEFORE}|{_MAKERS}|(?<=[a-z]\s)(?-i:[A-Z][A-Za-z.]*[a-z]))\s+)*)⟦(?P<number>\d+)⟧(?P<after>(?:\s+(?:{_AFTER})\b)*)",
    re.IGNORECASE,
)
NO_ORIGIN = re.compile(rf"(?:(?:{_BEFORE}|{_MAKERS})?\s*)*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tidied:
    """A sentence without the words that only dress a span up; what stood before and after each, in lower case."""

    text: str
    before: dict[int, str]
    after: dict[int, str]


def tidied(text: str) -> Tidied:
    """`Never use the raw ⟦0⟧ function` as `Never use ⟦0⟧`."""
    before: dict[int, str] = {}
    after: dict[int, str] = {}

    def replaced(match: re.Match[str]) -> str:
        number = int(match.group("number"))
        before[number], after[number] = match.group("before").lower(), match.group("after").lower()
        return f"⟦{number}⟧"

    return Tidied(_TIDY.sub(replaced, text), before, after)
