"""The memory of one repository as the rest of Hunch sees it: one open index, its hot part in RAM.

Questions are answered on the caller's thread in well under a millisecond each; `load` and `update` are work for a
background thread. One object serves one root; several processes may share the file behind it.
"""

from __future__ import annotations

import builtins
import posixpath
import re
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from hunch_features.memory.bindings import Binding, bindings
from hunch_features.memory.continuation import NEAR_CHARS, Continuation
from hunch_features.memory.extract import Symbol, extract
from hunch_features.memory.hot import Hot
from hunch_features.memory.index import Progress, Refreshed, refresh, refresh_paths
from hunch_features.memory.pairs import Pairs
from hunch_features.memory.parse_worker import ParseWorker
from hunch_features.memory.paths import Paths
from hunch_features.memory.postings import Postings
from hunch_features.memory.store import Hit, Store, index_path
from hunch_features.memory.tokens import NAME, SPACE, Tokens, split_name, token_id
from hunch_features.memory.walk import MAX_FILE_BYTES, language_of
from hunch_features.text import Position, Snapshot

KEPT_DOCUMENTS = 64
KEPT_ANSWERS = 4096
MAX_INHERITANCE = 3
MAX_LINES_CHARS = 4000
MAX_BASES = 8
MAX_SEEN = 200
MAX_NAMES = 50
MAX_PACKAGE_LINES = 2000
_PACKAGE_FILES = frozenset({"__init__.py", "index.ts", "index.js", "index.tsx"})
_BASES = re.compile(
    r"\bclass\s+\w+\s*(?:\[[^\]]*\])?\s*\(([^)]*)\)|\b(?:extends|implements|struct\s+\w+\s*:|class\s+\w+\s*:)\s+([\w.,<>\s]+)"
)
_FAMILIES = {
    "javascriptreact": "javascript",
    "typescript": "javascript",
    "typescriptreact": "javascript",
    "cpp": "c",
}


class Facts:
    """What the text of one open document says: its own definitions and what its imports bind."""

    def __init__(self, language: str, text: str) -> None:
        self.bindings: dict[str, Binding] = bindings(language, text)
        self.symbols: list[Symbol] = extract(language, text.encode("utf-8", "replace"), limit_s=0.2).symbols
        self.defined = {symbol.name for symbol in self.symbols}


class RepositoryMemory:
    """Opens (or makes) the index of `root` below the state folder `home`. Raises sqlite3.Error on a full disk."""

    def __init__(self, root: Path, home: Path) -> None:
        self.root = root.resolve()
        self._path = index_path(self.root, home)
        self.store = Store(self._path)
        self._writing = threading.Lock()
        self._worker = ParseWorker()
        self._hot = Hot()
        self._facts: OrderedDict[str, tuple[int, Facts]] = OrderedDict()
        self.generation = 0
        """Goes up whenever answers may have changed."""
        self._modules: dict[str, list[Hit]] = {}
        self._named: dict[str, list[Hit]] = {}
        self._imported: dict[tuple[str, Binding, str], str | None] = {}
        self.loaded = False

    @property
    def paths(self) -> Paths:
        """Every indexed file."""
        return self._hot.paths

    @property
    def postings(self) -> Postings:
        """Which files use a name."""
        return self._hot.postings

    @property
    def defined(self) -> set[str]:
        """Every name that has a definition, and some that had one."""
        return self._hot.defined

    def close(self) -> None:
        """Close the index."""
        with self._writing:
            self._worker.close()
            self.store.close()

    # ---- in the background ----

    def refresh(self, *, workers: int | None = None, progress: Progress = lambda _done, _all: None) -> Refreshed:
        """Bring the index up to date with the tree, then load the hot part."""
        with self._writing:
            writer = Store(self._path)
            try:
                done = refresh(self.root, writer, workers=workers, worker=self._worker, progress=progress)
                if done.parsed or done.removed or not self.loaded:
                    self._load()
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError):
                    raise  # a full disk or a lock: the index itself is well
                self.store.close()
                writer.rebuild()
                self.store = Store(self._path)
                done = refresh(self.root, writer, workers=workers, worker=self._worker, progress=progress)
                self._load()
            finally:
                writer.close()
            # It is started again by the next file that is saved; till then 35 MB would wait for nothing.
            self._worker.close()
        return done

    def update(self, paths: Iterable[str]) -> Refreshed:
        """The same for some files, given by their paths below the root."""
        listed = list(paths)
        with self._writing:
            writer = Store(self._path)
            try:
                before = {path: writer.tokens_of(path) for path in listed}
                done = refresh_paths(self.root, writer, listed, self._worker)
                if done.parsed or done.removed:
                    for path in listed:
                        self._hot.replace(writer, path, before[path])
                self._changed()  # also where another window was faster: the answers came from the shared file
            finally:
                writer.close()
        return done

    def load(self) -> None:
        """Read the hot part from the index as it is, without looking at the tree."""
        with self._writing:
            self._load()

    def _load(self) -> None:
        reader = Store(self._path)
        try:
            self._hot = Hot(reader)
        finally:
            reader.close()
        self._changed()
        self.loaded = True
        self._hot.order_beside()

    def _changed(self) -> None:
        """Answers given so far hold no more. New dictionaries: who asks at this moment still fills the old ones."""
        self._modules, self._named, self._imported = {}, {}, {}
        self.generation += 1

    def settle(self) -> None:
        """Wait until lines can be continued from all files: for callers who would rather wait than get nothing."""
        self._hot.settle()

    # ---- questions ----

    def facts(self, snapshot: Snapshot, *, fresh: bool = False) -> Facts:
        """What a document says of itself: as it was when it was first asked about, unless `fresh`."""
        kept = self._facts.get(snapshot.path)
        if kept is None or (fresh and kept[0] != snapshot.version):
            kept = (snapshot.version, Facts(snapshot.language, snapshot.text()))
            self._facts[snapshot.path] = kept
        self._facts.move_to_end(snapshot.path)
        if len(self._facts) > KEPT_DOCUMENTS:
            self._facts.popitem(last=False)
        return kept[1]

    def forget(self, path: str) -> None:
        """A document was closed."""
        self._facts.pop(path, None)

    def has_below(self, paths: Iterable[str]) -> bool:
        """Whether one of some paths was a folder with indexed files."""
        return any(self.paths.has_below(path) for path in paths)

    def continuations(self, snapshot: Snapshot, position: Position) -> list[Continuation]:
        """How the caret's line goes on as this repository goes on after the like of it; the likeliest first."""
        if not self.loaded:
            return []
        caret = snapshot.line_start(position.line) + position.column
        prefix = snapshot.slice(max(0, caret - 2 * NEAR_CHARS), caret)
        suffix = snapshot.slice(caret, min(snapshot.char_count, caret + 2 * NEAR_CHARS))
        return self._hot.continuations.at(prefix.replace("\r\n", "\n"), suffix.replace("\r\n", "\n"), snapshot.path)

    def imported_file(self, language: str, binding: Binding, importer: str) -> str | None:
        """The file in which a binding's name, or the module itself, is to be found."""
        key, answers = (language, binding, importer), self._imported
        if key not in answers:
            _make_room(answers)
            answers[key] = self._look_for_import(language, binding, importer)
        return answers[key]

    def _look_for_import(self, language: str, binding: Binding, importer: str) -> str | None:
        if binding.name and language == "python":
            joined = f"{binding.module}{'' if binding.module.endswith('.') else '.'}{binding.name}"
            submodule = self.paths.imported(language, joined, importer)
            if submodule is not None:
                return submodule
        return self.paths.imported(language, binding.module, importer)

    def definition(self, snapshot: Snapshot, name: str) -> Hit | None:
        """The definition that `name` has in a document by its imports, or the only one that the repository has."""
        language = snapshot.language
        binding = self.facts(snapshot).bindings.get(name)
        if binding is not None and not binding.name:
            return None  # a module
        if binding is not None:
            path = self.imported_file(language, binding, snapshot.path)
            if path is None:
                return None  # it comes from outside
            candidates = [hit for hit in self.named(binding.name) if not hit.symbol.container]
            inside = [hit for hit in candidates if hit.path == path]
            if inside:
                return inside[0]
            return candidates[0] if len(candidates) == 1 else None  # re-exported by a package
        family = _family(snapshot.language)
        elsewhere = [
            hit
            for hit in self.named(name)
            if hit.path != snapshot.path and _family(language_of(hit.path) or "") == family
        ]
        return elsewhere[0] if len(elsewhere) == 1 and not elsewhere[0].symbol.container else None

    def tokens_of(self, path: str) -> Tokens | None:
        """Token ids of a file as it was indexed; None for one that is not."""
        held = self._hot.tokens_of(path)
        if held is not None:
            return held if path in self.paths else None
        try:
            blob = self.store.tokens_of(path)
        except sqlite3.Error:
            return None
        return np.frombuffer(blob, dtype=np.int32) if blob is not None else None

    def lines_of(self, path: str, first: int, count: int, most: int = MAX_LINES_CHARS) -> str:
        """Lines of a file as it is on disk now, from 0-based `first`; empty when it cannot be read."""
        if path not in self.paths:
            return ""
        try:
            with (self.root / path).open(encoding="utf-8", errors="replace") as stream:
                return "".join(islice(stream, first, first + count))[:most]
        except OSError:
            return ""

    def named(self, name: str) -> list[Hit]:
        """Definitions of exactly this name."""
        if name not in self.defined:
            return []
        answers = self._named
        if name not in answers:
            _make_room(answers)
            try:
                answers[name] = self.store.named(name)
            except sqlite3.Error:
                return []
        return list(answers[name])

    def members_of_class(self, class_name: str, depth: int = 0) -> list[Hit]:
        """Members of a class and of the classes it extends, nearest first."""
        found = self._guarded(lambda: self.store.members(class_name))
        if depth < MAX_INHERITANCE:
            for hit in self.named(class_name):
                if hit.symbol.kind in ("class", "interface"):
                    for base in extended(hit.symbol.signature):
                        if base != class_name:
                            found += self.members_of_class(base, depth + 1)
                    break
        return found

    def callers(self, name: str, limit: int = 200) -> list[tuple[str, int]]:
        """Path and 0-based line of calls of a name."""
        paths = sorted(self.postings.paths_of(token_id(name)))
        return list(islice(((path, line) for path in paths for line in self.store.calls_in(path, name)), limit))

    def files_with_words(self, words: list[str], limit: int) -> list[str]:
        """Files that use names made of some lower-case words, best first."""
        try:
            names = self.store.names_with(words, MAX_NAMES)
        except sqlite3.Error:
            return []
        return self.postings.like(np.unique(np.array(names, dtype=np.int32)), limit)

    def members_of_module(self, path: str) -> list[Hit]:
        """Definitions at the top level of a file, and what a package's own file passes on from others."""
        found = self._guarded(lambda: self.store.in_file(path))
        if posixpath.basename(path) in _PACKAGE_FILES:
            language = language_of(path) or ""
            for binding in bindings(language, self.lines_of(path, 0, MAX_PACKAGE_LINES, MAX_FILE_BYTES)).values():
                source = self.imported_file(language, binding, path)
                if source is None:
                    continue
                passed_on = [hit for hit in self.named(binding.name) if hit.path == source and not hit.symbol.container]
                found += [Hit(hit.path, hit.symbol._replace(name=binding.local), 0.0) for hit in passed_on[:1]]
        return found

    def members_of_module_cached(self, path: str) -> list[Hit]:
        """The same as it was a moment ago: for prompts, where being a few seconds late does no harm."""
        if path not in self._modules:
            if len(self._modules) > KEPT_DOCUMENTS:
                self._modules.clear()
            self._modules[path] = self.members_of_module(path)
        return self._modules[path]

    def uses(self, name: str) -> int:
        """How many files use a name."""
        return self.postings.count(token_id(name))

    def seen_after(self, receiver: str, limit: int = MAX_SEEN) -> list[str]:
        """Names that follow a receiver's name and a dot in the repository, the most frequent first."""
        seen = self._hot.pairs.after(token_id(receiver), limit)
        return [text for number in seen if (text := self._hot.texts.get(number | SPACE))]

    def modules_below(self, importer: str, package: str) -> list[tuple[str, str]]:
        """Name and path of the Python modules that may follow `package` (`a.b.`, `.`, or empty) in an import."""
        return self.paths.modules_below(importer, package)

    def any_count(self, name: str) -> int:
        """How often a name follows a dot in the repository, whatever stands before it."""
        return self._hot.pairs.total(token_id(name))

    @staticmethod
    def words(name: str) -> tuple[str, ...]:
        """The lower-case words of a name."""
        return split_name(name)

    @staticmethod
    def is_builtin(language: str, name: str) -> bool:
        """Whether a language has a function or type of this name without any import (known for Python only)."""
        return language == "python" and hasattr(builtins, name)

    @property
    def pairs(self) -> Pairs:
        """How often one name follows another and a dot; settable for evaluation."""
        return self._hot.pairs

    @pairs.setter
    def pairs(self, pairs: Pairs) -> None:
        self._hot.pairs = pairs

    def without(self, path: str) -> Pairs:
        """The pairs without those of one file: for evaluation, where it must not know its own answer."""
        tokens = self.tokens_of(path)
        return self._hot.pairs.without(tokens) if tokens is not None else self._hot.pairs

    def pair_count(self, receiver: str, member: str) -> int:
        """How often `receiver.member` is written in the repository."""
        return self._hot.pairs.count(token_id(receiver), token_id(member))

    def knows(self, name: str) -> bool:
        """Whether a name occurs anywhere in the repository, as code or in a comment."""
        number = token_id(name)
        return bool(number & NAME) and number | SPACE in self._hot.texts

    def _guarded(self, ask: Callable[[], list[Hit]]) -> list[Hit]:
        """A busy or damaged index answers with nothing: completion goes on without it."""
        try:
            return ask()
        except sqlite3.Error:
            return []


def _make_room(answers: dict[Any, Any]) -> None:
    """Bounded, and as cheap as can be: everything is forgotten when there is too much."""
    if len(answers) >= KEPT_ANSWERS:
        answers.clear()


def _family(language: str) -> str:
    """Languages that can use each other's definitions."""
    return _FAMILIES.get(language, language)


def extended(signature: str) -> list[str]:
    """Names of the classes that a class extends, from its signature."""
    listed = _BASES.search(signature)
    if listed is None:
        return []
    names = [
        re.split(r"[<\[]", entry)[0].strip().rsplit(".", 1)[-1]
        for entry in (listed.group(1) or listed.group(2)).split(",")
    ]
    return [name for name in names if name.isidentifier()][:MAX_BASES]
