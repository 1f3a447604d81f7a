"""Which files use a name: an inverted index over token ids, in RAM, for questions on the path of a keystroke."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from hunch_features.memory.tokens import NAME, SPACE, Tokens

LENGTH_NORM = 0.75  # BM25's b
MANY = 0.3
"""A name that this share of all files uses tells nothing."""


def distinct_names(tokens: Tokens) -> Tokens:
    """The distinct names of a file, sorted, without the space bit."""
    named: Tokens = tokens[(tokens & NAME) != 0] & ~np.int32(SPACE)
    return np.unique(named)


class Postings:
    """Built once from all files; files that change later are kept beside it until it is built anew."""

    def __init__(self, files: Iterable[tuple[str, Tokens]] = ()) -> None:
        """`files`: path and `distinct_names` of each."""
        self._paths: list[str] = []
        parts: list[Tokens] = []
        for path, names in files:
            self._paths.append(path)
            parts.append(names)
        lengths = np.array([len(part) for part in parts], dtype=np.int64)
        names = np.concatenate(parts) if parts else np.empty(0, dtype=np.int32)
        order = np.argsort(names, kind="stable")
        self._names = names[order]
        self._files: npt.NDArray[np.int32] = np.repeat(np.arange(len(parts), dtype=np.int32), lengths)[order]
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
        # Of the array's own type: numpy would copy the whole array to compare it with another.
        low, high = np.searchsorted(self._names, np.array((name, name + 1), dtype=np.int32))
        return int(low), int(high)

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
