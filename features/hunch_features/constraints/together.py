"""Rules about files that change together: "when you change `a`, update `b`"."""

from __future__ import annotations

import re

from hunch_features.constraints.found import Found
from hunch_features.constraints.places import glob
from hunch_features.constraints.rule import RequireTogether
from hunch_features.constraints.scopes import LIST, numbers_of
from hunch_features.constraints.spans import classify

_CHANGE = r"(?:chang|modify|modifi|edit|updat|touch|alter)(?:e|es|ing|ed|y|s)?"
_FILES = r"(?:\s+(?:files?|director(?:y|ies)|folders?))?"
_IN = r"(?:(?:any|the|a|anything|files?|code|something|types?|schemas?)\s+)*(?:(?:in|under|inside|within)\s+)?"
_ALSO = r"(?:you\s+)?(?:must\s+|should\s+|also\s+|always\s+|please\s+|make\s+sure\s+to\s+|remember\s+to\s+)*"
_SENTENCES = tuple(
    re.compile(
        rf"^(?:{pattern})(?P<tail>(?:\s*[-–—;:.(].*|\s+(?:accordingly|as\s+well|too|to\s+match|in\s+the\s+same\s+(?:pr|"
        r"commit|change)|together|in\s+sync|with\s+it)\b.*)?)$",
        re.IGNORECASE,
    )
    for pattern in (
        rf"(?:when|whenever|if|after|every\s+time|any\s+time)\s+(?:you\s+|we\s+)?(?:ever\s+)?{_CHANGE}\s+{_IN}(?P<changed>{LIST})"
        rf"{_FILES}\s*,?\s*(?:then\s+)?{_ALSO}(?:update|change|edit|modify|sync|adjust)\s+(?:also\s+)?(?:the\s+)?(?P<also>{LIST})"
        rf"{_FILES}",
        rf"(?:when|whenever|if)\s+{_IN}(?P<changed>{LIST}){_FILES}\s+(?:changes?|is\s+changed|are\s+changed|is\s+modified)\s*,?\s*"
        rf"{_ALSO}(?:update|change|edit|modify|sync|adjust)\s+(?:also\s+)?(?:the\s+)?(?P<also>{LIST}){_FILES}",
        rf"(?:any\s+|all\s+)?changes?\s+(?:to|in)\s+{_IN}(?P<changed>{LIST}){_FILES}\s+(?:must|should|require[sd]?|need[s]?)\s+"
        rf"(?:to\s+)?(?:also\s+)?(?:be\s+(?:accompanied\s+by|reflected\s+in|mirrored\s+in|synced\s+to)|update|an?\s+update\s+"
        rf"(?:to|of|in)|updates?\s+(?:to|of|in)|updating|include|changes?\s+(?:to|in))\s+(?:updates?\s+(?:to|in)\s+|changes?\s+"
        rf"(?:to|in)\s+)?(?:the\s+)?(?P<also>{LIST}){_FILES}",
        rf"{_ALSO}(?:update|change|edit|modify|sync)\s+(?P<also>{LIST}){_FILES}\s+(?:when|whenever|if|every\s+time)\s+(?:you\s+"
        rf"{_CHANGE}\s+{_IN}(?P<changed>{LIST}){_FILES}|{_IN}(?P<these>{LIST}){_FILES}\s+changes?)",
    )
)
_NARROWS = re.compile(r"\b(?:unless|except|if|only|but|when)\b", re.IGNORECASE)


def found_of(text: str, spans: tuple[str, ...]) -> Found | None:
    """The check of a sentence about two files; None where it says more, or where one is no path."""
    for pattern in _SENTENCES:
        match = pattern.match(text)
        if match is None or _NARROWS.search(match.group("tail")):
            continue
        groups = match.groupdict()
        changed = _globs(groups.get("changed") or groups.get("these") or "", spans)
        also = _globs(groups["also"], spans)
        if changed and also and not set(changed) & set(also):
            strict = not re.search(r"\bshould\b", text, re.IGNORECASE)
            each = [also] if re.search(r"\bor\b", groups["also"]) else [(one,) for one in also]
            checks = [RequireTogether(changed, one) for one in each]
            return Found(checks[0], strict, also=tuple(checks[1:]))
    return None


def _globs(names: str, spans: tuple[str, ...]) -> tuple[str, ...]:
    found = [classify(spans[number], verb="edit") for number in numbers_of(names)]
    if not all(span.kind == "path" and re.search(r"[/.]", span.text) for span in found):
        return ()
    return tuple(glob(span.text) for span in found)
