"""Staging and commits are noticed by git's own files."""

from __future__ import annotations

from pathlib import Path

from hunch_server.offering.git_watch import GitWatch
from tests.offers.test_e2e import git


async def test_staging_and_committing(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a.py").write_text("a = 1\n")
    watch = GitWatch(tmp_path)
    assert await watch.look() is None  # the first look only learns how things are
    git(tmp_path, "add", "a.py")
    change = await watch.look()
    assert change is not None
    assert (change.committed, change.staged_more, change.state.staged) == (False, True, {"a.py"})
    assert await watch.look() is None
    git(tmp_path, "commit", "-q", "-m", "one")
    change = await watch.look()
    assert change is not None
    assert (change.committed, change.staged_more, change.state.staged) == (True, False, frozenset())
    assert change.files == {"a.py"}
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "ü b.py").write_text("b = 1\n")
    git(tmp_path, "add", "sub")
    change = await watch.look()
    assert change is not None
    assert change.state.staged == {"sub/ü b.py"}
    git(tmp_path, "commit", "-q", "-m", "two")
    assert (await watch.look()) is not None
    git(tmp_path, "checkout", "-q", "HEAD~1")
    change = await watch.look()
    assert change is not None
    assert not change.committed


async def test_paths_are_those_of_the_folder_that_is_open(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main")
    for folder in ("web", "api"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.py").write_text("x = 1\n")
    watch = GitWatch(tmp_path / "api")
    await watch.look()
    git(tmp_path, "add", ".")
    change = await watch.look()
    assert change is not None
    assert change.state.staged == {"x.py"}


async def test_no_repository_is_nothing(tmp_path: Path) -> None:
    watch = GitWatch(tmp_path)
    assert await watch.look() is None
    assert await watch.look() is None
