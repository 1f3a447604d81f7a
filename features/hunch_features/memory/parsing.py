"""From files to rows, in worker processes that only read and parse; the process that asked does the writing."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import astuple, dataclass, replace
from itertools import islice
from pathlib import Path

from hunch_features.memory.extract import extract
from hunch_features.memory.tokens import split_name, tokenize
from hunch_features.memory.walk import MAX_FILE_BYTES, FoundFile, decode

BATCH_BYTES = 400_000
SERIAL_BYTES = 1_500_000
"""Below this, starting processes (0.3 s) costs more than it saves."""
MAX_FILE_WORDS = 4000


@dataclass(frozen=True, slots=True)
class Parsed:
    """Rows of one file, ready to insert."""

    symbols: list[tuple[object, ...]]
    words: list[str]
    file_words: str
    uses: list[tuple[str, str, int]]
    tokens: bytes
    names: dict[int, str]
    problem: str = ""


_sent: set[int] = set()


def parse_text(language: str, text: str) -> Parsed:
    """Everything the index keeps about one text."""
    found = extract(language, text.encode("utf-8", "replace"))
    names: dict[int, str] = {}
    ids = tokenize(text, names)
    distinct = sorted({word for name in names.values() for word in split_name(name) if len(word) > 1})
    return Parsed(
        symbols=[astuple(symbol) for symbol in found.symbols],
        words=[" ".join((*split_name(s.name), *split_name(s.container), *split_name(s.doc))) for s in found.symbols],
        file_words=" ".join(distinct[:MAX_FILE_WORDS]),
        uses=[("import", *row) for row in found.imports] + [("call", *row) for row in found.calls],
        tokens=ids.tobytes(),
        names=names,
        problem=found.problem,
    )


def parse_files(root: str, files: list[FoundFile]) -> list[tuple[FoundFile, Parsed | str]]:
    """Read and parse some files; a file that cannot be used gives its reason instead."""
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
        parsed = parse_text(found.language, text)
        fresh = {key: name for key, name in parsed.names.items() if key not in _sent}
        _sent.update(fresh)
        results.append((found, replace(parsed, names=fresh)))
    return results


def parse_all(
    root: Path, files: list[FoundFile], workers: int | None = None
) -> Iterator[list[tuple[FoundFile, Parsed | str]]]:
    """Parse files in batches as they get ready. A batch that ends its process is left out, with the reason."""
    workers = workers or min(4, os.cpu_count() or 1)
    batches = _batches(files)
    _sent.clear()
    if workers < 2 or sum(found.size for found in files) < SERIAL_BYTES:
        for batch in batches:
            yield parse_files(str(root), batch)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        running: list[tuple[list[FoundFile], Future[list[tuple[FoundFile, Parsed | str]]]]] = []
        waiting = iter(batches)
        broken = False
        while True:
            if not broken:
                for batch in islice(waiting, workers * 3 - len(running)):
                    running.append((batch, pool.submit(parse_files, str(root), batch)))
            if not running:
                break
            batch, future = running.pop(0)
            try:
                yield future.result()
            except BrokenProcessPool:
                broken = True
                yield [(found, "parser crashed") for found in batch]
        for batch in waiting:
            yield [(found, "parser crashed") for found in batch]


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
