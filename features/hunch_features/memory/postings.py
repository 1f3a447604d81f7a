"""Which files use a name: an inverted index over token ids, in RAM, for questions on the path of a keystroke."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from hunch_features.memory.tokens import NAME, SPACE, Tokens, distinct

Uses = npt.NDArray[np.int64]

LENGTH_NORM = 0.75  # BM25's b
MANY = 0.3
"""A name that this share of all files uses tells nothing."""


def distinct_names(tokens: Tokens) -> Tokens:
    """The distinct names of a file, sorted, without the space bit."""
    named: Tokens = tokens[(tokens & NAME) != 0] & ~np.int32(SPACE)
    return distinct(named)


def uses_of(tokens: Tokens, numbers: npt.NDArray[np.int32]) -> Uses:
    """Which names files use, each once and in order: the name above 32 bits, the file below.

    `numbers`: of the file, for each token.
    """
    named = np.flatnonzero(tokens & NAME)
    return distinct((tokens[named] & ~np.int32(SPACE)).astype(np.int64) << 32 | numbers[named])


class Postings:
    """Built once from all files; files that change later are kept beside it until it is built anew."""

    def __init__(self, paths: Sequence[str] = (), parts: Iterable[Uses] = ()) -> None:
        """`parts`: `uses_of` some of the files each; a file's number is its place in `paths`."""
        self._paths = list(paths)
        uses = np.concatenate([*parts, np.empty(0, dtype=np.int64)])
        uses.sort()
        self._names: Tokens = (uses >> 32).astype(np.int32)
        self._files: npt.NDArray[np.int32] = uses.astype(np.int32)
        # Bisecting a view takes a microsecond, asking numpy for one number several.
        self._view = self._names.data
        lengths = np.bincount(self._files, minlength=len(self._paths))
        mean = float(lengths.mean()) if len(lengths) else 1.0
        self._weights = 1.0 / (1 - LENGTH_NORM + LENGTH_NORM * np.maximum(lengths, 1) / max(mean, 1.0) + 1.0)
        self._place = {path: number for number, path in enumerate(self._paths)}
        self._later: dict[str, frozenset[int]] = {}

    def __len__(self) -> int:
        return len(self._paths)

    def replace(self, path: str, names: Tokens | None) -> None:
        """A file changed, or is gone (None)."""
        self._later[path] = frozenset(names.tolist()) if names is not None else frozenset()

    def _span(self, name: int) -> tuple[int, int]:
        return bisect_left(self._view, name), bisect_left(self._view, name + 1)

    def count(self, name: int) -> int:
        """How many files used a name when this was built."""
        low, high = self._span(name)
        return high - low

    def paths_of(self, name: int) -> set[str]:
        """Files that use a name."""
        low, high = self._span(name)
        found = {self._paths[number] for number in self._files[low:high].tolist()}
        return (found - self._later.keys()) | {path for path, names in self._later.items() if name in names}

    def like(self, wanted: Tokens, limit: int) -> list[str]:
        """Files that share most with the wanted names, by BM25 with every name counted once; best first."""
        scores = np.zeros(len(self._paths))
        rarity: dict[int, float] = {}
        total = max(1, len(self._paths))
        lows, highs = np.searchsorted(self._names, wanted), np.searchsorted(self._names, wanted, side="right")
        for name, low, high in zip(wanted.tolist(), lows.tolist(), highs.tolist(), strict=True):
            count = high - low
            if count > MANY * total and total > 20:
                continue
            rarity[name] = math.log(1 + (total - count + 0.5) / (count + 0.5))
            scores[self._files[low:high]] += rarity[name]
        scores *= self._weights
        for path in self._later:
            if path in self._place:
                scores[self._place[path]] = 0.0
        best = np.argpartition(scores, -limit)[-limit:] if len(scores) > limit else np.arange(len(scores))
        found = [(float(scores[number]), self._paths[number]) for number in best.tolist() if scores[number] > 0]
        for path, names in self._later.items():
            score = sum(weight for name, weight in rarity.items() if name in names)
            if score:
                found.append((score / 2, path))
        return [path for _score, path in sorted(found, key=lambda entry: (-entry[0], entry[1]))[:limit]]
