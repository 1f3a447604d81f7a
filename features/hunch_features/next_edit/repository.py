"""What the next edit needs to know of a repository, and the same from its memory, its files and the open documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hunch_features.memory.history.history import History
from hunch_features.memory.paths import Paths
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.tokens import token_id
from hunch_features.memory.walk import MAX_FILE_BYTES, decode
from hunch_features.next_edit.source import Source
from hunch_features.next_edit.twins import twins
from hunch_models.errors import HunchError

MAX_USERS = 200
"""Files beyond which a word says nothing about where an edit belongs."""
MAX_RELATED = 20


class Repository(Protocol):
    """Questions about the files of a repository. Paths are relative to its root, with `/`."""

    def files_using(self, words: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """The files in which each word stands; a word in more than `MAX_USERS` files may have none."""

    def text(self, path: str) -> str | None:
        """A file's text now; None where it cannot be read or is too large."""

    def imported_from(self, source: Source, name: str) -> str | None:
        """The file that a file's imports take a name from; None where none of this repository does."""

    def related(self, path: str) -> Mapping[str, float]:
        """Files that change together with a file, and how often."""

    def twins(self, path: str) -> Sequence[str]:
        """The other halves of a file: its header or implementation, the same texts in other languages."""


class RememberedRepository:
    """The repository as memory and history have it. Open documents count as they are in the editor."""

    def __init__(self, memory: RepositoryMemory | None, history: History | None, open_texts: Mapping[str, str]) -> None:
        self._memory = memory
        self._history = history
        self._open = open_texts

    def files_using(self, words: Sequence[str]) -> Mapping[str, Sequence[str]]:
        """From the postings; open documents are looked at as they are."""
        found: dict[str, Sequence[str]] = {}
        for word in words:
            known = self._memory.postings.paths_of(token_id(word)) if self._memory is not None else set()
            paths = {path for path in known if path not in self._open}
            if len(paths) <= MAX_USERS:
                found[word] = sorted(paths | {path for path, text in self._open.items() if word in text})
        return found

    def text(self, path: str) -> str | None:
        """From the editor, else from disk."""
        if path in self._open:
            return self._open[path]
        if self._memory is None or path not in self._memory.paths:
            return None
        place = self._memory.root / path
        try:
            if place.is_symlink() or place.stat().st_size > MAX_FILE_BYTES:
                return None
            return decode(place.read_bytes())
        except OSError:
            return None

    def imported_from(self, source: Source, name: str) -> str | None:
        """By the text's own imports and the repository's paths."""
        binding = source.imports.get(name)
        if binding is None:
            return None
        if self._memory is None:
            return Paths(self._open).imported(source.language, binding.module, source.path)
        return self._memory.imported_file(source.language, binding, source.path)

    def twins(self, path: str) -> Sequence[str]:
        """By the names of all files."""
        return twins(path, self._memory.paths if self._memory is not None else Paths(self._open))

    def related(self, path: str) -> Mapping[str, float]:
        """From the history; nothing where there is none."""
        if self._history is None:
            return {}
        try:
            return {one.path: one.score for one in self._history.related(path, MAX_RELATED)}
        except HunchError:
            return {}
