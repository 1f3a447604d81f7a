"""Files that change together: how often, of how many times, and which are the likeliest now."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import sqrt
from pathlib import PurePosixPath

from hunch_features.memory.history.past import Past, stem

RECENT = 500
"""Commits of one file that are looked at; older ones hardly weigh."""
DOUBT = 0.5
"""Weight of what is likely anyway: files of the same name or folder, and files that change often."""
SHORTEST_STEM = 3


@dataclass(frozen=True, slots=True)
class Related:
    """A file that changed in `support` of the `of` commits that changed the one asked about.

    `confidence` is their ratio; `score` is what the order goes by: recent and small commits weigh more.
    """

    path: str
    confidence: float
    support: int
    of: int
    score: float

    def solid(self, least: float = 0.5, support: int = 4) -> bool:
        """Whether the 95 % lower bound (Wilson) of the confidence reaches `least`: then it may be said unasked."""
        return self.support >= support and wilson(self.support, self.of) >= least


def wilson(hits: float, of: float, z: float = 1.96) -> float:
    """Lower bound of a share; z is 1.96 for 95 %. Counts may be weighted."""
    if of <= 0:
        return 0.0
    share = hits / of
    middle = share + z * z / (2 * of)
    spread = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + z * z / of))


def related(past: Past, path: str, limit: int = 10, *, guesses: bool = False) -> list[Related]:
    """Files that change together with `path`, likeliest first; only those that exist.

    With `guesses` also files that never changed with it, by name, folder and how often they change (support 0).
    """
    asked = past.find(path)
    folder = PurePosixPath(path).parent
    about = stem(path)
    counts: Counter[int] = Counter()
    sums: dict[int, float] = {}
    total = 0.0
    commits = past.touched.get(asked, [])[-RECENT:] if asked is not None else []
    for place in commits:
        weight = past.weights[place]
        total += weight
        for file in past.commits[place]:
            counts[file] += 1
            sums[file] = sums.get(file, 0.0) + weight
    files = set(counts)
    same_name = set(past.by_stem.get(about, ())) if len(about) >= SHORTEST_STEM else set()
    if guesses:
        files |= same_name | set(past.by_folder.get(str(folder), ())) | set(past.often)
    files.discard(-1 if asked is None else asked)
    found = []
    for file in files:
        if not past.alive[file]:
            continue
        share = past.share.get(file, 0.0)
        beside = past.names[file].rpartition("/")[0] == ("" if str(folder) == "." else str(folder))
        likely = share + (file in same_name) + (share + 0.001 if beside else 0.0)
        score = (sums.get(file, 0.0) + DOUBT * likely) / (total + DOUBT)
        found.append((score, past.names[file], counts[file]))
    found.sort(key=lambda entry: (-entry[0], entry[1]))
    of = len(commits)
    return [Related(name, support / of if of else 0.0, support, of, score) for score, name, support in found[:limit]]
