"""The memory of one repository as the rest of Hunch sees it: one open index, its hot part in RAM.

Questions are answered on the caller's thread in well under a millisecond each; `load` and `update` are work for a
background thread. One object serves one root; several processes may share the file behind it.
"""

from __future__ import annotations

import builtins
import heapq
import posixpath
import re
import sqlite3
import threading
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from hunch_features.memory.allocator import give_back
from hunch_features.memory.bindings import Binding, bindings
from hunch_features.memory.continuation import NEAR_CHARS, Continuation, Continuations
from hunch_features.memory.corpus import Corpus
from hunch_features.memory.extract import Symbol, extract
from hunch_features.memory.index import Progress, Refreshed, refresh, refresh_paths
from hunch_features.memory.parse_worker import ParseWorker
from hunch_features.memory.paths import Paths
from hunch_features.memory.postings import Postings, distinct_names
from hunch_features.memory.store import Hit, Store, index_path
from hunch_features.memory.tokens import NAME, NEWLINE, SPACE, Tokens, split_name, token_id
from hunch_features.memory.walk import MAX_FILE_BYTES, language_of
from hunch_features.text import Position, Snapshot

KEPT_DOCUMENTS = 64
MAX_PAIRS = 2_000_000
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
_IMPORTS = np.array([token_id(word) for word in ("from", "import", "package", "use", "using")], dtype=np.int32)
_DOTS = (token_id("."), token_id(".") | SPACE)


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
        self.paths = Paths()
        self.postings = Postings()
        self.defined: set[str] = set()
        """Every name that has a definition; one that is only added to until the next load."""
        self.names: set[int] = set()
        """Ids (without a space before) of every name in the repository."""
        self.pairs: Counter[int] = Counter()
        """How often name B follows name A and a dot; key: `pair_key`."""
        self.followers: Counter[int] = Counter()
        """How often a name follows a dot."""
        self._facts: OrderedDict[str, tuple[int, Facts]] = OrderedDict()
        self._by_receiver: Mapping[int, Sequence[int]] = {}
        self.generation = 0
        """Goes up whenever answers may have changed."""
        self._modules: dict[str, list[Hit]] = {}
        self._corpus = Corpus()
        self._ordering: threading.Thread | None = None
        self._changed: dict[str, Tokens] = {}
        self._texts: dict[int, str] = {}
        self._continuations = Continuations(self._corpus, self._texts)
        self.loaded = False

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
                        self._replace(writer, path, before[path])
            finally:
                writer.close()
        return done

    def load(self) -> None:
        """Read the hot part from the index as it is, without looking at the tree."""
        with self._writing:
            self._load()

    def _load(self) -> None:
        paths = Paths()
        reader = Store(self._path)
        try:
            pairs: Counter[int] = Counter()
            postings: list[tuple[str, Tokens]] = []
            files: list[tuple[str, Tokens]] = []
            for path, blob in reader.tokens():
                tokens = np.frombuffer(blob, dtype=np.int32)
                files.append((path, tokens))
                paths.add(path)
                postings.append((path, distinct_names(tokens)))
                if len(pairs) < MAX_PAIRS:
                    pairs.update(_pairs(tokens))
            self.postings = Postings(postings)
            self.defined = reader.defined_names()
            self._texts = reader.vocabulary()
            self.names = {key & ~SPACE for key in self._texts if key & NAME}
            self._corpus, self._changed = Corpus(files, later=True), {}
            self._continuations = Continuations(self._corpus, self._texts)
        finally:
            reader.close()
        self.paths, self.pairs, self.followers = paths, pairs, _followers(pairs)
        self._by_receiver = _by_receiver(pairs)
        self._modules.clear()
        self.generation += 1
        self.loaded = True
        del files, postings
        self._ordering = threading.Thread(target=self._order, args=(self._corpus,), name="corpus", daemon=True)
        self._ordering.start()

    @staticmethod
    def _order(corpus: Corpus) -> None:
        """Puts a large corpus in order, beside everything else: symbols and search need not wait for it."""
        if not corpus.ordered:
            corpus.order()
        give_back()

    def settle(self) -> None:
        """Wait until lines can be continued from all files: for callers who would rather wait than get nothing."""
        if self._ordering is not None:
            self._ordering.join()

    def _replace(self, writer: Store, path: str, old: bytes | None) -> None:
        new = writer.tokens_of(path)
        if old is not None:
            gone = _pairs(np.frombuffer(old, dtype=np.int32))
            self.pairs.subtract(gone)
            self.followers.subtract(_followers(gone))
        self._changed[path] = np.frombuffer(new or b"", dtype=np.int32)
        self._texts.update(writer.names_of(np.unique(self._changed[path] | SPACE).tolist()))
        self._continuations = Continuations(self._corpus, self._texts, Corpus(self._changed.items()))
        if new is None:
            self.paths.discard(path)
            self.postings.replace(path, None)
            return
        tokens = np.frombuffer(new, dtype=np.int32)
        names = distinct_names(tokens)
        self.postings.replace(path, names)
        self.defined.update(hit.symbol.name for hit in writer.in_file(path, everything=True))
        self.paths.add(path)
        pairs = _pairs(tokens)
        self.pairs.update(pairs)
        self.followers.update(_followers(pairs))
        self._modules.clear()
        self.generation += 1
        self.names.update(names.tolist())

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
        return self._continuations.at(prefix.replace("\r\n", "\n"), suffix.replace("\r\n", "\n"), snapshot.path)

    def imported_file(self, language: str, binding: Binding, importer: str) -> str | None:
        """The file in which a binding's name, or the module itself, is to be found."""
        if binding.name and language == "python":
            joined = (
                f"{binding.module}{binding.name}"
                if binding.module.endswith(".")
                else f"{binding.module}.{binding.name}"
            )
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
        candidates = self.named(binding.name or name if binding else name)
        if binding is not None:
            path = self.imported_file(language, binding, snapshot.path)
            if path is None:
                return None  # it comes from outside
            inside = [hit for hit in candidates if hit.path == path and not hit.symbol.container]
            if inside:
                return inside[0]
            package = [hit for hit in candidates if not hit.symbol.container]  # re-exported by a package
            return package[0] if len(package) == 1 else None
        family = _family(snapshot.language)
        elsewhere = [
            hit for hit in candidates if hit.path != snapshot.path and _family(language_of(hit.path) or "") == family
        ]
        return elsewhere[0] if len(elsewhere) == 1 and not elsewhere[0].symbol.container else None

    def tokens_of(self, path: str) -> Tokens | None:
        """Token ids of a file as it was indexed; None for one that is not."""
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
        return self._guarded(lambda: self.store.named(name))

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

    def seen_after(self, receiver: str) -> list[str]:
        """Names that follow a receiver's name and a dot in the repository, the most frequent first."""
        seen = self._by_receiver.get(token_id(receiver), ())[:MAX_SEEN]
        texts = self.store.texts(list(seen))
        return [texts[number] for number in seen if number in texts]

    def modules_below(self, importer: str, package: str) -> list[tuple[str, str]]:
        """Name and path of the Python modules that may follow `package` (`a.b.`, `.`, or empty) in an import."""
        return self.paths.modules_below(importer, package)

    def any_count(self, name: str) -> int:
        """How often a name follows a dot in the repository, whatever stands before it."""
        return max(0, self.followers[token_id(name)])

    @staticmethod
    def words(name: str) -> tuple[str, ...]:
        """The lower-case words of a name."""
        return split_name(name)

    @staticmethod
    def is_builtin(language: str, name: str) -> bool:
        """Whether a language has a function or type of this name without any import (known for Python only)."""
        return language == "python" and hasattr(builtins, name)

    @property
    def counts(self) -> tuple[Counter[int], Counter[int]]:
        """Counts of pairs and of followers."""
        return self.pairs, self.followers

    @counts.setter
    def counts(self, counts: tuple[Counter[int], Counter[int]]) -> None:
        self.pairs, self.followers = counts
        self._by_receiver = _by_receiver(self.pairs)

    def without(self, path: str) -> tuple[Counter[int], Counter[int]]:
        """Pair and follower counts without those of one file: for evaluation, where it must not know its own answer."""
        pairs = self.pairs.copy()
        tokens = self.tokens_of(path)
        if tokens is not None:
            pairs.subtract(_pairs(tokens))
        return pairs, _followers(pairs)

    def pair_count(self, receiver: str, member: str) -> int:
        """How often `receiver.member` is written in the repository."""
        return max(0, self.pairs[pair_key(token_id(receiver), token_id(member))])

    def knows(self, name: str) -> bool:
        """Whether a name occurs anywhere in the repository, as code or in a comment."""
        return token_id(name) in self.names

    def _guarded(self, ask: Callable[[], list[Hit]]) -> list[Hit]:
        """A busy or damaged index answers with nothing: completion goes on without it."""
        try:
            return ask()
        except sqlite3.Error:
            return []


def _family(language: str) -> str:
    """Languages that can use each other's definitions."""
    return _FAMILIES.get(language, language)


def pair_key(receiver: int, member: int) -> int:
    """One number for two token ids without spaces."""
    return receiver << 32 | member


def _pairs(tokens: Tokens) -> Counter[int]:
    """Counts of what-stands-before, dot, name in one file; `self` and `)` count as what stands before.

    Imports are left out: a module's name is not what the objects called like its package have.
    """
    if not len(tokens):
        return Counter()
    dots = np.flatnonzero((tokens == _DOTS[0]) | (tokens == _DOTS[1]))
    dots = dots[(dots > 0) & (dots < len(tokens) - 1)]
    starts = np.concatenate(([0], np.flatnonzero(tokens == NEWLINE) + 1))
    imports = np.isin(tokens[np.minimum(starts, len(tokens) - 1)], _IMPORTS)
    dots = dots[~imports[np.searchsorted(starts, dots, side="right") - 1]]
    left, right = tokens[dots - 1], tokens[dots + 1]
    named = (right & NAME) != 0
    keys = (left[named].astype(np.int64) & ~SPACE) << 32 | (right[named].astype(np.int64) & ~SPACE)
    distinct, counts = np.unique(keys, return_counts=True)
    return Counter(dict(zip(distinct.tolist(), counts.tolist(), strict=True)))


def _by_receiver(pairs: Counter[int]) -> dict[int, list[int]]:
    """What follows each receiver, the most frequent first."""
    groups: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for key, count in pairs.items():
        if count > 0:
            groups[key >> 32].append((-count, key & 0xFFFFFFFF))
    return {
        receiver: [number for _count, number in heapq.nsmallest(MAX_SEEN, found)] for receiver, found in groups.items()
    }


def _followers(pairs: Counter[int]) -> Counter[int]:
    counts: Counter[int] = Counter()
    for key, count in pairs.items():
        counts[key & 0xFFFFFFFF] += count
    return counts


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
