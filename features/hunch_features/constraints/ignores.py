"""`hunch: ignore ID reason` in a comment: this place may break that rule, and says why."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MARK = re.compile(r"hunch:\s*ignore\s+([A-Za-z0-9][A-Za-z0-9._-]{0,63})(?=\s|$)[ \t]*(.*)$")

COMMENT_MARKS = {
    "python": "#", "ruby": "#", "shellscript": "#", "yaml": "#", "toml": "#",
    "javascript": "//", "javascriptreact": "//", "typescript": "//", "typescriptreact": "//",
    "go": "//", "rust": "//", "java": "//", "c": "//", "cpp": "//", "csharp": "//",
}  # fmt: skip


def ignored_rules(lines: Sequence[str], line: int) -> frozenset[str]:
    """Ids of rules that may be broken on a line (0-based): named there, or on a line of its own above."""
    found = set(_named(lines[line])) if line < len(lines) else set()
    if line > 0 and lines[line - 1].lstrip().startswith(("#", "//", "/*", "--", ";")):
        found.update(_named(lines[line - 1]))
    return frozenset(found)


def _named(line: str) -> list[str]:
    if "hunch:" not in line:
        return []
    match = _MARK.search(line)
    # A reason is asked for: an ignore without one does not count.
    return [match.group(1)] if match and re.search(r"\w", match.group(2)) else []


def comment(language: str, rule_id: str, reason: str) -> str | None:
    """The comment that ignores a rule; None for languages whose comments are not known here."""
    mark = COMMENT_MARKS.get(language)
    return f"{mark} hunch: ignore {rule_id} {reason}" if mark else None
