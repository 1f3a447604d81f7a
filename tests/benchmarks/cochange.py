"""Which files change together: trained on the commits before a date, asked about the commits after it.

    python -m tests.benchmarks.cochange REPOSITORY… [--commits 300]

The newest commits (2 to 30 files, no merges, no bots) are the test; everything committed before the oldest of them is
what memory may know. Each file of a test commit that existed at that date is asked about once; recall@5 is the share
of the commit's other files of that date among the first five answers. `rolling` knows all commits before the one that
is asked about, as an editor does. Baselines get the same files: those of the same folder, the most changed first;
the most changed of all; and plain co-change counts. Means are over commits, intervals by bootstrap over commits.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from hunch_features.memory.history.cochange import related
from hunch_features.memory.history.history import History
from hunch_features.memory.history.past import MEGA, Past, replay
from hunch_features.memory.history.store import STATUSES, Row

FIRST = 5
SEED = 11
ROUNDS = 2000
_ADDED = STATUSES.index("A")

Ranking = Callable[[Past, str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Case:
    """One test commit: the paths, as they were before it, of the files that it changed."""

    place: int
    paths: tuple[str, ...]


def ours(past: Past, path: str) -> Sequence[str]:
    """Hunch."""
    return [one.path for one in related(past, path, FIRST, guesses=True)]


def counts(past: Past, path: str) -> Sequence[str]:
    """Files by the number of commits together with the one asked about."""
    asked = past.find(path)
    together: Counter[int] = Counter()
    for place in past.touched.get(asked, ()) if asked is not None else ():
        together.update(past.commits[place])
    del together[asked if asked is not None else -1]
    listed = sorted(together, key=lambda file: (-together[file], past.names[file]))
    return [past.names[file] for file in listed if past.alive[file]][:FIRST]


class Frequency:
    """The two baselines that look at how often files changed."""

    def __init__(self, past: Past) -> None:
        files = [file for file in range(len(past.names)) if past.alive[file]]
        files.sort(key=lambda file: (-len(past.touched.get(file, ())), past.names[file]))
        self.listed = [past.names[file] for file in files]
        self.folders: dict[PurePosixPath, list[str]] = {}
        for name in self.listed:
            self.folders.setdefault(PurePosixPath(name).parent, []).append(name)

    def folder(self, _past: Past, path: str) -> Sequence[str]:
        """Files of the same folder, the most changed first."""
        beside = self.folders.get(PurePosixPath(path).parent, [])[: FIRST + 1]
        return [name for name in beside if name != path][:FIRST]

    def often(self, _past: Past, path: str) -> Sequence[str]:
        """The most changed files of all."""
        return [name for name in self.listed[: FIRST + 1] if name != path][:FIRST]


def cases(rows: Sequence[Row], paths: Sequence[str], most: int) -> list[Case]:
    """The newest commits that say something about pairs of files."""
    found: list[Case] = []
    for place in range(len(rows) - 1, -1, -1):
        row = rows[place]
        if row.by_bot or not 2 <= row.files <= MEGA:
            continue
        before = tuple(paths[old or new] for status, new, old in row.changes if status != _ADDED)
        if len(before) > 1:
            found.append(Case(place, before))
        if len(found) == most:
            break
    return found[::-1]


def recall(past: Past, case: Case, rank: Ranking) -> float | None:
    """Of one commit: the mean over its files; None when fewer than two of them are known."""
    known = [path for path in case.paths if (file := past.find(path)) is not None and past.names[file] == path]
    known = [path for path in known if past.alive[past.ids[path]]]
    if len(known) < 2:
        return None
    shares = [len(set(rank(past, path)) & set(known) - {path}) / (len(known) - 1) for path in known]
    return float(np.mean(shares))


def interval(values: Sequence[float]) -> str:
    """Mean and 95 % interval."""
    drawn = np.random.default_rng(SEED).choice(np.array(values), (ROUNDS, len(values))).mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{np.mean(values):.1%} [{low:.1%}, {high:.1%}]"


def measure(root: Path, home: Path, most: int, *, rolling: bool) -> dict[str, list[float]]:
    """Recall of each test commit, by the name of what answered."""
    history = History(root, home)
    try:
        history.refresh()
        rows, paths = list(history.store.rows()), history.store.paths()
    finally:
        history.close()
    tests = cases(rows, paths, most)
    if not tests:
        raise SystemExit(f"{root}: no history to learn from")
    begin = rows[tests[0].place].time
    # A commit can be dated before its parent: what was committed later than the date is out, wherever it stands.
    past = replay([row for row in rows if row.time < begin], paths)
    frequency = Frequency(past)
    rankings: dict[str, Ranking] = {
        "hunch": ours, "folder": frequency.folder, "often": frequency.often, "counts": counts,
    }  # fmt: skip
    found: dict[str, list[float]] = {name: [] for name in (*rankings, *(("rolling",) if rolling else ()))}
    for case in tests:
        one = {name: recall(past, case, rank) for name, rank in rankings.items()}
        if None in one.values():
            continue
        if rolling:
            one["rolling"] = recall(replay(rows[: case.place], paths), case, ours)
        for name, value in one.items():
            found[name].append(value or 0.0)
    return found


def main() -> None:
    """Print one row per repository, then all of them together."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--commits", type=int, default=300)
    parser.add_argument("--rolling", action="store_true", help="also with all commits before each one: slower")
    options = parser.parse_args()
    everything: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as home:
        for root in options.repositories:
            found = measure(root.resolve(), Path(home), options.commits, rolling=options.rolling)
            print(f"{name_of(root)}: {len(found['hunch'])} commits")
            for name, values in found.items():
                print(f"    {name:8} {interval(values)}")
                everything.setdefault(name, []).extend(values)
            print(f"    hunch - folder {gain(found)}", flush=True)
    print(f"all: {len(everything['hunch'])} commits")
    for name, values in everything.items():
        print(f"    {name:8} {interval(values)}")
    print(f"    hunch - folder {gain(everything)}")


def name_of(root: Path) -> str:
    """A repository's name: its folder's, or the one above where that is called `repo`."""
    return root.resolve().parent.name if root.name == "repo" else root.name


def gain(found: dict[str, list[float]]) -> str:
    """Difference to the folder baseline, in pairs."""
    return interval([a - b for a, b in zip(found["hunch"], found["folder"], strict=True)])


if __name__ == "__main__":
    main()
