"""Cases drawn from a data set of commits and the histories of their repositories, the same ones for every run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hunch_features.evaluation.next_edits import Case, CommitRow, CommitTree, case_of
from hunch_features.git import run_git
from hunch_features.memory.history.history import History
from hunch_models.errors import HunchError

MOST_GIVEN = 12
"""Hunks of a commit, at most, for one of them to be drawn as the given one."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A case and its repository before it."""

    case: Case
    tree: CommitTree


def history_root(folder: Path, repo: str) -> Path | None:
    """The git folder or clone of `owner/name` below a folder: `owner/name`, `owner+name` or `name`, bare or not."""
    owner, _, name = repo.partition("/")
    for place in (
        folder / owner / name,
        folder / f"{owner}+{name}" / "repo",
        folder / f"{owner}+{name}",
        folder / name,
    ):
        for root in (place, place.with_name(f"{place.name}.git")):
            if (root / "HEAD").is_file() or (root / ".git").exists():
                return root
    return None


def draw(
    rows: Sequence[CommitRow], root: Path, home: Path, count: int, *, given: str = "first", seed: int = 1
) -> Iterator[Drawn]:
    """Up to `count` cases of one repository in a random order that `seed` fixes; `home` holds the history's store.

    `given`: the `first` hunk in file order, or a `random` one, is the edit that was made.
    """
    rng = random.Random(seed)  # noqa: S311 - a sample, not a secret
    order = sorted(rows, key=lambda row: row.sha)
    rng.shuffle(order)
    history = History(root, home)
    history.refresh()
    try:
        found = 0
        for row in order:
            if found >= count:
                return
            hunks = sum(len(file.hunks) for file in row.files if file.status == "M")
            number = rng.randrange(hunks) if given == "random" and 1 < hunks <= MOST_GIVEN else 0
            case = case_of(row, root, number) if hunks > 1 and _has(root, row.parent) else None
            if case is not None:
                found += 1
                yield Drawn(case, CommitTree(root, row.parent, row.time, case.edit, history))
    finally:
        history.close()


def _has(root: Path, commit: str) -> bool:
    try:
        run_git(root, ["cat-file", "-e", f"{commit}^{{tree}}"])
    except HunchError:
        return False
    return True
