"""The guard's log: what was refused and what went wrong, one JSON object per line, readable by its owner only.

Command lines pass the redaction that traces use. The file is bounded: a full one becomes `guard.log.1`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from hunch_features.file_lock import one_at_a_time
from hunch_features.traces.redaction import Redactor

NAME = "guard.log"
MAX_BYTES = 1 << 20
MAX_COMMAND = 2_000
"""Code points of a command line that are kept."""


def log_files(home: Path) -> tuple[Path, Path]:
    """The log and the one before it."""
    return home / NAME, home / f"{NAME}.1"


def write(home: Path, event: str, fields: Mapping[str, Any], *, now: datetime | None = None) -> None:
    """Add a line. Raises OSError."""
    path, old = log_files(home)
    moment = (now or datetime.now(UTC)).isoformat(timespec="seconds")
    line = msgspec.json.encode({"time": moment, "event": event, **fields}) + b"\n"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    (home / "guard").mkdir(mode=0o700, exist_ok=True)
    with one_at_a_time(home / "guard" / "log"):
        if path.exists() and path.stat().st_size + len(line) > MAX_BYTES:
            path.replace(old)
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def redacted(command: Sequence[str]) -> str:
    """A command line as it may be kept. Words are joined by spaces: it is to be read, not to be run again."""
    line = " ".join(command)[: 2 * MAX_COMMAND].encode("utf-8", "replace").decode("utf-8")
    return Redactor().redact(line)[:MAX_COMMAND]


def last(home: Path, count: int, events: Sequence[str]) -> list[dict[str, Any]]:
    """The newest lines of some kinds, newest last; lines that cannot be read are left out."""
    found: list[dict[str, Any]] = []
    for path in reversed(log_files(home)):
        try:
            lines = path.read_bytes().splitlines()
        except OSError:
            continue
        for line in lines:
            try:
                entry = msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.DecodeError:
                continue
            if entry.get("event") in events:
                found.append(entry)
    return found[-count:] if count else []
