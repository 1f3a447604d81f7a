"""Globs that people write: as git reads them, and with alternatives in braces."""

from __future__ import annotations

import re

import bracex

MAX_BRACES, MAX_ALTERNATIVES = 6, 64
"""Most pairs of braces in a glob (they may nest, and are read recursively), and most globs that it may stand for."""
_LOOSE_COMMA = re.compile(r"\s*,\s*")
_ONLY_ONE = re.compile(r"\{([^{},.]*)\}")


def alternatives(glob: str) -> list[str]:
    """A glob for each way through its braces: `*.{ts,tsx}` is `*.ts` and `*.tsx`; itself where there are too many."""
    plain = _ONLY_ONE.sub(r"\1", _LOOSE_COMMA.sub(",", glob))
    if plain.count("{") > MAX_BRACES:
        return [glob]
    try:
        return list(dict.fromkeys(bracex.expand(plain, limit=MAX_ALTERNATIVES)))
    except bracex.ExpansionLimitException:
        return [glob]
