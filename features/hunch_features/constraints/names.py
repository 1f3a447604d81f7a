"""Rules about how names begin and end: "no `I` prefix for interfaces", "services end with `Service`"."""

from __future__ import annotations

import re

from hunch_features.constraints.found import Found, Named
from hunch_features.constraints.rule import RequireNaming
from hunch_features.constraints.wording import NEVER, RATHER_NOT

_TARGETS: dict[str, Named] = {
    "interface": "interface", "type": "type", "enum": "enum", "class": "class", "implementation": "class",
    "struct": "class", "function": "function", "method": "function", "hook": "function",
}  # fmt: skip
_TARGET = (
    r"(?:(?:the|all|any|new|typescript|go|your)\s+)*(?P<target>interface|type|enum|class|implementation|struct|function|"
    r"method)(?:e?s)?(?:\s+(?:names?|aliases|declarations|definitions|methods?|functions?))?"
)
_AFFIX = r"(?:(?:the|an?)\s+)*⟦(?P<affix>\d+)⟧[\s-]+(?P<kind>prefix|suffix)(?:es)?"
_NEGATIVE = tuple(
    re.compile(rf"^(?:{pattern})(?P<tail>\s*[-–—;:(,].*)?$", re.IGNORECASE)
    for pattern in (
        rf"(?:{NEVER}|{RATHER_NOT}|no)\s+(?:us(?:e|ing)\s+|add(?:ing)?\s+|put(?:ting)?\s+)?{_AFFIX}\s+(?:for|on|in|to)\s+{_TARGET}",
        rf"(?:{NEVER}|{RATHER_NOT})\s+(?P<kind>prefix|suffix)(?:ing)?\s+{_TARGET}\s+with\s+(?:an?\s+)?⟦(?P<affix>\d+)⟧",
        rf"{_TARGET}\s+(?:must|should)\s+not\s+(?:be\s+(?P<kind>prefix|suffix)ed\s+with|start\s+with|begin\s+with)\s+"
        r"(?:an?\s+)?⟦(?P<affix>\d+)⟧",
    )
)
_POSITIVE = tuple(
    re.compile(rf"^(?:{pattern})(?P<tail>\s*[-–—;:(,].*)?$", re.IGNORECASE)
    for pattern in (
        rf"(?:always\s+)?(?P<kind>prefix|suffix)\s+{_TARGET}\s+with\s+(?:an?\s+)?⟦(?P<affix>\d+)⟧",
        rf"(?:always\s+)?use\s+{_AFFIX}\s+for\s+{_TARGET}",
        rf"{_TARGET}\s+(?:must|should)\s+(?:always\s+)?(?:be\s+(?P<kind>prefix|suffix)ed\s+with|(?P<start>start|begin)\s+with|"
        r"(?P<end>end)\s+with)\s+(?:the\s+|an?\s+)?⟦(?P<affix>\d+)⟧",
    )
)
_NARROWS = re.compile(r"\b(?:unless|except|if|when|only|but)\b", re.IGNORECASE)


def found_of(text: str, spans: tuple[str, ...]) -> Found | None:
    """The check of a sentence about prefixes and suffixes; None where it is no such sentence."""
    for patterns, never in ((_NEGATIVE, True), (_POSITIVE, False)):
        match = next((match for pattern in patterns if (match := pattern.match(text))), None)
        if match is None or _NARROWS.search(match.group("tail") or ""):
            continue
        groups = match.groupdict()
        affix = spans[int(groups["affix"])].strip("*")
        if not re.fullmatch(r"[A-Za-z_]\w{0,30}", affix):
            return None
        suffix = (groups.get("kind") or "").lower() == "suffix" or bool(groups.get("end"))
        target = _TARGETS[groups["target"].lower()]
        strict = not re.search(rf"\bshould\b|{RATHER_NOT}", match.group(0), re.IGNORECASE)
        check = RequireNaming(target, prefix="" if suffix else affix, suffix=affix if suffix else "", never=never)
        return Found(check, strict)
    return None
