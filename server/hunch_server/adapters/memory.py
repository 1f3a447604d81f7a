"""Opening the memory of a folder for commands and the server, with errors a person can act on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from hunch_features.memory.repository import RepositoryMemory
from hunch_models.errors import HunchError
from hunch_server.adapters.home import ensure_home


def open_memory(root: Path) -> RepositoryMemory:
    """The memory of `root`. Raises HunchError where the folder or the state folder cannot be used."""
    if not root.is_dir():
        raise HunchError(f"{root}: not a folder", "give the folder of a repository")
    home = ensure_home("memory").parent
    try:
        return RepositoryMemory(root, home)
    except (sqlite3.Error, OSError) as error:
        raise HunchError(f"cannot open the index of {root}: {error}", "free disk space or set HUNCH_HOME") from error


def ready_memory(root: Path) -> RepositoryMemory:
    """The same, indexed when it was not yet, else as it was left: for commands that ask."""
    memory = open_memory(root)
    if memory.store.counts()["files"]:
        memory.load()
    memory.refresh()
    return memory
