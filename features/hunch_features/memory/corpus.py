"""The tokens of a repository's files in one array, and where each short context occurs in it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from hunch_features.memory.tokens import NAME, SPACE, Tokens

Places = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

MAX_TOKENS = 12_000_000
"""Tokens kept in RAM, at 12 bytes each: about 45 MB of source."""
AT_ONCE = 1_000_000
"""Up to so many tokens contexts are sorted when a corpus is made: a tenth of a second each."""
KEPT_FOLDERS = 16
EXACT, SHAPED = 2, 4
"""Tokens in a context that is looked up: as they are, and with names free."""
_MIX = np.uint64(0x9E3779B97F4A7C15)


def bare_of(tokens: Tokens) -> Tokens:
    """Tokens without the spaces in front of them: worked out where it is needed, to keep it would cost a third more."""
    bare: Tokens = tokens & ~np.int32(SPACE)
    return bare


def shape_of(tokens: Tokens) -> Tokens:
    """Tokens with every name the same."""
    shaped: Tokens = np.where(tokens & NAME, np.int32(NAME), tokens)
    return shaped


def _keys(tokens: Tokens, width: int) -> Keys:
    """A number for the `width` tokens that end with each token; fewer at the start."""
    keys = np.zeros(len(tokens), dtype=np.uint64)
    unsigned = tokens.astype(np.uint64)
    for back in range(min(width, len(tokens))):
        keys[back:] = keys[back:] * _MIX + unsigned[: len(tokens) - back] + np.uint64(1)
    return keys


class Corpus:
    """Built once; a file that changes later is replaced by a corpus of its own beside this one."""

    def __init__(self, files: Iterable[tuple[str, Tokens]] = (), *, later: bool = False) -> None:
        """`files`: path and token ids. Files beyond `MAX_TOKENS` in all are left out.

        `later`: a large corpus is not sorted yet; the caller has to call `order`.
        """
        self.paths: list[str] = []
        parts: list[Tokens] = []
        total = 0
        for path, tokens in files:
            if total + len(tokens) > MAX_TOKENS:
                continue
            self.paths.append(path)
            parts.append(tokens)
            total += len(tokens)
        self._starts = np.cumsum([0, *map(len, parts)])
        self.raw: Tokens = np.concatenate(parts) if parts else np.empty(0, dtype=np.int32)
        self._place = {path: number for number, path in enumerate(self.paths)}
        self._folders: dict[str, npt.NDArray[np.bool_]] = {}
        self._orders: tuple[npt.NDArray[np.int32], ...] = ()
        if not later or len(self.raw) <= AT_ONCE:
            self.order()

    @property
    def ordered(self) -> bool:
        """Whether contexts can be looked up: a large corpus has to be put in order first."""
        return bool(self._orders)

    def order(self) -> None:
        """Sort all contexts: seconds for a large corpus, in which nothing is found yet."""
        bare = bare_of(self.raw)
        self._orders = tuple(self._order(tokens, width) for tokens, width in ((bare, EXACT), (shape_of(bare), SHAPED)))

    @staticmethod
    def _order(tokens: Tokens, width: int) -> npt.NDArray[np.int32]:
        return np.argsort(_keys(tokens, width), kind="stable").astype(np.int32)

    def __len__(self) -> int:
        return len(self.raw)

    def after(self, context: Tokens, *, shaped: bool, limit: int) -> Places:
        """Places that follow the last tokens of `context`: evenly thinned where there are more than `limit`."""
        width = SHAPED if shaped else EXACT
        if len(context) < width or len(self.raw) < width or not self.ordered:
            return np.empty(0, dtype=np.int64)
        wanted = context[-width:]
        key = int(_keys(shape_of(wanted) if shaped else wanted, width)[-1])
        order = self._orders[shaped]
        low, high = (self._bound(order, key, shaped, width, right) for right in (False, True))
        found = order[low:high] if high - low <= limit else order[low:high][:: (high - low) // limit + 1]
        return found.astype(np.int64) + 1

    def _bound(self, order: npt.NDArray[np.int32], key: int, shaped: bool, width: int, right: bool) -> int:
        """Bisection by keys worked out on the way: storing them would take half as much memory again."""
        low, high = 0, len(order)
        while low < high:
            middle = (low + high) // 2
            end = int(order[middle]) + 1
            here = bare_of(self.raw[max(0, end - width) : end])
            number = int(_keys(shape_of(here) if shaped else here, width)[-1])
            if number < key or (right and number == key):
                low = middle + 1
            else:
                high = middle
        return low

    def file_at(self, places: Places) -> Places:
        """Number of the file that each place lies in."""
        return np.searchsorted(self._starts, places - 1, side="right") - 1

    def in_folder(self, folder: str) -> npt.NDArray[np.bool_]:
        """For each file whether it lies directly in a folder."""
        if folder not in self._folders:
            self._folders[folder] = np.array([posixpath.dirname(path) == folder for path in self.paths], dtype=np.bool_)
            if len(self._folders) > KEPT_FOLDERS:
                self._folders.pop(next(iter(self._folders)))
        return self._folders[folder]

    def span(self, path: str) -> tuple[int, int]:
        """Where a file's tokens lie; empty for one that is not here."""
        number = self._place.get(path)
        return (0, 0) if number is None else (int(self._starts[number]), int(self._starts[number + 1]))
