"""Says that a rule forbids a command, and writes it into the log: what `gate` becomes when the tables say all of it.

`python -I refusing.py GUARD RULE ABOUT PROGRAM ARGUMENTS…` ends with 4. Any other end is a failure, after which
`judging` looks. It takes a fraction of the judge's time, since no rule is read.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

from hunch_features.guard import log
from hunch_features.guard.gate import FORBIDDEN
from hunch_features.guard.telling import told

LIMIT_S = 2.0
"""However slow the disk is, or whoever holds the lock of the log: the refusal stands and has been said."""


def main() -> int:
    """The exit code that the shim knows as a refusal."""
    guard, rule, about, *words = sys.argv[1:]
    sys.stderr.write(f"{told(words, about.split(chr(0x1F)), True)}\n")
    sys.stderr.flush()
    limit = threading.Timer(LIMIT_S, lambda: os._exit(FORBIDDEN))
    limit.daemon = True
    limit.start()
    try:
        where = log.redacted([str(Path.cwd())])
        log.write(Path(guard).parent, "refused", {"rule": rule, "command": log.redacted(words), "folder": where})
    except (OSError, ValueError):
        pass  # what could not be written down was refused all the same
    limit.cancel()
    return FORBIDDEN


if __name__ == "__main__":
    sys.exit(main())
