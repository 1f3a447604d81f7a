"""The part of an index that is held in RAM: paths, uses of names, pairs, texts, and all code to continue from."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hunch_features.memory.allocator import give_back
from hunch_features.memory.continuation import Continuations
from hunch_features.memory.corpus import MAX_TOKENS, Corpus
from hunch_features.memory.pairs import Pairs, counted, pair_keys
from hunch_features.memory.paths import Paths
from hunch_features.memory.postings import Postings, distinct_names, uses_of
from hunch_features.memory.store import Store
from hunch_features.memory.tokens import SPACE, Tokens
from hunch_features.memory.vocabulary import Vocabulary

CHUNK_TOKENS = 1_000_000
"""Files are looked at by numpy so many tokens at a time: 4 MB."""


class Hot:
    """Read once; files that change later are kept beside what was read."""

    def __init__(self, reader: Store | None = None) -> None:
        """Everything in the index of `reader`; without it nothing."""
        listed: list[str] = []
        kept: list[tuple[str, Tokens]] = []
        uses, pairs = [], []
        total = 0
        for paths, tokens, starts in _chunks(reader) if reader is not None else ():
            lengths = np.diff(starts, append=len(tokens))
            numbers = np.repeat(np.arange(len(listed), len(listed) + len(paths), dtype=np.int32), lengths)
            uses.append(uses_of(tokens, numbers))
            pairs.append(counted(pair_keys(tokens, starts)))
            if total < MAX_TOKENS:
                parts = zip(paths, starts.tolist(), lengths.tolist(), strict=True)
                kept += [(path, tokens[start : start + length]) for path, start, length in parts]
                total += len(tokens)
            listed += paths
        self.paths = Paths(listed)
        self.postings = Postings(listed, uses)
        self.pairs = Pairs(pairs)
        self.defined = reader.defined_names() if reader is not None else set()
        """Every name that has a definition; one that is only added to until all is read again."""
        self.texts = reader.vocabulary() if reader is not None else Vocabulary()
        self.corpus = Corpus(kept, later=True)
        self.continuations = Continuations(self.corpus, self.texts)
        self._changed: dict[str, Tokens] = {}
        self._ordering: threading.Thread | None = None

    def tokens_of(self, path: str) -> Tokens | None:
        """Token ids of a file; None for one that is not held here."""
        if path in self._changed:
            return self._changed[path]
        low, high = self.corpus.span(path)
        return self.corpus.raw[low:high] if high > low else None

    def order_beside(self) -> None:
        """Put a large corpus in order beside everything else: symbols and search need not wait for it."""
        self._ordering = threading.Thread(target=self._order, name="corpus", daemon=True)
        self._ordering.start()

    def _order(self) -> None:
        if not self.corpus.ordered:
            self.corpus.order()
        give_back()

    def settle(self) -> None:
        """Wait until the corpus is in order."""
        if self._ordering is not None:
            self._ordering.join()

    def replace(self, writer: Store, path: str, old: bytes | None) -> None:
        """A file was indexed anew, or is gone. `old`: its token ids before that."""
        new = writer.tokens_of(path)
        if old is not None:
            self.pairs.change(np.frombuffer(old, dtype=np.int32), -1)
        tokens = np.frombuffer(new or b"", dtype=np.int32)
        self._changed[path] = tokens
        unheard = [key for key in np.unique(tokens | SPACE).tolist() if key not in self.texts]
        self.texts.update(writer.names_of(unheard))
        self.continuations = Continuations(self.corpus, self.texts, Corpus(self._changed.items()))
        if new is None:
            self.paths.discard(path)
            self.postings.replace(path, None)
            return
        self.postings.replace(path, distinct_names(tokens))
        self.defined.update(hit.symbol.name for hit in writer.in_file(path, everything=True))
        self.paths.add(path)
        self.pairs.change(tokens, 1)


def _chunks(reader: Store) -> Iterator[tuple[list[str], Tokens, npt.NDArray[np.int64]]]:
    """Some files at a time: their paths, their tokens in one array, and where each begins."""
    paths: list[str] = []
    blobs: list[bytes] = []
    size = 0
    for path, blob in reader.tokens():
        paths.append(path)
        blobs.append(blob)
        size += len(blob)
        if size >= CHUNK_TOKENS * 4:
            yield _together(paths, blobs)
            paths, blobs, size = [], [], 0
    if paths:
        yield _together(paths, blobs)


def _together(paths: list[str], blobs: list[bytes]) -> tuple[list[str], Tokens, npt.NDArray[np.int64]]:
    starts = np.cumsum([0, *(len(blob) // 4 for blob in blobs)])[:-1]
    return paths, np.frombuffer(b"".join(blobs), dtype=np.int32), starts
