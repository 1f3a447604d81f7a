"""A suggestion that says what the line above or below already says is worth nothing."""

from __future__ import annotations

from rapidfuzz.distance import Levenshtein

from hunch_features.completion.filters.context import Drop, FilterContext
from hunch_features.completion.reasons import Reason

LINES = 3
MIN_CHARS = 8  # `return None` may stand twice; shorter lines repeat in good code all the time
SHARE = 0.05


def drop_neighbour_duplicates(text: str, context: FilterContext) -> str | Drop:
    """Drop a first line that equals one of the next three or the previous line, within 5 % edits."""
    first, newline, below = text.partition("\n")
    if not first.strip() and below:
        first = below.partition("\n")[0]
        whole = first
    else:
        whole = context.before + first + (context.after if not newline else "")
    line = whole.strip()
    if len(line) < MIN_CHARS:
        return text
    for other in (*context.lines_below(LINES), *context.lines_above(1)):
        neighbour = other.strip()
        limit = max(1, int(len(line) * SHARE)) if len(line) > 2 * MIN_CHARS else 0
        if Levenshtein.distance(line, neighbour, score_cutoff=limit) <= limit and _really_same(line, neighbour):
            return Drop(Reason.DUPLICATES_NEIGHBOUR)
    return text


def _really_same(line: str, neighbour: str) -> bool:
    """`x1 = load(a1)` after `x0 = load(a0)` is a pattern that goes on, not a duplicate."""
    if line == neighbour:
        return True
    changed = [i for i, (a, b) in enumerate(zip(line, neighbour, strict=False)) if a != b]
    return len(line) != len(neighbour) or not any(line[i].isalnum() for i in changed)
