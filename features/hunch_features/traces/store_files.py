"""The files behind the store: which they are, one process at a time on them, setting a damaged one aside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SIDES = ("", "-wal", "-shm", "-journal")


def files_of(path: Path) -> list[Path]:
    """The files that may hold recorded bytes: the store, its log and index, and stores set aside as damaged."""
    found = [path.with_name(path.name + side) for side in SIDES]
    found += path.parent.glob(f"{path.stem}.damaged-*")
    return sorted(file for file in found if file.is_file())


def bytes_of(path: Path) -> int:
    """Size on disk of all of them."""
    return sum(file.stat().st_size for file in files_of(path))


def remove_files(path: Path) -> None:
    """Remove the store with everything beside it. Processes that have it open start a fresh one with their next batch.

    Raises OSError where an open file cannot be removed.
    """
    for file in files_of(path):
        file.unlink(missing_ok=True)


def files_with(path: Path, markers: Sequence[bytes]) -> list[Path]:
    """Those of the store's files in which one of the byte strings stands (each at most 64 KiB long)."""
    longest = max(map(len, markers), default=0)
    found = []
    for file in files_of(path):
        with file.open("rb") as stream:
            tail = b""
            while block := stream.read(1 << 20):
                seen = tail + block
                if any(marker in seen for marker in markers):
                    found.append(file)
                    break
                tail = seen[-longest:]
    return found


def identity(path: Path) -> tuple[int, int] | None:
    """What tells this file from another of the same name; None when there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def set_aside(path: Path, stamp: int) -> Path:
    """Rename a damaged store to `<name>.damaged-<stamp>` and drop its log; answers the new path."""
    aside = path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}")
    number = 1
    while aside.exists():
        aside = path.with_name(f"{path.stem}.damaged-{stamp}-{number}{path.suffix}")
        number += 1
    path.replace(aside)
    for side in SIDES[1:]:
        path.with_name(path.name + side).unlink(missing_ok=True)
    return aside
