"""The type-through cache: a completion stays good while the person types its beginning.

Invariant: typed text + what a lookup returns == what was generated there, with the same text after the cursor.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace

from hunch_features.gating.situation import LogProbs
from hunch_features.text import Position, Snapshot

CAPACITY = 250  # llama.vim's
CONTEXT_CHARS = 160  # text before the line that must be the same
SUFFIX_CHARS = 64
DRIFT_LINES = 24  # lines above the cursor line looked through for where a multi-line completion began


@dataclass(frozen=True, slots=True)
class Entry:
    """A generated text and its log-probabilities. `line_prefix`: the cursor line up to where it was generated."""

    line_prefix: str
    text: str
    logprobs: LogProbs
    multiline: bool
    ahead: bool = False
    """Made in idle time, and nobody has come to it yet."""


@dataclass(frozen=True, slots=True)
class Hit:
    """What is left of an entry to show. `ahead`: it was made in idle time, and this is the first time it is of use."""

    text: str
    logprobs: LogProbs
    multiline: bool
    ahead: bool = False


Key = tuple[str, str, str]


class TypeThroughCache:
    """LRU over places (document, text before the line, text after the cursor); each holds one entry per line prefix."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._places: OrderedDict[Key, OrderedDict[str, Entry]] = OrderedDict()
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def put(
        self,
        snapshot: Snapshot,
        position: Position,
        text: str,
        logprobs: LogProbs,
        *,
        multiline: bool,
        ahead: bool = False,
    ) -> None:
        """Keep `text` (not empty) as the completion at a position."""
        before = snapshot.line(position.line)[: position.column]
        key = _key(snapshot, position.line, _suffix(snapshot, position))
        place = self._places.setdefault(key, OrderedDict())
        self._size += before not in place
        place[before] = Entry(before, text, logprobs, multiline, ahead)
        place.move_to_end(before)
        self._places.move_to_end(key)
        while self._size > self._capacity:
            oldest_key, oldest = next(iter(self._places.items()))
            oldest.popitem(last=False)
            self._size -= 1
            if not oldest:
                del self._places[oldest_key]

    def get(self, snapshot: Snapshot, position: Position) -> Hit | None:
        """The longest-known completion that extends what is typed before the position, or None."""
        suffix = _suffix(snapshot, position)
        typed = snapshot.line(position.line)[: position.column]
        for back in range(min(DRIFT_LINES, position.line + 1)):
            line = position.line - back
            if back:
                typed = snapshot.line(line) + "\n" + typed
            place = self._places.get(_key(snapshot, line, suffix))
            hit = _extend(place, typed) if place else None
            if hit is not None:
                self._places.move_to_end(_key(snapshot, line, suffix))
                return hit
        return None

    def drop(self, snapshot: Snapshot, position: Position) -> None:
        """Forget what was generated at this place."""
        place = self._places.pop(_key(snapshot, position.line, _suffix(snapshot, position)), None)
        self._size -= len(place) if place else 0

    def forget(self, path: str) -> None:
        """Drop everything of a document."""
        for key in [key for key in self._places if key[0] == path]:
            self._size -= len(self._places.pop(key))


def _extend(place: OrderedDict[str, Entry], typed: str) -> Hit | None:
    for entry in reversed(place.values()):
        if not typed.startswith(entry.line_prefix):
            continue
        done = typed[len(entry.line_prefix) :]
        if len(done) < len(entry.text) and entry.text.startswith(done):
            if entry.ahead:
                place[entry.line_prefix] = replace(entry, ahead=False)
            return Hit(entry.text[len(done) :], entry.logprobs, entry.multiline, entry.ahead)
    return None


def _key(snapshot: Snapshot, line: int, suffix: str) -> Key:
    start = snapshot.line_start(line)
    return snapshot.path, snapshot.slice(max(0, start - CONTEXT_CHARS), start), suffix


def _suffix(snapshot: Snapshot, position: Position) -> str:
    """The text right after the cursor that a completion was made to fit."""
    offset = snapshot.line_start(position.line) + position.column
    return snapshot.slice(offset, offset + SUFFIX_CHARS)
