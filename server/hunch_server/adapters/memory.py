"""Opening the memory of a folder for commands and the server, with errors a person can act on."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from hunch_features.completion.recall import Recalled
from hunch_features.memory.history.history import History
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.retrieval import Retriever
from hunch_features.memory.store import index_path
from hunch_features.memory.unknown_calls import unknown_call
from hunch_features.text import Position, Snapshot
from hunch_models.backend import Snippet
from hunch_models.errors import HunchError
from hunch_server.adapters.home import ensure_home, hunch_home


def open_memory(root: Path) -> RepositoryMemory:
    """The memory of `root`. Raises HunchError where the folder or the state folder cannot be used."""
    if not root.is_dir():
        raise HunchError(f"{root}: not a folder", "give the folder of a repository")
    home = ensure_home("memory").parent
    try:
        return RepositoryMemory(root, home)
    except (sqlite3.Error, OSError) as error:
        raise HunchError(f"cannot open the index of {root}: {error}", "free disk space or set HUNCH_HOME") from error


def open_history(root: Path) -> History:
    """The history of a folder, not looked for new commits. Raises HunchError when the state folder cannot be used."""
    home = ensure_home("memory").parent
    try:
        return History(root.resolve(), home)
    except (sqlite3.Error, OSError) as error:
        raise HunchError(f"cannot open the history of {root}: {error}", "free disk space or set HUNCH_HOME") from error


def forget(root: Path) -> None:
    """Delete what is remembered of a folder that will not come back, such as a benchmark's; missing files are fine."""
    index = index_path(root, hunch_home())
    for path in index.parent.glob(f"{index.stem}*"):
        with contextlib.suppress(OSError):
            path.unlink()


def kept_memory(root: Path) -> RepositoryMemory | None:
    """The memory of `root` as it was left by an editor or `hunch index`; None where there is none, or a poor one."""
    try:
        memory = open_memory(root)
        if memory.store.counts()["files"]:
            memory.load()
            memory.settle()
            return memory
    except (HunchError, sqlite3.Error):
        return None
    memory.close()
    return None


def ready_memory(root: Path) -> RepositoryMemory:
    """The same, indexed when it was not yet, else as it was left: for commands that ask."""
    memory = open_memory(root)
    if memory.store.counts()["files"]:
        memory.load()
    memory.refresh()
    return memory


class OneRepository:
    """A repository's memory, as the engine wants it."""

    def __init__(self, memory: RepositoryMemory) -> None:
        self._memory = memory
        self._retriever = Retriever(memory)

    def snippets(self, snapshot: Snapshot, position: Position, budget: int) -> Sequence[Snippet]:
        """Pieces of other files, worked out anew for every position."""
        return [Snippet(piece.path, piece.text) for piece in self._retriever.fresh(snapshot, position, budget)]

    def continuations(self, snapshot: Snapshot, position: Position) -> Sequence[Recalled]:
        """How the line goes on by the repository's own code."""
        return [
            Recalled(one.text, one.probability, one.support) for one in self._memory.continuations(snapshot, position)
        ]

    def unknown_call(self, snapshot: Snapshot, position: Position, text: str) -> str:
        """What a completion calls that does not exist, in words; empty where all may exist."""
        found = unknown_call(self._memory, snapshot, position, text)
        return found.sentence if found is not None else ""

    def forget(self, path: str) -> None:
        """The next text of this name may be another one."""
        self._memory.forget(path)
