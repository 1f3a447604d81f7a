"""Bringing the index of a repository up to date: what changed on disk is parsed again, what is gone is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from hunch_features.memory.parse_pool import parse_all
from hunch_features.memory.parse_worker import ParseWorker
from hunch_features.memory.parsing import Parsed
from hunch_features.memory.store import Store
from hunch_features.memory.walk import FoundFile, Skips, look_at, walk

Progress = Callable[[int, int], None]
"""Bytes done, bytes in all."""


@dataclass(slots=True)
class Refreshed:
    """What a refresh did: files parsed and removed, their bytes, seconds, and what was left out and why."""

    parsed: int = 0
    removed: int = 0
    bytes: int = 0
    seconds: float = 0.0
    skips: Skips = field(default_factory=Skips)


def refresh(
    root: Path,
    store: Store,
    *,
    workers: int | None = None,
    worker: ParseWorker | None = None,
    progress: Progress = lambda _done, _all: None,
) -> Refreshed:
    """Walk the tree and index what is new or changed since the last time. Raises sqlite3.Error on a full disk."""
    began = perf_counter()
    done = Refreshed()
    known = store.known()
    changed: list[FoundFile] = []
    for found in walk(root, done.skips):
        before = known.pop(found.path, None)
        if before is None or before[1:] != (found.size, found.mtime_ns):
            changed.append(found)
    # A folder that could not be read says nothing of the files below it.
    unread = tuple(f"{folder}/" if folder else "" for folder in done.skips.unread)
    gone = [path for path in known if not (unread and path.startswith(unread))]
    _index(root, store, changed, gone, done, workers=workers, worker=worker, progress=progress)
    done.seconds = perf_counter() - began
    return done


def refresh_paths(root: Path, store: Store, paths: Iterable[str], worker: ParseWorker | None = None) -> Refreshed:
    """Index some files anew, given by their paths below the root; those that are gone or left out are dropped."""
    began = perf_counter()
    done = Refreshed()
    known = store.known_among(list(paths))
    changed: list[FoundFile] = []
    gone: list[str] = []
    for path, before in known.items():
        found = look_at(root, path)
        if isinstance(found, str):
            gone += [path] if before is not None else []
        elif before is None or before[1:] != (found.size, found.mtime_ns):
            changed.append(found)
    _index(root, store, changed, gone, done, workers=1, worker=worker, progress=lambda _done, _all: None)
    done.seconds = perf_counter() - began
    return done


def _index(
    root: Path,
    store: Store,
    changed: list[FoundFile],
    gone: list[str],
    done: Refreshed,
    *,
    workers: int | None,
    worker: ParseWorker | None,
    progress: Progress,
) -> None:
    total = sum(found.size for found in changed)
    with store.bulk(total):
        if gone:
            store.write((), gone)
        for batch in parse_all(root, changed, workers, worker):
            usable: list[tuple[FoundFile, Parsed]] = []
            for found, parsed in batch:
                if isinstance(parsed, str):
                    done.skips.add(parsed, found.path)
                    gone.append(found.path)
                    continue
                if parsed.problem:
                    done.skips.add(parsed.problem, found.path)
                usable.append((found, parsed))
                done.bytes += found.size
            # A file that was indexed once and cannot be used any more must not answer with what it was.
            store.write(usable, [found.path for found, parsed in batch if isinstance(parsed, str)])
            done.parsed += len(usable)
            progress(done.bytes, total)
    done.removed = len(gone)
