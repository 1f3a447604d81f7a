"""Code like the code above the caret: BM25 picks files by the rarest names there, Jaccard similarity picks lines.

As in Copilot's neighbouring tabs and R2C2-Coder's snippet pool, but over the whole repository: an index finds the
files, so that only a handful is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hunch_features.memory.postings import distinct_names
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.memory.tokens import NAME, NEWLINE, SPACE, Tokens, tokenize
from hunch_features.memory.walk import language_of
from hunch_features.text import Position, Snapshot

QUERY_LINES = 12
WINDOW_LINES = 10
MAX_FILES = 4
COMPARED = 6
LEAST = 0.15
"""Jaccard similarity below which code is not like this code."""


def similar_code(
    memory: RepositoryMemory, snapshot: Snapshot, position: Position, related: Sequence[str], room: int
) -> list[tuple[str, str]]:
    """Path and text of at most two windows of ten lines, the most similar first; `room` in code points."""
    if room < 200:
        return []
    first = max(0, position.line - QUERY_LINES)
    lines = [snapshot.line(number) for number in range(first, position.line)]
    lines.append(snapshot.line(position.line)[: position.column])
    wanted = distinct_names(tokenize("\n".join(lines), {}))
    if len(wanted) < 4:
        return []
    found = []
    for path in files_like(memory, wanted, snapshot.path, related):
        window = best_window(memory, path, wanted)
        if window is not None:
            found.append((*window, path))
    found.sort(key=lambda entry: (-entry[0], entry[2]))
    pieces = []
    for _score, line, path in found[:2]:
        text = memory.lines_of(path, line, WINDOW_LINES)
        if text and len(text) <= room:
            room -= len(text)
            pieces.append((path, text))
    return pieces


def files_like(memory: RepositoryMemory, wanted: Tokens, path: str, related: Sequence[str]) -> list[str]:
    """Files that use the rarest of some names, best first, then those that change together with `path`."""
    language = language_of(path)
    near = [other for other in related if other != path and other in memory.paths and language_of(other) == language]
    found = [other for other in memory.postings.like(wanted, MAX_FILES + 1) if other != path]
    # The likeliest companion takes the place of the least alike: each file looked at costs time.
    first = found[: MAX_FILES - 1] if near else found
    return list(dict.fromkeys([*first, *near[:1]]))[:MAX_FILES]


def best_window(memory: RepositoryMemory, path: str, wanted: Tokens) -> tuple[float, int] | None:
    """Highest Jaccard similarity of ten lines of a file with the wanted names, and the window's first line."""
    tokens = memory.tokens_of(path)
    if tokens is None or not len(tokens):
        return None
    named = np.flatnonzero(tokens & NAME)
    bare = tokens[named] & ~SPACE
    at = np.minimum(np.searchsorted(wanted, bare), len(wanted) - 1)
    hit = wanted[at] == bare
    if not hit.any():
        return None
    lines = np.searchsorted(np.flatnonzero(tokens == NEWLINE), named)
    # Wanted names per window, counted with repeats, pick the few windows that are compared name by name.
    per_line = np.bincount(lines[hit], minlength=int(lines[-1]) + WINDOW_LINES + 1)
    reach = np.concatenate(([0], np.cumsum(per_line)))
    sums = reach[WINDOW_LINES:] - reach[:-WINDOW_LINES]
    likely = np.argpartition(sums, -COMPARED)[-COMPARED:] if len(sums) > COMPARED else np.arange(len(sums))
    best = (0.0, 0)
    for start in sorted(likely.tolist()):
        low, high = np.searchsorted(lines, (start, start + WINDOW_LINES))
        inside = set(bare[low:high].tolist())
        shared = len(inside.intersection(wanted.tolist()))
        score = shared / (len(wanted) + len(inside) - shared)
        if score > best[0]:
            best = (score, start)
    return best if best[0] >= LEAST else None
