"""Judges a command with everything around it: the record of what was refused, fresh tables, the watch over runs.

Also a program of its own, which shims ask when a rule means a command, or rules changed: `python -I judging.py GUARD
PROGRAM ARGUMENTS…` ends with 0 (let it run) or 126; any other end is a failure, which lets it run. It takes about half
the time of the `hunch` command.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from hunch_features.guard import log
from hunch_features.guard.deciding import Decision, decide
from hunch_features.guard.shims import read_manifest
from hunch_features.guard.tables import write_tables
from hunch_features.guard.watch import forget_old_runs, observe

ALLOWED = 0
REFUSED = 126
"""What a shell gives for a command that it found and may not run."""
TOOK_TOO_LONG = 75
LIMIT_S = 5.0
"""A check that takes longer than this lets the command run."""


def judged(home: Path, words: list[str], *, record: bool) -> Decision:
    """The decision. Whatever goes wrong lets the command run, and is logged."""
    if os.environ.get("HUNCH_GUARD") in ("off", "0"):
        return Decision(True)
    try:
        return decide(words, Path.cwd(), os.environ)
    except Exception as error:  # a guard that fails must not stand in the way
        if record:
            _failed(home, words, f"{type(error).__name__}: {error}")
        return Decision(True)


def keep(home: Path, words: list[str], decision: Decision) -> None:
    """Bring log and tables up to date. What goes wrong is logged, and changes no decision."""
    found = decision.found
    if found is None:
        return
    try:
        if not decision.allowed:
            where = log.redacted([str(Path.cwd())])
            log.write(home, "refused", {"rule": decision.rule_id, "command": log.redacted(words), "folder": where})
        if found.problem:
            log.write(home, "failed", {"program": log.redacted(words[:1]), "why": found.problem})
        if (home / "guard").is_dir():
            write_tables(home / "guard", found)
            (home / "guard" / "failed").unlink(missing_ok=True)
    except OSError as error:
        _failed(home, words, f"tables or log: {error.strerror or error}")


def watch(home: Path, words: list[str], decision: Decision) -> str:
    """Add a command that may run to its run, where runs are watched. Returns the warning to show, mostly none."""
    guard = home / "guard"
    manifest = read_manifest(guard)
    if manifest is None or not manifest.monitor or not decision.allowed:
        return ""
    try:
        warning = observe(guard.as_posix(), Path(words[0]).name, words[1:], f"{Path.cwd().as_posix()}/")
        forget_old_runs(guard.as_posix(), time.time())
    except OSError as error:
        _failed(home, words, f"the record of the run: {error.strerror or error}")
        return ""
    return warning


def _failed(home: Path, words: list[str], why: str) -> None:
    try:
        log.write(home, "failed", {"program": log.redacted(words[:1]), "why": log.redacted([why])[:300]})
    except OSError:
        return


def main() -> int:
    """What a shim asks; messages go to stderr."""
    codes = [TOOK_TOO_LONG]
    limit = threading.Timer(LIMIT_S, lambda: os._exit(codes[-1]))
    limit.daemon = True
    limit.start()
    guard, *words = sys.argv[1:]
    home = Path(guard).parent
    decision = judged(home, words, record=True)
    if decision.message:
        sys.stderr.write(f"{decision.message}\n")
        sys.stderr.flush()
    # From here on a slow disk or another process that holds a lock changes nothing any more.
    codes.append(ALLOWED if decision.allowed else REFUSED)
    keep(home, words, decision)
    warning = watch(home, words, decision)
    if warning:
        sys.stderr.write(f"{warning}\n")
    limit.cancel()
    return codes[-1]


if __name__ == "__main__":
    sys.exit(main())
