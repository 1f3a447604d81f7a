"""History beside an editor: it fills in the background, follows new commits, and ends when the editor ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from hunch_features.memory.history.kept import KeptHistory, mine_here
from hunch_models.errors import HunchError
from tests.memory.test_history import Repository, both

Keep = Callable[..., KeptHistory]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repo")
    made.commit("One", both(1, "a.py", "b.py"))
    made.commit("Two", both(2, "a.py", "b.py"))
    made.commit("Three", both(3, "a.py", "b.py", "once.py"))
    return made


@pytest.fixture
def keep(repository: Repository, tmp_path: Path) -> Iterator[Keep]:
    kept: list[KeptHistory] = []

    def make(**more: object) -> KeptHistory:
        kept.append(KeptHistory(repository.root, tmp_path / "home", **{"mine": mine_here, **more}))  # type: ignore[arg-type]
        return kept[-1]

    yield make
    for one in kept:
        one.close()


def looked(kept: KeptHistory) -> None:
    future = kept.look(now=True)
    assert future is not None
    future.result(timeout=30)


def test_another_process_mines(repository: Repository, tmp_path: Path) -> None:
    kept = KeptHistory(repository.root, tmp_path / "home")
    assert kept.related("a.py") == ()
    looked(kept)
    assert kept.commits == 3
    assert kept.related("a.py") == ("b.py",)
    kept.close()


def test_new_commits_change_the_answer(repository: Repository, keep: Keep) -> None:
    kept = keep()
    looked(kept)
    for number in range(4, 9):
        repository.commit("More", both(number, "a.py", "c.py"))
    assert kept.related("a.py") == ("b.py",)
    looked(kept)
    assert kept.related("a.py") == ("c.py", "b.py")
    assert kept.commits == 8


def test_nothing_is_mined_again_without_a_new_commit(keep: Keep) -> None:
    times = []

    def count(root: Path, home: Path, stop: threading.Event) -> None:
        times.append(1)
        mine_here(root, home, stop)

    kept = keep(mine=count)
    looked(kept)
    looked(kept)
    assert len(times) == 1


def test_one_that_is_asked_too_early_looks_later(repository: Repository, keep: Keep) -> None:
    kept = keep(every_s=0.3, clock=lambda: 0.0)  # no time passes, however slow the machine
    looked(kept)
    for number in range(3):
        repository.commit("Later", both(number + 4, "a.py", "c.py"))
    assert kept.look() is None
    until = monotonic() + 20
    while "c.py" not in kept.related("a.py") and monotonic() < until:
        sleep(0.02)
    assert "c.py" in kept.related("a.py")


def test_mining_that_fails_leaves_what_was_known(repository: Repository, keep: Keep) -> None:
    working = True

    def mine(root: Path, home: Path, stop: threading.Event) -> None:
        if not working:
            raise HunchError("no", "later")
        mine_here(root, home, stop)

    kept = keep(mine=mine)
    looked(kept)
    working = False
    repository.commit("Four", both(4, "a.py", "c.py"))
    looked(kept)
    assert kept.related("a.py") == ("b.py",)


def test_a_store_that_another_window_held_is_looked_at_again(repository: Repository, keep: Keep) -> None:
    times = []

    def busy_once(root: Path, home: Path, stop: threading.Event) -> None:
        times.append(1)
        if len(times) > 1:
            mine_here(root, home, stop)

    kept = keep(mine=busy_once, every_s=0.2, clock=lambda: 0.0)
    looked(kept)
    until = monotonic() + 20
    while not kept.related("a.py") and monotonic() < until:
        sleep(0.02)
    assert kept.related("a.py") == ("b.py",)


def test_closing_does_not_wait_for_mining(keep: Keep) -> None:
    begun = threading.Event()

    def mine(_root: Path, _home: Path, stop: threading.Event) -> None:
        begun.set()
        stop.wait(30)

    kept = keep(mine=mine)
    kept.look(now=True)
    assert begun.wait(10)
    before = monotonic()
    kept.close()
    assert monotonic() - before < 5
    assert kept.look(now=True) is None
