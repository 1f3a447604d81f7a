"""The texts of token ids in two arrays and one run of bytes: a dictionary of them would take ten times the room."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt


class Vocabulary(Mapping[int, str]):
    """Id (with the space bit) to text. Names that came later are kept beside it."""

    def __init__(self, ids: npt.NDArray[np.int32] | None = None, texts: bytes = b"") -> None:
        """`ids` ascending; `texts`: UTF-8, in the same order, a line end between each two."""
        self._ids = np.empty(0, dtype=np.int32) if ids is None else ids
        ends = np.flatnonzero(np.frombuffer(texts, dtype=np.uint8) == ord("\n"))
        self._ends = np.append(ends, len(texts)).astype(np.int32)
        self._texts = texts
        self._later: dict[int, str] = {}
        if len(self._ids) and len(self._ids) != len(self._ends):
            raise ValueError("as many texts as ids")
        self._view = self._ids.data

    def update(self, names: Mapping[int, str]) -> None:
        """Add names."""
        self._later.update(names)

    def _place(self, key: object) -> int:
        if not isinstance(key, int):
            return -1
        at = bisect_left(self._view, key)
        return at if at < len(self._view) and self._view[at] == key else -1

    def __contains__(self, key: object) -> bool:
        return key in self._later or self._place(key) >= 0

    def __getitem__(self, key: int) -> str:
        at = self._place(key)
        if at < 0:
            return self._later[key]
        start = int(self._ends[at - 1]) + 1 if at else 0
        return self._texts[start : int(self._ends[at])].decode("utf-8", "replace")

    def __iter__(self) -> Iterator[int]:
        yield from self._ids.tolist()
        yield from (key for key in self._later if self._place(key) < 0)

    def __len__(self) -> int:
        return len(self._ids) + sum(self._place(key) < 0 for key in self._later)
