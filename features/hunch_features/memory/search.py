"""Search by name and meaning: definitions first, by their names, containers and first sentences, then lines of code."""

from __future__ import annotations

import re
from typing import NamedTuple

from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.tokens import split_name
from hunch_features.memory.walk import MAX_FILE_BYTES

MAX_LIMIT = 200
CODE_FILES = 8
MAX_SCANNED_LINES = 20_000
_STOP = frozenset(
    {"a", "an", "and", "are", "by", "do", "does", "for", "from", "how", "in", "is", "it", "of", "on", "or", "that",
     "the", "this", "to", "we", "what", "when", "where", "which", "with"}
)  # fmt: skip


class Found(NamedTuple):
    """A place. `line` is 0-based; `kind` is a definition's kind, or `code`."""

    path: str
    line: int
    symbol: str
    kind: str
    score: float
    snippet: str


def query_words(query: str) -> list[str]:
    """The lower-case words of a query that say something, at most twelve."""
    words = [word for word in split_name(query[:400]) if word not in _STOP and (len(word) > 1 or word.isdigit())]
    return list(dict.fromkeys(words))[:12]


def search(memory: RepositoryMemory, query: str, limit: int = 20) -> list[Found]:
    """The best places for a query, best first. Reads from the index and a few files; takes milliseconds."""
    limit = max(1, min(limit, MAX_LIMIT))
    words = query_words(query)
    if not words:
        return []
    found = [
        Found(
            hit.path,
            hit.symbol.line,
            f"{hit.symbol.container}.{hit.symbol.name}" if hit.symbol.container else hit.symbol.name,
            hit.symbol.kind,
            round(hit.score, 3),
            hit.symbol.signature,
        )
        for hit in memory.store.search(query.strip(), words, limit)
    ]
    if len(found) < limit:
        known = {(entry.path, entry.line) for entry in found}
        found += [entry for entry in _code(memory, words, limit) if (entry.path, entry.line) not in known]
    return found[:limit]


def _code(memory: RepositoryMemory, words: list[str], limit: int) -> list[Found]:
    """The line of each likely file that holds most of the words."""
    found: list[Found] = []
    pattern = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    for path in memory.files_with_words(words, CODE_FILES):
        best = (0, 0, "")
        for number, text in enumerate(memory.lines_of(path, 0, MAX_SCANNED_LINES, MAX_FILE_BYTES).splitlines()):
            shared = len({match.lower() for match in pattern.findall(text)})
            if shared > best[0]:
                best = (shared, number, text.strip())
        if best[0]:
            found.append(Found(path, best[1], "", "code", round(best[0] / len(words), 3), best[2][:200]))
    return sorted(found, key=lambda entry: (-entry.score, entry.path))[:limit]
