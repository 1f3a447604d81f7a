"""Where the neighbour of an added name is spoken of: a line or a definition for the new name may belong beside it."""

from __future__ import annotations

import re
from functools import lru_cache
from math import log2

from hunch_features.memory.tokens import split_name
from hunch_features.next_edit.changes import sibling_of
from hunch_features.next_edit.kinds import MORE_KEYWORDS, Change
from hunch_features.next_edit.source import Source, climb, definition_name, words_in
from hunch_features.next_edit.spots import Proposal, Spots
from hunch_features.text import Edit, Position

MOST = 60


def beside_definition(change: Change, source: Source, here: bool, touched: frozenset[int], spots: Spots) -> None:
    """The end (or the start) of definitions called like the one above (or below) an added definition."""
    for line, column in source.places(change.old, MOST):
        around = climb(source.node_at(line, column, change.old))
        node = next((one for one in around if definition_name(one) is not None), None)
        if node is None or definition_name(node) != change.old or node.start_point[0] < line - 3:
            continue
        if node.parent is not None and node.parent.type in ("decorated_definition", "export_statement"):
            node = node.parent
        above = change.lines == ("above",)
        at = node.end_point[0] + 1 if above else node.start_point[0]
        if (here and {at, at - 1, line} & touched) or any(abs(n - at) < 40 for n, _ in source.places(change.new, 50)):
            continue
        facts = {
            "beside_definition": 1.0,
            "beside_above": float(above),
            "beside_count": log2(1 + len(source.places(change.old, MOST))),
        }
        spots.add(source, (min(at, len(source.lines) - 1), 0, 0), Proposal(change, (), 0.5), facts)


def beside_sibling(change: Change, source: Source, here: bool, touched: frozenset[int], spots: Spots) -> None:
    """Lines about the neighbour of an added name: a line of the same form for the new name belongs beside each."""
    new_places = {line for line, _ in source.places(change.new, 50)}
    lines = dict(reversed(source.places(change.old, MOST)))
    for number, column in lines.items():
        if here and (number in touched or number in {n for t in touched for n in (t - 1, t + 1)}):
            continue
        text = source.lines[number]
        near = any(abs(number - other) <= 2 for other in new_places)
        after = change.lines == ("above",)
        at = number + 1 if after else number
        written = renamed_line(text, change.old, change.new)
        beside = source.lines[number - 1] if number else ""
        following = source.lines[number + 1] if number + 1 < len(source.lines) else ""
        listed = max(float(sibling_of(text, other) is not None) for other in (beside, following))
        facts = {
            "sibling": 1.0,
            "sibling_done": float(near),
            "sibling_listed": listed,
            "sibling_after": float(after),
            "sibling_words": float(len({w for w in words_in(text) if w not in MORE_KEYWORDS})),
            "sibling_count": log2(1 + len(lines)),
            "sibling_comma": float(text.rstrip().endswith(",")),
            "sibling_open": float(text.rstrip().endswith(("{", ":", "("))),
            "sibling_rare": 1 / (1 + len(lines)),
        }
        whole = at < len(source.lines) and written != text and not facts["sibling_open"]
        edits = (Edit(Position(at, 0), Position(at, 0), f"{written}\n"),) if whole else ()
        spots.add(source, (number, column, column + len(change.old)), Proposal(change, edits, 1.5 + listed), facts)


def renamed_line(line: str, old: str, new: str) -> str:
    """The line with one name for another, in every style: `max_age`, `maxAge`, `MaxAge`, `MAX_AGE`, `max-age`."""
    for ours, theirs in zip(_styles(old), _styles(new), strict=True):
        if ours:
            line = theirs.join(re.split(rf"(?<![A-Za-z0-9]){re.escape(ours)}(?![A-Za-z0-9])", line))
    return line


@lru_cache(maxsize=256)
def _styles(name: str) -> tuple[str, ...]:
    parts = split_name(name)
    if not parts:
        return (name,)
    camel = parts[0] + "".join(part.capitalize() for part in parts[1:])
    pascal = "".join(part.capitalize() for part in parts)
    return (name, "_".join(parts), camel, pascal, "_".join(parts).upper(), "-".join(parts))
