"""From files to rows: reading and parsing, the part of indexing that runs in worker processes."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hunch_features.memory.extract import extract
from hunch_features.memory.tokens import Told, split_words, tokenize_bytes
from hunch_features.memory.walk import MAX_FILE_BYTES, FoundFile, decode

BATCH_BYTES = 400_000
BATCH_FILES = 100
MAX_LINES = 50
MAX_VOCABULARY = 1_000_000


@dataclass(frozen=True, slots=True)
class Parsed:
    """Rows of one file, ready to insert."""

    symbols: list[tuple[object, ...]]
    words: list[str]
    uses: int
    calls: bytes
    """JSON: called name to the 0-based lines of its calls (the first 50)."""
    tokens: bytes
    names: dict[int, str]
    problem: str = ""


Result = list[tuple[FoundFile, Parsed | str]]
"""Rows of files, or the reasons why there are none."""
_told = Told()
"""Ids and texts that this process has told already."""


def parse_text(language: str, text: str, told: dict[int, str] | None = None) -> Parsed:
    """Everything the index keeps about one text; `told`: names that need not be told again."""
    names = {} if told is None else told
    source = text.encode("utf-8", "replace")
    found = extract(language, source)
    ids, fresh = tokenize_bytes(source, names)
    return Parsed(
        symbols=[tuple(symbol) for symbol in found.symbols],
        words=[symbol_words(s.name, s.container, s.doc) for s in found.symbols],
        uses=len(found.calls) + len(found.imports),
        calls=_calls(found.calls),
        tokens=ids.tobytes(),
        names={key: names[key] for key in fresh},
        problem=found.problem,
    )


def symbol_words(name: str, container: str, doc: str) -> str:
    """What a definition is found by. The index forgets by it too: another result needs another version of the index."""
    return f"{split_words(name)} {split_words(container)} {doc}"


def _calls(places: list[tuple[str, int]]) -> bytes:
    lines: dict[str, list[int]] = {}
    for name, line in places:
        found = lines.setdefault(name, [])
        if len(found) < MAX_LINES:
            found.append(line)
    return msgspec.json.encode(lines)


def parse_files(root: str, files: list[FoundFile]) -> Result:
    """Read and parse some files; a file that cannot be used gives its reason instead."""
    gc.disable()  # syntax nodes by the thousand, none of them in cycles: collecting costs a tenth of the time
    try:
        return _parse_files(root, files)
    finally:
        gc.enable()


def _parse_files(root: str, files: list[FoundFile]) -> Result:
    results: Result = []
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
        if len(_told) > MAX_VOCABULARY:
            _told.clear()
        results.append((found, parse_text(found.language, text, _told)))
    return results


def be_modest() -> None:
    """Typing goes first: indexing takes what is left of the machine."""
    if hasattr(os, "nice"):
        os.nice(5)


def batches(files: list[FoundFile]) -> list[list[FoundFile]]:
    """Cut into pieces of about the same work."""
    cut: list[list[FoundFile]] = []
    size = BATCH_BYTES
    for found in files:
        if size >= BATCH_BYTES or len(cut[-1]) >= BATCH_FILES:
            cut.append([])
            size = 0
        cut[-1].append(found)
        size += found.size
    return cut
