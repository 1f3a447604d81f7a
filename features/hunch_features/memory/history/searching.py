"""Finds earlier changes by what they were for: words of the message, with what such words touched here before."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hunch_features.memory.history.store import Entry, HistoryStore
from hunch_features.memory.tokens import split_name

WEIGHTS = (2.0, 1.0, 1.0)
"""Of the message, the names of files and the names of definitions."""
MOST_WORDS = 40
_WORD = re.compile(r"[^\W_]\w*")
_COMMON = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "do", "does", "for", "from", "has", "have", "how",
    "if", "in", "into", "is", "it", "its", "make", "no", "not", "of", "on", "or", "our", "so", "than", "that",
    "the", "their", "then", "there", "these", "this", "to", "was", "we", "were", "what", "when", "where",
    "which", "while", "why", "will", "with", "you", "your",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A change and how well it fits; a higher score is better."""

    change: Entry
    score: float


def words_of(text: str) -> list[str]:
    """The words of a question or message, identifiers also in parts, each once."""
    found: dict[str, None] = {}
    for word in _WORD.findall(text):
        if word.lower() not in _COMMON:
            found[word.lower()] = None
        parts = split_name(word)
        if len(parts) > 1:
            found.update(dict.fromkeys(part for part in parts if len(part) > 1 and part not in _COMMON))
    return list(found)[:MOST_WORDS]


def search(store: HistoryStore, query: str, limit: int = 10, before: int | None = None) -> list[Found]:
    """Changes that fit the words of `query`, best first, committed before a moment (seconds since 1970)."""
    words = words_of(query)
    if not words:
        return []
    return [Found(entry, score) for score, entry in store.search(_any_of(words), WEIGHTS, limit, before)]


def _any_of(words: Iterable[str]) -> str:
    # The index has words without underscores; a name with some would be a phrase, which it cannot be asked for.
    return " OR ".join(
        f'"{word}"' for word in dict.fromkeys(part for word in words for part in word.split("_") if part)
    )
