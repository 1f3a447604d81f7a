"""A function that is declared in one file and defined in another: both have the same parameters."""

from __future__ import annotations

import re

import tree_sitter

from hunch_features.next_edit.kinds import Change
from hunch_features.next_edit.signatures import Parameter, Resigned, signature_of
from hunch_features.next_edit.source import Source, climb
from hunch_features.next_edit.spots import Proposal, Spots
from hunch_features.next_edit.twins import is_header
from hunch_features.text import Edit, Position

C_FAMILY = frozenset({"c", "cpp"})
MOST_PLACES = 40
_DEFAULT = re.compile(r"\s*=.*\Z", re.S)


def counterparts(change: Change, source: Source, touched: frozenset[int], spots: Spots) -> None:
    """Add the places of a file that declare or define the function with its old parameters."""
    resigned = change.resigned
    if resigned is None:
        return
    for line, column in source.places(change.old)[:MOST_PLACES]:
        if line in touched:
            continue
        node = source.node_at(line, column, change.old)
        function = next((one for one in climb(node) if one.child_by_field_name("parameters") is not None), None)
        if node is None or function is None or node.start_byte >= _parameters(function).start_byte:
            continue
        other = signature_of(function)
        if other is None or other.name != resigned.name or [one.name for one in other.parameters] != _names(resigned):
            continue
        qualified = source.language in C_FAMILY and not (other.owner and resigned.owner)  # `S::go` lies in no class
        if other.owner != resigned.owner and not qualified:
            continue
        edits = _edits(source, function, resigned, other.parameters) if source.language in C_FAMILY else ()
        proposal = Proposal(change, edits, 1.0 if edits else 0.0)
        spots.add(source, (line, column, column + len(change.old)), proposal, {"twin": 1.0})


def _parameters(function: tree_sitter.Node) -> tree_sitter.Node:
    found = function.child_by_field_name("parameters")
    assert found is not None  # noqa: S101 - `counterparts` has seen it
    return found


def _names(resigned: Resigned) -> list[str]:
    return [one.name for one in resigned.was]


def _edits(
    source: Source, function: tree_sitter.Node, resigned: Resigned, theirs: tuple[Parameter, ...]
) -> tuple[Edit, ...]:
    """The list as it is to be: what did not change stays as it is written here, default values stay in headers."""
    listed = _parameters(function)
    if "" in _names(resigned) or listed.start_point[0] != listed.end_point[0]:
        return ()
    kept = {one.name: one.text for one in theirs}
    before = {one.name: one.text for one in resigned.was}
    texts = []
    for one in resigned.now:
        text = one.text if is_header(source.path) else _DEFAULT.sub("", one.text)
        texts.append(kept[one.name] if before.get(one.name) == one.text else text)
    line = listed.start_point[0]
    raw = source.lines[line].encode("utf-8", "replace")
    start, end = (len(raw[:at].decode("utf-8", "ignore")) for at in (listed.start_point[1], listed.end_point[1]))
    new = f"({', '.join(texts)})"
    if source.lines[line][start:end] == new:
        return ()
    return (Edit(Position(line, start), Position(line, end), new),)
