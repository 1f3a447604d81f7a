"""The history of a workspace in the real server: mined beside everything else, and again after a commit."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.e2e.conftest import Start
from tests.memory.test_history import Repository, both


def commits(home: Path) -> int:
    for path in (home / "memory").glob("*-history.sqlite"):
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
            try:
                return int(db.execute("SELECT count(*) FROM commits").fetchone()[0])
            except sqlite3.OperationalError:
                return 0  # being made
    return 0


async def test_commits_are_read_after_the_code(start: Start, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "workspace")
    repository.commit("One", both(1, "a.py", "b.py"))
    repository.commit("Two", both(2, "a.py", "b.py"))
    async with start(repository.root, ready=False) as editor:
        editor.open(repository.root / "a.py", "python", "value = 1\n")
        async with asyncio.timeout(30):
            while commits(tmp_path / "home") < 2:
                await asyncio.sleep(0.05)
