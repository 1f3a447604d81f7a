"""Globs that people write: as git reads them, and with alternatives in braces."""

from __future__ import annotations

import re

MAX_BRACES = 6
MAX_ALTERNATIVES = 64
"""Most pairs of braces that are read of a glob, and most globs that it stands for."""
_BRACES = re.compile(r"\{([^{}]*)\}")


def alternatives(glob: str) -> list[str]:
    """A glob for each way through its braces, bounded: `*.{ts,tsx}` is `*.ts` and `*.tsx`."""
    found = [glob]
    for _ in range(MAX_BRACES):
        match = next((match for one in found if (match := _BRACES.search(one))), None)
        if match is None or len(found) > MAX_ALTERNATIVES:
            break
        group = match.group(0)
        found = [one.replace(group, choice.strip(), 1) for one in found for choice in match.group(1).split(",")]
    return list(dict.fromkeys(found))[:MAX_ALTERNATIVES]
