"""Rules about what is written into commits and pull requests: their form, their length, what they must not hold."""

from __future__ import annotations

import re
from typing import Literal

from hunch_features.constraints.found import Found
from hunch_features.constraints.phrases import EMOJI, MARK
from hunch_features.constraints.rule import CheckMessage
from hunch_features.constraints.wording import NEVER, RATHER_NOT

CONVENTIONAL = r"^[A-Za-z][\w-]*(?:\([^()]+\))?!?: \S"
"""Conventional Commits 1.0.0, rules 1, 4, 5 and 13; any word is taken for a type."""
ATTRIBUTION = (
    r"(?im)^(?:co-authored-by|assisted-by|generated-by):.*(?:noreply@|\[bot\]|\bbot\b|\bai\b|agent|assistant|copilot)|"
    r"^\W*(?:generated|created|made|written)\s+(?:with|by|using)\s+\W*(?:ai\b|an?\s+ai\b|\[)"
)
"""Trailers and lines that tools put in for themselves."""

_WHAT = (
    r"(?:(?:all|the|every|your|our|git)\s+)*(?P<what>commits?(?:\s+(?:messages?|subjects?|titles?|descriptions?))?|"
    r"(?:pr|pull[- ]request)s?(?:\s+(?:titles?|descriptions?|bod(?:y|ies)|texts?))?)"
)
_SUBJECT = (
    r"(?:(?:the|a|each|every)\s+)*(?:(?:first|subject|header|title|summary)\s+lines?(?:\s+of\s+(?:the\s+)?commit(?:\s+"
    r"messages?)?)?|(?:commit\s+)?(?:subjects?|titles?|summar(?:y|ies)|headers?|descriptions?)(?:\s+lines?)?|"
    r"commit\s+messages?)"
)
_MUST = r"(?:(?:must|should|always|have\s+to|need\s+to|to)\s+)*"
_FORM = (
    r"(?:the\s+)?\[?conventional[- ]commits?\]?(?:\(\S+\))?(?:\s+(?:messages?|specification|spec|format|formats|style|"
    r"convention|conventions|standard|prefix(?:es)?|types?|titles?|syntax|guidelines|v?1\.0(?:\.0)?))*"
)
_FORMED = tuple(
    re.compile(
        rf"^(?:{pattern})(?P<tail>(?:\s*[:(,–—-].*|\s+(?:for|in|on|with|when|as|e\.g|like|such)\b.*)?)$", re.IGNORECASE
    )
    for pattern in (
        rf"{_WHAT}\s+{_MUST}(?:follows?|use|uses|be|are|adhere\s+to|conform\s+to|respect|in)\s+(?:in\s+)?{_FORM}",
        rf"(?:always\s+|we\s+|this\s+(?:project|repo(?:sitory)?)\s+|please\s+)*(?:use|uses|follow|follows|write|adopt|"
        rf"adhere\s+to)\s+{_FORM}(?:\s+(?:for|in|on|when\s+writing)\s+{_WHAT})?",
        rf"{_WHAT}\s*:\s*(?:always\s+|use\s+|follow\s+)*{_FORM}",
        rf"(?:write|format|keep)\s+{_WHAT}\s+(?:in|as|using|with|following|according\s+to)\s+{_FORM}",
    )
)
_STARTS = re.compile(
    rf"^{_WHAT}\s+(?:(?:must|should|always|have\s+to)\s+)+(?:start|begin|be\s+prefixed)\s+with\s+(?:the\s+|an?\s+)?"
    r"(?:prefix\s+|tag\s+)?⟦(?P<start>\d+)⟧(?P<tail>\s*[-–—;:(].*)?$",
    re.IGNORECASE,
)
_LENGTH = re.compile(
    rf"^(?:(?:keep|limit|restrict|make)\s+)?{_SUBJECT}\s*:?\s*{_MUST}(?:not\s+exceed|be|is|stay|under|below|at\s+most|to|"
    r"up\s+to|≤|<=|<|max(?:imum)?|of|within|no\s+(?:more|longer)\s+than|shorter\s+than|less\s+than|limited|kept|\s)*"
    r"(?P<n>\d{2,3})\s*(?:characters?|chars?|columns?)(?:\s+(?:or\s+(?:less|fewer)|max(?:imum)?|long|limit))*$",
    re.IGNORECASE,
)
_PERIOD = re.compile(
    rf"^(?:(?:{NEVER}|{RATHER_NOT})\s+end\s+{_SUBJECT}\s+(?:in|with)\s+(?:an?\s+)?(?:period|dot|full\s+stop)|no\s+(?:trailing\s+)?"
    rf"(?:period|dot|full\s+stop)s?\s+(?:at\s+the\s+end\s+of|in|on|after)\s+{_SUBJECT}|{_SUBJECT}\s+{_MUST}(?:not\s+end|never\s+end)\s+"
    r"(?:in|with)\s+(?:an?\s+)?(?:period|dot|full\s+stop))$",
    re.IGNORECASE,
)
_ADD = r"(?:add|includ|us|put|mention|append|insert|leav|writ|contain|hav)(?:e|ing|es|s)?"
_TRAILER = r"(?:trailers?|lines?|footers?|tags?|attributions?|signatures?|credits?|mentions?|credit\s+lines?)"
_DENIES = rf"(?:{NEVER}|{RATHER_NOT}|no)\s+(?:ever\s+)?(?:{_ADD}\s+)?(?:(?:any|an?|the)\s+)*"
_TAIL = r"(?P<tail>\s*[-–—(;:,].*)?"
_OTHER, _HOLDER = _WHAT.replace("what", "other"), _WHAT.replace("what", "holder")
_HOLDS = re.compile(
    rf"^(?:{_DENIES}(?P<thing>.+?)\s+(?:to|in|into|on|from)\s+{_WHAT}(?:\s*(?:,|/|and|or|nor)\s*(?:the\s+|in\s+)*{_OTHER})?|"
    rf"{_HOLDER}\s+(?:must|should)\s+(?:not|never)\s+(?:{_ADD})\s+(?:any\s+|a\s+)*(?P<held>.+?)){_TAIL}$",
    re.IGNORECASE,
)
_NAMED = r"(?:⟦\d+⟧|co-authored-by)"
_TRAILERS = re.compile(
    rf"^{_DENIES}(?P<thing>{_NAMED}(?:\s*(?:,|/|or|and)\s*{_NAMED})*)(?:\s+{_TRAILER})+"
    rf"(?:\s+(?:attributing|crediting)\s+[\w ]+)?{_TAIL}$",
    re.IGNORECASE,
)
_OWN = re.compile(rf"^{_DENIES}(?P<thing>(?:ai|agent|tool|assistant|co-?author)\b[\w /-]*?){_TAIL}$", re.IGNORECASE)
_OF_TOOLS = re.compile(
    r"^(?:(?:agent|ai|tool|assistant|bot|llm|automated|machine)(?:\s*/\s*(?:agent|ai|tool|assistant|bot|llm))*[\s-]+)+(?:tool\s+|"
    rf"generated\s+|branding\s+or\s+)*(?:(?:branding|advertising|co-?authors?(?:hip)?(?:\s+trailers?)?|{_TRAILER})"
    rf"(?:\s*(?:,|/|or|and)\s*)?)+$",
    re.IGNORECASE,
)
_CO_AUTHOR = re.compile(rf"^(?:ai\s+|agent\s+)*co-?author(?:ed-by|s|ship)?(?:\s+{_TRAILER})*$", re.IGNORECASE)
_EMOJIS = re.compile(rf"^(?:{MARK}emoji|emojis?)$", re.IGNORECASE)
_NARROWS = re.compile(r"\b(?:unless|except|if|when|only|but|without|optional)\b", re.IGNORECASE)


def found_of(text: str, spans: tuple[str, ...], headings: tuple[str, ...] = ()) -> Found | None:
    """The check of a sentence about messages; `headings` tell what a "subject line" is of."""
    strict = not re.search(rf"\bshould\b|\bprefer|\btry\b|{RATHER_NOT}", text, re.IGNORECASE)
    for pattern in _FORMED:
        match = pattern.match(text)
        if match is not None and not _NARROWS.search(match.group("tail")):
            groups = match.groupdict()
            return Found(CheckMessage(_of(groups.get("what") or ""), require=CONVENTIONAL), strict)
    starts = _STARTS.match(text)
    if starts is not None and not _NARROWS.search(starts.group("tail") or ""):
        beginning = spans[int(starts.group("start"))]
        if not re.search(r"[<>{}*]|\.\.\.|…", beginning):
            return Found(CheckMessage(_of(starts.group("what")), require=f"^{re.escape(beginning)}"), strict)
    about = re.search(r"\bcommit", text, re.IGNORECASE) or re.search(
        r"\bcommit", " ".join(headings[-2:]), re.IGNORECASE
    )
    length = _LENGTH.match(text) if about else None
    if length is not None:
        return Found(CheckMessage(subject_most=int(length.group("n"))), strict)
    if about and _PERIOD.match(text):
        return Found(CheckMessage(forbid=r"\A[^\n]*[^.\n]\.[ \t]*(?:\n|\z)"), strict)
    return _held(text, spans, strict)


def _held(text: str, spans: tuple[str, ...], strict: bool) -> Found | None:
    text = re.sub(r"\s*\((?:or|and)\s+[^()]*\)", "", text)
    match = _HOLDS.match(text) or _TRAILERS.match(text) or _OWN.match(text)
    if match is None or _NARROWS.search(match.group("tail") or ""):
        return None
    groups = match.groupdict()
    thing = (groups.get("thing") or groups.get("held") or "").strip()
    forbid = _pattern(thing, spans)
    if not forbid:
        return None
    named = [_of(groups[name]) for name in ("what", "other", "holder") if groups.get(name)] or ["commit"]
    checks = [CheckMessage(of, forbid=forbid) for of in dict.fromkeys(named)]
    return Found(checks[0], strict, also=tuple(checks[1:]))


def _pattern(thing: str, spans: tuple[str, ...]) -> str:
    """What must not stand in a message, as a pattern: of a list what is understood; empty where nothing is exact."""
    if _OF_TOOLS.match(thing):
        return ATTRIBUTION
    quoted = re.fullmatch(r"[\"“]([^\"”]{6,60})[\"”]", thing)
    if quoted is not None:
        return rf"(?i){re.escape(quoted.group(1))}"
    pieces = [_piece(piece, spans) for piece in re.split(r"\s*,\s*(?:or\s+)?|\s+or\s+|\s*/\s*", thing)]
    return "|".join(dict.fromkeys(filter(None, pieces)))


def _piece(words: str, spans: tuple[str, ...]) -> str:
    words = re.sub(r"\s+(?:attributing|crediting|naming|mentioning)\s+[\w ]+$", "", words, flags=re.IGNORECASE)
    words = re.sub(r"^(?:any|an?|the)\s+", "", words, flags=re.IGNORECASE)
    if _OF_TOOLS.match(words):
        return ATTRIBUTION
    words = re.sub(rf"\s+{_TRAILER}$", "", words, flags=re.IGNORECASE)
    span = re.fullmatch(r"⟦(\d+)⟧", words)
    named = spans[int(span.group(1))].rstrip(": ") if span is not None else words
    if _EMOJIS.match(named):
        return EMOJI
    if _CO_AUTHOR.match(named):
        return r"(?im)^Co-authored-by:"
    valued = re.fullmatch(r"([A-Z]\w*(?:-\w+)+):\s*(\S.{0,60})", named) if span is not None else None
    if valued is not None:
        return rf"(?im)^{re.escape(valued.group(1))}:\s*{re.escape(valued.group(2))}"
    return rf"(?im)^{re.escape(named)}:" if span is not None and re.fullmatch(r"[A-Z]\w*(?:-\w+)+", named) else ""


def _of(what: str) -> Literal["commit", "pull_request"]:
    return "pull_request" if re.match(r"pr|pull", what, re.IGNORECASE) else "commit"
