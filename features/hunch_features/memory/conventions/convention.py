"""A habit of a repository, with what speaks for it and against it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from hunch_features.constraints.rule import Check

_ODD = re.compile(r"[^A-Za-z0-9._-]+")
MAX_ID = 60


@dataclass(frozen=True, slots=True)
class Convention:
    """`scope` is one or more globs, joined with commas; `examples` and `against` are `path:line`, or commits.

    `confidence` is the lower bound (Wilson, 95 %) of the share that follows. `since`: the habit changed, and only what
    was written after this day (ISO) counts. `check` would enforce it, below `include` and not below `exclude`.
    """

    id: str
    about: str
    statement: str
    scope: str
    support: int
    exceptions: int
    confidence: float
    examples: tuple[str, ...]
    against: tuple[str, ...] = ()
    since: str = ""
    check: Check | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    key: tuple[str, str, str] = ("", "", "")
    """Choice, value and folder: what later code is held against."""


def id_of(*parts: str) -> str:
    """An id that stays the same as long as the parts do, fit for `.hunch/rules.toml`."""
    said = ".".join(_ODD.sub("-", part).strip("-.") for part in parts if part)
    plain = all(not _ODD.search(part) for part in parts)
    if plain and len(said) <= MAX_ID:
        return said
    return f"{said[: MAX_ID - 7].rstrip('-.')}-{sha256(chr(0).join(parts).encode()).hexdigest()[:6]}"
