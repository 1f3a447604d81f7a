"""Memory that was needed for a moment, back to the system: glibc keeps most of it for itself."""

from __future__ import annotations

import ctypes
import sys


def give_back() -> None:
    """Return free heap pages to the system (some ms); does nothing where the C library is another one."""
    if not sys.platform.startswith("linux"):
        return
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return
