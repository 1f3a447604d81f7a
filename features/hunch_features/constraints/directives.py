"""Rules about comments that switch a tool off and say too little: "no `# type: ignore` without an error code"."""

from __future__ import annotations

import re

from hunch_features.constraints.found import Found
from hunch_features.constraints.rule import Check, ForbidText
from hunch_features.constraints.scopes import LIST, numbers_of
from hunch_features.constraints.wording import NEVER, RATHER_NOT

_WITHOUT = re.compile(
    rf"^(?:{NEVER}|{RATHER_NOT}|no)\s+(?:us(?:e|ing)\s+|add(?:ing)?\s+|writ(?:e|ing)\s+)?(?:an?\s+|any\s+|bare\s+|blanket\s+)*"
    rf"(?P<objects>{LIST})(?:\s+(?:comments?|directives?|suppressions?))*\s+without\s+(?:an?\s+|the\s+|any\s+)?(?:specific\s+|error\s+|"
    r"clear\s+|written\s+|explaining\s+|explanatory\s+|rule\s+|accompanying\s+|justifying\s+)*"
    r"(?P<what>codes?|rules?|names?|comments?|explanations?|reasons?|justifications?|descriptions?)"
    r"(?:\s+(?:names?|code|explaining\s+why|why|comment|in\s+(?:square\s+)?brackets))*(?P<tail>\s*[-–—(;:,].*)?$",
    re.IGNORECASE,
)
# Python has its own way to name what is ignored; scripts say why behind the directive.
_CODES = {
    "type: ignore": r"(?m)#\s*type:\s*ignore(?:[^\[\w]|$)",
    "noqa": r"(?m)#\s*noqa(?:[^:\w]|$)",
    "nolint": r"(?m)//\s*nolint(?:[^:\w]|$)",
    "eslint-disable": r"(?m)eslint-disable(?:-next-line|-line)?[ \t]*(?:\*/|$)",
}
_REASONS = {
    "@ts-expect-error": r"(?m)@ts-expect-error[ \t]*(?:\*/|$)",
    "@ts-ignore": r"(?m)@ts-ignore[ \t]*(?:\*/|$)",
    "eslint-disable": r"(?m)eslint-disable(?:[^-\n]|-[^-\n])*$",
    "biome-ignore": r"(?m)biome-ignore[^:\n]*(?::[ \t]*)?$",
}


def found_of(text: str, spans: tuple[str, ...]) -> Found | None:
    """The check of a sentence about what such a comment must say; None where it is no such sentence."""
    match = _WITHOUT.match(text)
    if match is None or re.search(r"\b(?:unless|except|if|when)\b", match.group("tail") or "", re.IGNORECASE):
        return None
    known = _CODES if re.match(r"code|rule|name", match.group("what"), re.IGNORECASE) else _REASONS
    checks: list[Check] = []
    for number in numbers_of(match.group("objects")):
        pattern = next((known[name] for name in known if name in spans[number].lower()), None)
        if pattern is None:
            return None
        checks.append(ForbidText(pattern=pattern, where="comment"))
    strict = not re.match(rf"{RATHER_NOT}\b", text, re.IGNORECASE)
    return Found(checks[0], strict, also=tuple(checks[1:]))
