"""One process at a time: a lock file beside the file that several processes open."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_SECONDS = 10.0
"""Longest wait for another process that opens the store, which itself takes a second at most."""


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Only one process creates, checks or sets aside the store. The system frees the lock when a process dies."""
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        _lock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            if sys.platform == "win32":
                msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            # Some network file systems have no locks: going on without one is better than not at all.
            if time.monotonic() > deadline:
                return
            time.sleep(0.01)
