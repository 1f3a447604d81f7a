"""The tokens of a repository's files in one array, and where each short context occurs in it."""

from __future__ import annotations

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
EXACT, SHAPED = 2, 4
"""Tokens in a context that is looked up: as they are, and with names free."""
_MIX = 0x9E3779B97F4A7C15
_WORD_64 = 0xFFFFFFFFFFFFFFFF
_BUCKET_BITS = 16
_AT_A_TIME = 1 << 20
"""Contexts numbered at a time: what that takes for a moment stays small."""


def bare_of(tokens: Tokens) -> Tokens:
    """Tokens without the spaces in front of them: worked out where it is needed, to keep it would cost a third more."""
    bare: Tokens = tokens & ~np.int32(SPACE)
    return bare


def shape_of(tokens: Tokens) -> Tokens:
    """Tokens with every name the same."""
    shaped: Tokens = np.where(tokens & NAME, np.int32(NAME), tokens)
    return shaped


def _keys(tokens: Tokens, width: int) -> Keys:
    """A number of 32 bits for the `width` tokens that end with each token; of fewer at the start."""
    keys = np.zeros(len(tokens), dtype=np.uint64)
    unsigned = tokens.astype(np.uint64)
    unsigned += np.uint64(1)
    for back in range(min(width, len(tokens))):
        keys[back:] *= np.uint64(_MIX)
        keys[back:] += unsigned[: len(tokens) - back]
    keys *= np.uint64(_MIX)
    keys >>= np.uint64(32)
    return keys


def _low_halves(packed: Keys) -> npt.NDArray[np.uint32]:
    """The lower 32 bits of each number, in the room of the numbers themselves, half of which is given back."""
    count = len(packed)
    halves = packed.view(np.uint32)
    for start in range(0, count, _AT_A_TIME):
        halves[start : min(count, start + _AT_A_TIME)] = packed[start : start + _AT_A_TIME].astype(np.uint32)
    del halves
    packed.resize((count + 1) // 2, refcheck=False)
    return packed.view(np.uint32)[:count]


class _Order:
    """The ends of all contexts of one kind, sorted by their keys. Keys are worked out on the way: two different
    contexts may share one, and to store them would take as much room again."""

    def __init__(self, raw: Tokens, width: int, *, shaped: bool) -> None:
        self._raw, self._width, self._shaped = raw, width, shaped
        # Key and place in one number: sorting numbers is several times faster than sorting places by them.
        packed = np.arange(len(raw), dtype=np.uint64)
        for start in range(0, len(raw), _AT_A_TIME):
            before = min(start, width - 1)
            piece = bare_of(raw[start - before : start + _AT_A_TIME])
            keys = _keys(shape_of(piece) if shaped else piece, width)[before:]
            keys <<= np.uint64(32)
            packed[start : start + _AT_A_TIME] |= keys
        packed.sort()
        firsts = np.arange((1 << _BUCKET_BITS) + 1, dtype=np.uint64) << np.uint64(64 - _BUCKET_BITS)
        self._buckets = np.searchsorted(packed, firsts)
        self._buckets[-1] = len(packed)
        self._ends = _low_halves(packed)
        self._raw_view, self._end_view = raw.data, self._ends.data

    def span(self, context: Tokens) -> tuple[int, int]:
        """Where the contexts with the key of this one begin and end."""
        key = int(_keys(shape_of(context) if self._shaped else context, self._width)[-1])
        bucket = key >> 32 - _BUCKET_BITS
        low, end = int(self._buckets[bucket]), int(self._buckets[bucket + 1])
        low = self._first(key, low, end)
        return low, self._first(key + 1, low, end)

    def _first(self, key: int, low: int, high: int) -> int:
        while low < high:
            middle = (low + high) // 2
            if self._key(self._end_view[middle]) < key:
                low = middle + 1
            else:
                high = middle
        return low

    def _key(self, end: int) -> int:
        """The same as `_keys` works out for many places at once."""
        key = 0
        for token in self._raw_view[max(0, end - self._width + 1) : end + 1].tolist()[::-1]:
            bare = token & ~SPACE
            key = (key * _MIX + (NAME if self._shaped and bare & NAME else bare) + 1) & _WORD_64
        return (key * _MIX & _WORD_64) >> 32

    def ends(self, low: int, high: int, step: int, context: Tokens) -> Places:
        """Every `step`-th end of a context between two places, those left out that only share the key."""
        found = self._ends[low:high:step].astype(np.int64)
        found = found[found >= self._width - 1]
        here = bare_of(self._raw[found[:, None] - np.arange(self._width - 1, -1, -1)])
        alike = (shape_of(here) == shape_of(context)) if self._shaped else here == context
        ends: Places = found[alike.all(axis=1)]
        return ends


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
        folders: dict[str, int] = {}
        self._folder = np.array(
            [folders.setdefault(path.rpartition("/")[0], len(folders)) for path in self.paths], dtype=np.int32
        )
        self._folders = folders
        self._orders: tuple[_Order, ...] = ()
        if not later or len(self.raw) <= AT_ONCE:
            self.order()

    @property
    def ordered(self) -> bool:
        """Whether contexts can be looked up: a large corpus has to be put in order first."""
        return bool(self._orders)

    def order(self) -> None:
        """Sort all contexts: a second or two for a large corpus, in which nothing is found yet."""
        self._orders = (_Order(self.raw, EXACT, shaped=False), _Order(self.raw, SHAPED, shaped=True))

    def __len__(self) -> int:
        return len(self.raw)

    def after(self, context: Tokens, *, shaped: bool, limit: int) -> Places:
        """Places that follow the last tokens of `context`: evenly thinned where there are more than `limit`."""
        width = SHAPED if shaped else EXACT
        if len(context) < width or len(self.raw) < width or not self.ordered:
            return np.empty(0, dtype=np.int64)
        wanted, order = context[-width:], self._orders[shaped]
        low, high = order.span(wanted)
        return order.ends(low, high, 1 if high - low <= limit else (high - low) // limit + 1, wanted) + 1

    def file_at(self, places: Places) -> Places:
        """Number of the file that each place lies in."""
        return np.searchsorted(self._starts, places - 1, side="right") - 1

    def in_folder(self, folder: str) -> npt.NDArray[np.bool_]:
        """For each file whether it lies directly in a folder."""
        here: npt.NDArray[np.bool_] = self._folder == self._folders.get(folder, -1)
        return here

    def span(self, path: str) -> tuple[int, int]:
        """Where a file's tokens lie; empty for one that is not here."""
        number = self._place.get(path)
        return (0, 0) if number is None else (int(self._starts[number]), int(self._starts[number + 1]))
