"""What was deleted lately: it often comes back, a little further on or in another file."""

from __future__ import annotations

from collections import OrderedDict, deque

from hunch_features.text import Snapshot

LEAST_CHARS, MOST_CHARS = 12, 2000
MOST_TEXTS = 4
MOST_DOCUMENTS = 8


class Deleted:
    """Sees the texts of documents as requests come, and keeps what went from one to the next."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, Snapshot] = OrderedDict()
        self._texts: deque[str] = deque(maxlen=MOST_TEXTS)

    @property
    def texts(self) -> tuple[str, ...]:
        """The latest deletions of any document, oldest first."""
        return tuple(self._texts)

    def saw(self, snapshot: Snapshot) -> None:
        """A document as it is now. Looks for a difference only where the text has become shorter."""
        before = self._last.get(snapshot.path)
        self._last[snapshot.path] = snapshot
        self._last.move_to_end(snapshot.path)
        if len(self._last) > MOST_DOCUMENTS:
            self._last.popitem(last=False)
        if before is None or before.char_count - snapshot.char_count < LEAST_CHARS:
            return
        gone = removed(before, snapshot)
        if len(gone.strip()) >= LEAST_CHARS:
            self._texts.append(gone[:MOST_CHARS])

    def forget(self, path: str) -> None:
        """A document was closed; what was deleted in it may be put into another one."""
        self._last.pop(path, None)


def removed(before: Snapshot, after: Snapshot) -> str:
    """The text between what both begin with and what both end with, as it was before."""
    most = min(before.line_count, after.line_count)
    first = 0
    while first < most and before.line_with_end(first) == after.line_with_end(first):
        first += 1
    last = 0
    while last < most - first and (
        before.line_with_end(before.line_count - 1 - last) == after.line_with_end(after.line_count - 1 - last)
    ):
        last += 1
    old = "".join(before.line_with_end(number) for number in range(first, before.line_count - last))
    new = "".join(after.line_with_end(number) for number in range(first, after.line_count - last))
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    return old[start : len(old) - end]
