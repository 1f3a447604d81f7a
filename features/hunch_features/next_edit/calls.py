"""Call sites of a function whose parameters changed: the arguments that follow from it, where there is no doubt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import tree_sitter

from hunch_features.next_edit.filling import Filled, fill, in_scope
from hunch_features.next_edit.kinds import Change
from hunch_features.next_edit.passing import Given, Passed, fits, is_needed, passed
from hunch_features.next_edit.signatures import Parameter, Resigned, owner_of
from hunch_features.next_edit.source import Source, climb
from hunch_features.text import Edit, Position

_CALLS = frozenset({"call", "call_expression", "method_invocation", "new_expression", "object_creation_expression"})
_SPREAD = ("list_splat", "dictionary_splat", "spread_element", "variadic_argument", "splat_argument")
_SEPARATOR = re.compile(r",\s*\Z")
MAX_CLIMB = 4
MAX_LINES = 40
"""Lines of one call's arguments."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Where an argument is to be written that nobody knows: a place, and a snippet with the parameter's name in it."""

    position: Position
    snippet: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call needs. `edits` do it; where they cannot, `hole` is the place to write at, if one is enough."""

    facts: Mapping[str, float]
    edits: tuple[Edit, ...] = ()
    hole: Hole | None = None
    filled: tuple[Filled, ...] = ()


@dataclass(frozen=True, slots=True)
class _Call:
    node: tree_sitter.Node
    listed: tuple[tree_sitter.Node, ...]
    given: tuple[Given, ...]
    open: tuple[int, int]
    """Point behind the bracket."""


def arguments(
    change: Change,
    source: Source,
    line: int,
    column: int,
    modules: frozenset[str] = frozenset(),
) -> Answer:
    """What a use of a re-signed function's name needs. `modules`: names that stand for the function's file."""
    resigned = change.resigned
    call = _call_of(source, line, column, change.old)
    if resigned is None or call is None:
        return Answer({})
    own = _is_own(resigned, call.node, modules)
    needed = is_needed(call.given, resigned)
    facts = {"call": 1.0, "call_own": float(own), "call_must_change": float(own and needed)}
    edits: tuple[Edit, ...] = ()
    hole = None
    filled: list[Filled] = []
    if needed:

        def filler(parameter: Parameter) -> str | None:
            found = fill(source, call.node, parameter, dict(change.learned))
            if found is None or (found.how == "type" and any(one.text == found.text for one in filled)):
                return None
            filled.append(found)
            return found.text

        wanted = passed(call.given, resigned, filler, keys=source.language == "python")
        if wanted is not None and all(one.value is not None for one in wanted):
            edits = _edits(source, call, wanted)
        elif wanted is not None:
            hole = _hole(source, call, wanted)
    facts["call_edited"] = float(bool(edits))
    return Answer(facts, edits, hole, tuple(filled) if edits else ())


def given_for(resigned: Resigned, source: Source, line: int, column: int) -> dict[str, str]:
    """What a call that follows the new parameters passes for those that are new; empty for any other call."""
    call = _call_of(source, line, column, resigned.name)
    if call is None or not fits(call.given, resigned.now) or fits(call.given, resigned.was):
        return {}
    places = [one.name for one in resigned.now if not one.keyed]
    new = {one.name for _, one in resigned.added}
    said = {given.key or places[at]: given.value for at, given in enumerate(call.given)}
    return {name: value for name, value in said.items() if name in new}


def is_known(source: Source, line: int, column: int, function: str, name: str) -> bool:
    """Whether a name can be used in the call of a function at a place."""
    call = _call_of(source, line, column, function)
    return call is not None and in_scope(source, call.node, name)


def _is_own(resigned: Resigned, call: tree_sitter.Node, modules: frozenset[str]) -> bool:
    """Whether the call is one of this function: `x.f()` calls a method, and only of `self` it is known whose,
    or a function of a module that was imported as `x`.
    """
    function = call.child_by_field_name("function") or call
    receiver = function.child_by_field_name("object") or function.child_by_field_name("value")
    receiver = receiver or function.child_by_field_name("operand") or function.child_by_field_name("argument")
    receiver = receiver or function.child_by_field_name("path") or function.child_by_field_name("scope")
    inside = bool(resigned.owner) and owner_of(_function_of(call)) == resigned.owner
    if receiver is None:
        return not resigned.owner or inside
    said = _text(receiver)
    if said in modules:
        return not resigned.is_method
    if said.rsplit("::", 1)[-1] == resigned.owner:
        return not resigned.is_method
    return inside and said in ("self", "this", "cls", "Self")


def _function_of(call: tree_sitter.Node) -> tree_sitter.Node:
    """The outermost function around a call that is still in its class; the call itself outside of functions."""
    found = call
    for one in climb(call.parent):
        if one.type.startswith(("class", "impl", "trait", "interface", "struct")):
            break
        if one.type.startswith(("function", "method", "constructor", "arrow_function")):
            found = one
    return found


def _call_of(source: Source, line: int, column: int, name: str) -> _Call | None:
    """The call whose function ends with the name at a place."""
    node = source.node_at(line, column, name)
    end = node.end_byte if node is not None else -1
    for _ in range(MAX_CLIMB):
        if node is None:
            return None
        if node.type in _CALLS:
            named = (node.child_by_field_name(field) for field in ("function", "name", "constructor", "type"))
            function = next((one for one in named if one is not None), None)
            given = node.child_by_field_name("arguments")
            if function is None or function.end_byte != end or given is None or given.start_point[0] - line > 2:
                return None
            return _taken_apart(node, given)
        node = node.parent
    return None


def _taken_apart(call: tree_sitter.Node, given: tree_sitter.Node) -> _Call | None:
    if given.end_point[0] - given.start_point[0] > MAX_LINES or not given.children or _text(given.children[0]) != "(":
        return None
    listed = [child for child in given.named_children if child.type != "comment"]
    said = []
    for child in listed:
        keyed = child.type == "keyword_argument"
        value = child.child_by_field_name("value") if keyed else child
        name = child.child_by_field_name("name") if keyed else None
        spread = child.type.startswith(_SPREAD) or child.text is None or child.has_error
        said.append(Given(_text(name), _text(value), spread))
    start = given.start_point
    return _Call(call, tuple(listed), tuple(said), (start[0], start[1] + 1))


def _edits(source: Source, call: _Call, wanted: Sequence[Passed]) -> tuple[Edit, ...]:
    """One edit that turns the arguments into the wanted ones; what stays beside each other keeps its blanks."""
    if not call.listed:
        spot = _position(source, call.open)
        return (Edit(spot, spot, ", ".join(one.text for one in wanted)),)
    start, end = _position(source, call.listed[0].start_point), _position(source, call.listed[-1].end_point)
    old = _between(source, start, end)
    new = ""
    for number, one in enumerate(wanted):
        before = wanted[number - 1].was if number else None
        if number:
            new += _gap(source, call, before, one.was)
        new += one.text
    return (_trimmed(source, start, old, new),) if old != new else ()


def _gap(source: Source, call: _Call, before: int | None, after: int | None) -> str:
    """What stands between two arguments: what stood there, or what the call has elsewhere."""
    pairs = [before] if before is not None and after == before + 1 else []
    for at in [*pairs, 0] if len(call.listed) > 1 else []:
        one, other = call.listed[at], call.listed[at + 1]
        text = _between(source, _position(source, one.end_point), _position(source, other.start_point))
        if at in pairs or _SEPARATOR.fullmatch(text):
            return text
    only = call.listed[0].start_point
    if only[0] > call.open[0]:  # the only argument, on a line of its own
        return ",\n" + source.lines[only[0]][: _position(source, only).column]
    return ", "


def _trimmed(source: Source, start: Position, old: str, new: str) -> Edit:
    """The edit from `old`, which begins at `start`, to `new`, without what both have; words stay whole."""
    lead = 0
    while lead < min(len(old), len(new)) and old[lead] == new[lead]:
        lead += 1
    while lead and (_is_inside(old, lead) or _is_inside(new, lead)):
        lead -= 1
    tail = 0
    while tail < min(len(old), len(new)) - lead and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    while tail and (_is_inside(old, len(old) - tail) or _is_inside(new, len(new) - tail)):
        tail -= 1
    first = source.start_of(start.line) + start.column
    return Edit(_at(source, first + lead), _at(source, first + len(old) - tail), new[lead : len(new) - tail])


def _is_inside(text: str, at: int) -> bool:
    """Whether a place is in the middle of a word."""
    return 0 < at < len(text) and all(one.isalnum() or one == "_" for one in text[at - 1 : at + 1])


def _hole(source: Source, call: _Call, wanted: Sequence[Passed]) -> Hole | None:
    """The place for new arguments that stand side by side, where nothing else is to be done to the call."""
    new = [number for number, one in enumerate(wanted) if one.was is None]
    kept = [(one.was, one.key) for one in wanted if one.was is not None]
    whole = kept == [(at, one.key) for at, one in enumerate(call.given)]
    if not new or not whole or new[-1] - new[0] != len(new) - 1:
        return None
    numbered = iter(range(1, len(new) + 1))
    parts = [
        (f"{wanted[at].key}=" if wanted[at].key else "")
        + (
            _escaped(wanted[at].value or "")
            if wanted[at].value is not None
            else f"${{{next(numbered)}:{_escaped(wanted[at].parameter)}}}"
        )
        for at in new
    ]
    names = tuple(wanted[at].parameter for at in new if wanted[at].value is None)
    gap = _gap(source, call, None, None) if call.listed else ", "
    gap = re.sub(r"\n[ \t]*", "\n", gap)  # an editor indents the lines of a snippet like the line it goes into
    text = gap.join(parts)
    first = new[0]
    if not call.listed:
        return Hole(_position(source, call.open), text, names)
    if first < len(call.listed):
        return Hole(_position(source, call.listed[first].start_point), text + gap, names)
    return Hole(_position(source, call.listed[-1].end_point), gap + text, names)


def _escaped(text: str) -> str:
    """Text as it has to stand in a snippet."""
    return re.sub(r"([\\$}])", r"\\\1", text)


def _text(node: tree_sitter.Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def _position(source: Source, point: tuple[int, int]) -> Position:
    raw = source.lines[point[0]].encode("utf-8", "replace")
    return Position(point[0], len(raw[: point[1]].decode("utf-8", "ignore")))


def _at(source: Source, offset: int) -> Position:
    line = source.line_of(offset)
    return Position(line, offset - source.start_of(line))


def _between(source: Source, start: Position, end: Position) -> str:
    return source.text[source.start_of(start.line) + start.column : source.start_of(end.line) + end.column]
