"""How often a name follows another one and a dot: sorted numbers for the whole repository, changes kept beside them."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from hunch_features.memory.tokens import NAME, NEWLINE, SPACE, Tokens, token_id

Keys = npt.NDArray[np.int64]
_IMPORTS = tuple(np.int32(token_id(word)) for word in ("from", "import", "package", "use", "using"))
_DOT = np.int32(token_id(".") | SPACE)
_LOW = 0xFFFFFFFF


def pair_keys(tokens: Tokens, starts: npt.NDArray[np.int64]) -> Keys:
    """What-stands-before, dot, name, as one number each, in files that begin at `starts`.

    `self` and `)` count as what stands before. Imports are left out: a module's name is not what the objects called
    like its package have.
    """
    dots = np.flatnonzero((tokens | SPACE) == _DOT)
    dots = dots[(dots > 0) & (dots < len(tokens) - 1)]
    inside = np.ones(len(tokens) + 1, dtype=np.bool_)
    inside[starts] = False
    dots = dots[inside[dots] & inside[dots + 1]]
    inside[1:] &= tokens != NEWLINE
    lines = np.flatnonzero(~inside[:-1])
    first = tokens[lines]
    imports = np.zeros(len(first), dtype=np.bool_)
    for word in _IMPORTS:
        imports |= first == word
    dots = dots[~imports[np.searchsorted(lines, dots, side="right") - 1]]
    left, right = tokens[dots - 1], tokens[dots + 1]
    named = (right & NAME) != 0
    keys: Keys = (left[named].astype(np.int64) & ~SPACE) << 32 | (right[named].astype(np.int64) & ~SPACE)
    return keys


def counted(keys: Keys) -> tuple[Keys, Keys]:
    """The distinct keys, in order, and how often each occurs."""
    ordered = np.sort(keys)
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    return ordered[first], np.diff(first, append=len(ordered))


class Pairs:
    """Counts by receiver and member, both token ids without a space."""

    def __init__(self, parts: Iterable[tuple[Keys, Keys]] = ()) -> None:
        """`parts`: keys and their counts, as of `counted`; a key may be in several parts."""
        listed = [*parts, (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))]
        keys = np.concatenate([part[0] for part in listed])
        order = np.argsort(keys)
        keys, counts = keys[order], np.concatenate([part[1] for part in listed])[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        self._keys: Keys = keys[first]
        self._counts = np.add.reduceat(counts, first) if len(first) else counts
        members = self._keys & _LOW
        order = np.argsort(members)
        members = members[order]
        first = np.flatnonzero(np.diff(members, prepend=-1))
        self._members: Keys = members[first]
        self._totals = np.add.reduceat(self._counts[order], first) if len(first) else self._counts
        # Bisecting a view takes a microsecond, asking numpy for one number several.
        self._key_view, self._member_view = self._keys.data, self._members.data
        self._later: defaultdict[int, Counter[int]] = defaultdict(Counter)
        self._later_totals: Counter[int] = Counter()

    def change(self, tokens: Tokens, by: int) -> None:
        """Count one file's pairs in (`by` 1) or out (-1)."""
        keys, counts = counted(pair_keys(tokens, np.zeros(1, dtype=np.int64)))
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            self._later[key >> 32][key & _LOW] += by * count
            self._later_totals[key & _LOW] += by * count

    def without(self, tokens: Tokens) -> Pairs:
        """The same without one file: for evaluation, where it must not know its own answer."""
        keys, counts = counted(pair_keys(tokens, np.zeros(1, dtype=np.int64)))
        return Pairs([(self._keys, self._counts), (keys, -counts)])

    def count(self, receiver: int, member: int) -> int:
        """How often `receiver.member` is written."""
        key = receiver << 32 | member
        at = bisect_left(self._key_view, key)
        found = int(self._counts[at]) if at < len(self._keys) and self._key_view[at] == key else 0
        later = self._later.get(receiver)
        return max(0, found + (later[member] if later else 0))

    def total(self, member: int) -> int:
        """How often a name follows a dot, whatever stands before it."""
        at = bisect_left(self._member_view, member)
        found = int(self._totals[at]) if at < len(self._members) and self._member_view[at] == member else 0
        return max(0, found + self._later_totals[member])

    def after(self, receiver: int, limit: int) -> list[int]:
        """Members that follow a receiver, the most frequent first, then by number."""
        low, high = (bisect_left(self._key_view, end) for end in (receiver << 32, receiver + 1 << 32))
        members, counts = self._keys[low:high] & _LOW, self._counts[low:high]
        later = self._later.get(receiver)
        if later:
            found = Counter(dict(zip(members.tolist(), counts.tolist(), strict=True)))
            found.update(later)
            members, counts = (
                np.array(part, dtype=np.int64) for part in (sorted(found), [found[m] for m in sorted(found)])
            )
        # Count and number in one: the few best are found without sorting all.
        packed = (_LOW - counts[counts > 0] << 32) | members[counts > 0]
        if len(packed) > limit:
            packed = np.partition(packed, limit)[:limit]
        listed: list[int] = (np.sort(packed) & _LOW).tolist()
        return listed
