"""Changes on disk, told to a repository's memory in batches: watchdog sees them, a thread waits until they settle."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from hunch_features.gitignore import GitIgnore
from hunch_features.memory.index import Refreshed
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.walk import SKIPPED_FOLDERS

log = logging.getLogger(__name__)

SETTLE_S = 0.03
"""Editors write a file in two or three steps; a saved file must be found within 0.1 s all the same."""
LONGEST_WAIT_S = 1.0
MANY = 300
"""From here on the whole tree is compared: cheaper than asking for every path, as after a switch of branches."""
_WHOLE_TREE = frozenset({".gitignore", ".git/HEAD", ".git/index"})


class FileWatch:
    """Follows one root until `close`. `told` hears of every batch on the watching thread.

    Folders that git ignores are not watched, at the top level at least: `node_modules` alone can exhaust the
    system's watches. Where watching fails, changes still come through `changed`.
    """

    def __init__(self, memory: RepositoryMemory, told: Callable[[Refreshed], None] = lambda _done: None) -> None:
        self._memory = memory
        self._told = told
        self._waiting: set[str] = set()
        self._whole = False
        self._wake = threading.Condition()
        self._closing = False
        self._observer = Observer()
        self._thread: threading.Thread | None = None
        self._watch()

    def _watch(self) -> None:
        handler = _Handler(self.changed)
        root = self._memory.root
        ignore = GitIgnore(root)
        try:
            self._observer.schedule(handler, str(root), recursive=False)
            if (root / ".git").is_dir():
                self._observer.schedule(handler, str(root / ".git"), recursive=False)
            for entry in sorted(root.iterdir()):
                wanted = entry.is_dir() and not entry.is_symlink() and entry.name not in SKIPPED_FOLDERS
                if wanted and not ignore.ignores((entry.name,), is_folder=True):
                    self._observer.schedule(handler, str(entry), recursive=True)
            self._observer.start()
        except OSError as error:
            log.warning("changes on disk are not watched: %s", error)

    def start(self) -> None:
        """Work in a thread of its own."""
        self._thread = threading.Thread(target=self.run, name="hunch-watch", daemon=True)
        self._thread.start()

    def changed(self, path: str | os.PathLike[str]) -> None:
        """Something happened to an absolute path; may be called from any thread."""
        try:
            relative = Path(os.fsdecode(path)).relative_to(self._memory.root).as_posix()
        except ValueError:
            return
        if relative.startswith(".git/") and relative not in _WHOLE_TREE:
            return
        with self._wake:
            if relative in _WHOLE_TREE or relative.endswith("/.gitignore") or len(self._waiting) >= MANY:
                self._whole = True
            else:
                self._waiting.add(relative)
            self._wake.notify()

    def run(self) -> None:
        """Hand batches on until closed."""
        while True:
            with self._wake:
                while not self._closing and not self._waiting and not self._whole:
                    self._wake.wait()
                begun = monotonic()
                while not self._closing and monotonic() - begun < LONGEST_WAIT_S and self._wake.wait(SETTLE_S):
                    pass
                if self._closing:
                    return
                paths, self._waiting = self._waiting, set()
                whole, self._whole = self._whole, False
            try:
                folders = [path for path in paths if (self._memory.root / path).is_dir()]
                gone = any(not (self._memory.root / path).exists() for path in paths)
                # A folder that came or went says nothing of its files: only the tree does.
                whole = whole or bool(folders) or (gone and self._memory.has_below(paths))
                self._told(self._memory.refresh() if whole else self._memory.update(paths))
            except (sqlite3.Error, OSError) as error:
                log.warning("the index could not be brought up to date: %s", error)

    def close(self) -> None:
        """Stop watching; waits for the batch in work."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        if self._observer.is_alive():
            self._observer.stop()
            self._observer.join(timeout=5)
        if self._thread is not None:
            self._thread.join(timeout=5)


class _Handler(FileSystemEventHandler):
    def __init__(self, changed: Callable[[str], None]) -> None:
        self._changed = changed

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in ("opened", "closed_no_write"):
            return
        if event.is_directory and event.event_type == "modified":
            return  # its files tell themselves
        for path in (event.src_path, event.dest_path):
            if path:
                self._changed(os.fsdecode(path))
