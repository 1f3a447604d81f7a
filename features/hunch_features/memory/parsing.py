"""From files to rows, in worker processes that only read and parse; the process that asked does the writing."""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hunch_features.memory.extract import extract
from hunch_features.memory.tokens import NAME, split_name, tokenize_bytes
from hunch_features.memory.walk import MAX_FILE_BYTES, FoundFile, decode

BATCH_BYTES = 400_000
SERIAL_BYTES = 1_500_000
"""Below this, starting processes (0.3 s) costs more than it saves."""
MAX_FILE_WORDS = 4000
MAX_LINES = 50
MAX_VOCABULARY = 1_000_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """Rows of one file, ready to insert."""

    symbols: list[tuple[object, ...]]
    words: list[str]
    file_words: str
    imports: list[tuple[str, int]]
    uses: int
    calls: bytes
    """JSON: called name to the 0-based lines of its calls (the first 50)."""
    tokens: bytes
    names: dict[int, str]
    problem: str = ""


class _Vocabulary:
    """What a process has seen of all files: texts of ids, and the words of those that are names."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}
        self.words: dict[int, tuple[str, ...]] = {}

    def clear(self) -> None:
        """Forget everything."""
        self.texts.clear()
        self.words.clear()

    def tell(self, distinct: list[int]) -> dict[int, str]:
        """The texts among `distinct` that were not told before."""
        told = {key: self.texts[key] for key in distinct if key not in self.words}
        for key, name in told.items():
            self.words[key] = split_name(name) if key & NAME else ()
        return told

    def words_of(self, distinct: list[int]) -> str:
        """The distinct words of names, in order."""
        found: set[str] = set()
        found.update(*map(self.words.__getitem__, distinct))
        return " ".join(sorted(found)[:MAX_FILE_WORDS])


_vocabulary = _Vocabulary()


def parse_text(language: str, text: str, vocabulary: _Vocabulary | None = None) -> Parsed:
    """Everything the index keeps about one text."""
    vocabulary = vocabulary or _Vocabulary()
    source = text.encode("utf-8", "replace")
    found = extract(language, source)
    ids, distinct = tokenize_bytes(source, vocabulary.texts)
    names = vocabulary.tell(distinct)
    return Parsed(
        symbols=[tuple(symbol) for symbol in found.symbols],
        words=[" ".join((*split_name(s.name), *split_name(s.container), s.doc)) for s in found.symbols],
        file_words=vocabulary.words_of(distinct),
        imports=found.imports,
        uses=len(found.calls) + len(found.imports),
        calls=_calls(found.calls),
        tokens=ids.tobytes(),
        names=names,
        problem=found.problem,
    )


def _calls(places: list[tuple[str, int]]) -> bytes:
    lines: dict[str, list[int]] = {}
    for name, line in places:
        found = lines.setdefault(name, [])
        if len(found) < MAX_LINES:
            found.append(line)
    return msgspec.json.encode(lines)


def parse_files(root: str, files: list[FoundFile]) -> list[tuple[FoundFile, Parsed | str]]:
    """Read and parse some files; a file that cannot be used gives its reason instead."""
    gc.disable()  # syntax nodes by the thousand, none of them in cycles: collecting costs a tenth of the time
    try:
        return _parse_files(root, files)
    finally:
        gc.enable()


def _parse_files(root: str, files: list[FoundFile]) -> list[tuple[FoundFile, Parsed | str]]:
    results: list[tuple[FoundFile, Parsed | str]] = []
    for found in files:
        try:
            with (Path(root) / found.path).open("rb") as stream:
                raw = stream.read(MAX_FILE_BYTES + 1)
        except OSError:
            results.append((found, "unreadable file"))
            continue
        text = decode(raw) if len(raw) <= MAX_FILE_BYTES else None
        if text is None:
            results.append((found, "too large" if len(raw) > MAX_FILE_BYTES else "binary"))
            continue
        if len(_vocabulary.texts) > MAX_VOCABULARY:
            _vocabulary.clear()
        results.append((found, parse_text(found.language, text, _vocabulary)))
    return results


Result = list[tuple[FoundFile, Parsed | str]]


def parse_all(
    root: Path,
    files: list[FoundFile],
    workers: int | None = None,
    parse: Callable[[str, list[FoundFile]], Result] = parse_files,
) -> Iterator[Result]:
    """Parse files in batches as they get ready. A batch that ends its process is left out, with the reason."""
    workers = workers or min(4, os.cpu_count() or 1)
    batches = _batches(files)
    _vocabulary.clear()
    if sum(found.size for found in files) < SERIAL_BYTES:
        for batch in batches:
            yield parse_files(str(root), batch)
        return
    waiting = deque(batches)
    with _pool(workers) as pool:
        running: deque[tuple[list[FoundFile], Future[Result]]] = deque()
        try:
            while waiting or running:
                while waiting and len(running) < workers * 3:
                    batch = waiting.popleft()
                    running.append((batch, pool.submit(parse, str(root), batch)))
                yield running[0][1].result()
                running.popleft()
        except BrokenProcessPool:
            waiting.extendleft(batch for batch, _future in reversed(running))
    for batch in waiting:  # one of them is deadly: each gets a process of its own
        with _pool(1) as pool:
            try:
                yield pool.submit(parse, str(root), batch).result()
            except BrokenProcessPool:
                yield [(found, "parser crashed") for found in batch]


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_be_modest)


def _be_modest() -> None:
    """Typing goes first: indexing takes what is left of the machine."""
    if hasattr(os, "nice"):
        os.nice(5)


def _batches(files: list[FoundFile]) -> list[list[FoundFile]]:
    batches: list[list[FoundFile]] = []
    size = BATCH_BYTES
    for found in files:
        if size >= BATCH_BYTES or len(batches[-1]) >= 100:
            batches.append([])
            size = 0
        batches[-1].append(found)
        size += found.size
    return batches
