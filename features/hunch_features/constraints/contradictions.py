"""Checks that forbid what their own sentence recommends: "use `a/strict` instead of `a`" where `a` covers both."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hunch_features.constraints.linear import linear_pattern
from hunch_features.constraints.rule import Check, ForbidCommand, ForbidImport, ForbidReference, ForbidText
from hunch_features.constraints.spans import classify

_RECOMMENDED = re.compile(
    r"\b(?:use|prefer|call|run|import|write|choose|favou?r)\s+(?:(?:the|a|an|always|to|using)\s+)*"
    r"(?P<spans>⟦\d+⟧(?:(?:\s*,\s*|\s+(?:and|or)\s+|\s*/\s*)⟦\d+⟧)*)|^(?P<first>⟦\d+⟧)\s*(?:,|\(|[-–—]|\()?\s*(?:not|never|over)\s+(?=[^⟦]{0,20}⟦)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"(?:\b(?:not|never|avoid|no)|n['’]t)\s+(?:\w+\s+){0,2}$|^only\b", re.IGNORECASE)


def contradicts(text: str, spans: Sequence[str], checks: Sequence[Check]) -> bool:
    """Whether a check of the sentence forbids something that the sentence tells people to use."""
    for match in _RECOMMENDED.finditer(text):
        if _DENIED.search(text[: match.start()]):
            continue
        named = match.group("spans") or match.group("first")
        wanted = [spans[int(number)] for number in re.findall(r"⟦(\d+)⟧", named)]
        if any(forbids(check, name) for check in checks for name in wanted):
            return True
    return False


def forbids(check: Check, code: str) -> bool:
    """Whether a check would report a piece of code, a module or a command, as far as its text tells."""
    match check:
        case ForbidReference():
            called = code.partition("(")[0]
            names = (name.removesuffix("()").rstrip("!*.") for name in check.names)
            return any(called == name or called.startswith((f"{name}.", f"{name}::")) for name in names)
        case ForbidImport() if not check.names:
            named = code.strip("'\"")
            return any(named == module or named.startswith((f"{module}/", f"{module}.")) for module in check.modules)
        case ForbidText():
            return check.text in code if check.text else linear_pattern(check.pattern).search(code) is not None
        case ForbidCommand():
            command = classify(code, verb="run")
            words = iter(command.words)
            allowed = any(option.split()[0] in command.words for option in check.unless)
            return command.program == check.program and not allowed and all(word in words for word in check.words)
    return False
