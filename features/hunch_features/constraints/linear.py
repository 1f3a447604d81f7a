"""Patterns that people write: RE2, which is linear by construction, within a bound of memory."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

MAX_MEMORY = 8 << 20
"""Bytes that a compiled pattern may take; a larger one is not valid."""


@lru_cache(maxsize=256)
def linear_pattern(pattern: str) -> Any:
    """A pattern in RE2 syntax, compiled. Raises `re2.error` where it is not valid or too large."""
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    return re2.compile(pattern, options)
