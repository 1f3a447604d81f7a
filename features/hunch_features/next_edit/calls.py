"""Call sites of a function whose parameters changed: the arguments that follow from it, where there is no doubt."""

from __future__ import annotations

import tree_sitter

from hunch_features.next_edit.kinds import Change
from hunch_features.next_edit.signatures import Resigned
from hunch_features.next_edit.source import Source
from hunch_features.text import Edit, Position

_CALLS = frozenset({"call", "call_expression", "method_invocation"})
_SPREAD = ("list_splat", "dictionary_splat", "spread_element", "variadic_argument")
MAX_CLIMB = 4


def arguments(change: Change, source: Source, line: int, column: int) -> tuple[dict[str, float], tuple[Edit, ...]]:
    """Facts about a use of a re-signed function's name, and the edits of its arguments."""
    resigned = change.resigned
    call = _call_of(source, line, column, change.old)
    if resigned is None or call is None:
        return {}, ()
    given = call.child_by_field_name("arguments")
    if given is None or given.start_point[0] - line > 2:
        return {}, ()
    own = _is_own(resigned, call)
    facts = {"call": 1.0, "call_own": float(own), "call_must_change": float(own and _is_needed(resigned, given))}
    edits = _edits(resigned, source, call, given)
    facts["call_edited"] = float(bool(edits))
    return facts, edits


def _is_own(resigned: Resigned, call: tree_sitter.Node) -> bool:
    """Whether the call is one of this function: `x.f()` calls a method, and only of `self` it is known whose."""
    function = call.child_by_field_name("function") or call
    receiver = function.child_by_field_name("object") or function.child_by_field_name("value")
    receiver = receiver or function.child_by_field_name("operand") or function.child_by_field_name("argument")
    if receiver is None:
        return True
    return resigned.is_method and _text(receiver) in ("self", "this", "cls", "Self", "super()", "super")


def _is_needed(resigned: Resigned, given: tree_sitter.Node) -> bool:
    """Whether the arguments that are given do not fit the new parameters."""
    listed = [child for child in given.named_children if child.type != "comment"]
    keys = {_key(child) for child in listed if child.type == "keyword_argument"}
    positional = len(listed) - len(keys)
    if any(not one.optional and one.name not in keys for _, one in resigned.added):
        return True
    if any(one.name in keys or at < positional for at, one in resigned.removed):
        return True
    if any(old in keys for old, _ in resigned.renamed):
        return True
    order = resigned.order or ()
    return any(was != at for at, was in enumerate(order[:positional]))


def _call_of(source: Source, line: int, column: int, name: str) -> tree_sitter.Node | None:
    """The call whose function ends with the name at a place."""
    node = source.node_at(line, column, name)
    end = node.end_byte if node is not None else -1
    for _ in range(MAX_CLIMB):
        if node is None:
            return None
        if node.type in _CALLS:
            function = node.child_by_field_name("function") or node.child_by_field_name("name")
            return node if function is not None and function.end_byte == end else None
        node = node.parent
    return None


def _edits(resigned: Resigned, source: Source, call: tree_sitter.Node, given: tree_sitter.Node) -> tuple[Edit, ...]:
    listed = [child for child in given.named_children if child.type != "comment"]
    if any(child.type.startswith(_SPREAD) or child.text is None for child in listed):
        return ()
    keyed = {_key(child): child for child in listed if child.type == "keyword_argument"}
    positional = [child for child in listed if child.type != "keyword_argument"]
    for old, new in resigned.renamed:
        if old in keyed:
            word = keyed[old].child_by_field_name("name")
            return (_edit(source, word, new),) if word is not None else ()
        return ()
    if resigned.order is not None:
        if keyed or len(positional) != len(resigned.order):
            return ()
        moved = zip(positional, resigned.order, strict=True)
        return tuple(_edit(source, place, _text(positional[was])) for place, was in moved if place != positional[was])
    if resigned.removed and not resigned.added:
        return _without(resigned, source, listed, positional, keyed)
    wanted = [(at, one.name) for at, one in resigned.added if not one.optional]
    if resigned.removed or len(wanted) != 1 or not _in_scope(source, call, wanted[0][1]):
        return ()
    at, name = wanted[0]
    if at > len(positional):
        if not keyed:
            return ()
        name, at = f"{name}={name}", len(listed)
    if at < len(listed):
        spot = _position(source, listed[at].start_point)
        return (Edit(spot, spot, f"{name}, "),)
    spot = _position(source, listed[-1].end_point if listed else (given.start_point[0], given.start_point[1] + 1))
    return (Edit(spot, spot, f", {name}" if listed else name),)


def _without(
    resigned: Resigned,
    source: Source,
    listed: list[tree_sitter.Node],
    positional: list[tree_sitter.Node],
    keyed: dict[str, tree_sitter.Node],
) -> tuple[Edit, ...]:
    """Take out the one argument of a parameter that is gone."""
    if len(resigned.removed) != 1:
        return ()
    at, parameter = resigned.removed[0]
    gone = keyed.get(parameter.name) or (positional[at] if at < len(positional) else None)
    if gone is None:
        return ()
    place = listed.index(gone)
    if place + 1 < len(listed):
        start, end = gone.start_point, listed[place + 1].start_point
    else:
        start, end = (listed[place - 1].end_point if place else gone.start_point), gone.end_point
    return (Edit(_position(source, start), _position(source, end), ""),)


def _in_scope(source: Source, call: tree_sitter.Node, name: str) -> bool:
    """Whether a name stands above the call in the function around it: a variable that fits may be passed on."""
    line = call.start_point[0]
    _symbol, first, last = source.symbol_at(line)
    return last - first < 400 and any(first <= number <= line for number, _ in source.places(name))


def _key(node: tree_sitter.Node) -> str:
    name = node.child_by_field_name("name")
    return _text(name) if name is not None else ""


def _text(node: tree_sitter.Node) -> str:
    return node.text.decode("utf-8", "replace") if node.text is not None else ""


def _position(source: Source, point: tuple[int, int]) -> Position:
    raw = source.lines[point[0]].encode("utf-8", "replace")
    return Position(point[0], len(raw[: point[1]].decode("utf-8", "ignore")))


def _edit(source: Source, node: tree_sitter.Node, text: str) -> Edit:
    return Edit(_position(source, node.start_point), _position(source, node.end_point), text)
