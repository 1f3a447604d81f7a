"""Parameters of the functions that an edit touched, before and after, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import tree_sitter

from hunch_features.next_edit.source import Source, definition_name

MAX_NODES = 400
_SELF = frozenset({"self", "cls", "this"})
_NO_PARAMETERS = frozenset({"comment", "keyword_separator", "positional_separator"})
_DEFAULTS = frozenset({"default_parameter", "typed_default_parameter", "optional_parameter", "assignment_pattern"})
_REST = ("list_splat", "dictionary_splat", "rest_pattern", "variadic", "spread")


class Parameter(NamedTuple):
    """A parameter as written; one that is `optional` may be left out of a call."""

    name: str
    text: str
    optional: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's own name and its parameters, the receiver (`self`) left out."""

    name: str
    parameters: tuple[Parameter, ...]
    line: int
    is_method: bool


@dataclass(frozen=True, slots=True)
class Resigned:
    """What became of a function's parameters. Places count from 0, the receiver left out."""

    name: str
    line: int
    is_method: bool
    added: tuple[tuple[int, Parameter], ...]
    """Place in the new list, and the parameter."""
    removed: tuple[tuple[int, Parameter], ...]
    """Place in the old list, and the parameter."""
    renamed: tuple[tuple[str, str], ...]
    order: tuple[int, ...] | None
    """Of a pure reordering: the old place of each new parameter."""


def signatures_at(source: Source, first: int, last: int) -> list[Signature]:
    """Functions whose parameter list touches lines `first`…`last`."""
    if source.tree is None:
        return []
    found: list[Signature] = []
    pending = [source.tree.tree.root_node]
    seen = 0
    while pending and seen < MAX_NODES:
        node = pending.pop()
        seen += 1
        parameters = node.child_by_field_name("parameters")
        if parameters is not None and parameters.start_point[0] <= last and parameters.end_point[0] >= first:
            name = _name(node)
            if name:
                found.append(_signature(node, name, parameters))
        pending.extend(
            child for child in node.named_children if child.start_point[0] <= last and child.end_point[0] >= first
        )
    return found


def _name(node: tree_sitter.Node) -> str:
    named = node.child_by_field_name("name")
    if named is not None and named.text is not None:
        return named.text.decode("utf-8", "replace")
    holder = node.parent
    if node.type == "function_declarator":
        inner = node.child_by_field_name("declarator")
        text = inner.text.decode("utf-8", "replace") if inner is not None and inner.text is not None else ""
        return text.rsplit("::", 1)[-1]
    return (definition_name(holder) or "") if holder is not None else ""


def _signature(node: tree_sitter.Node, name: str, parameters: tree_sitter.Node) -> Signature:
    listed: list[Parameter] = []
    is_method = False
    for child in parameters.named_children:
        if child.type in _NO_PARAMETERS or child.text is None:
            continue
        text = " ".join(child.text.decode("utf-8", "replace").split())
        own = _parameter_name(child)
        if not listed and not is_method and (own in _SELF or child.type == "self_parameter"):
            is_method = True
            continue
        optional = child.type in _DEFAULTS or child.type.startswith(_REST)
        optional = optional or child.child_by_field_name("value") is not None
        listed.append(Parameter(own, text, optional))
    return Signature(name, tuple(listed), node.start_point[0], is_method)


def _parameter_name(node: tree_sitter.Node) -> str:
    for field in ("name", "pattern", "declarator", "left"):
        inner = node.child_by_field_name(field)
        if inner is not None:
            return _parameter_name(inner)
    if node.child_count == 0 or not node.named_children or "pattern" in node.type:
        return node.text.decode("utf-8", "replace") if node.text is not None else ""
    return _parameter_name(node.named_children[0])


def resigned(before: Source, after: Source, old: tuple[int, int], new: tuple[int, int]) -> list[Resigned]:
    """Functions whose parameters differ between two states, by the lines (ends excluded) that changed."""
    were = signatures_at(before, old[0], max(old[0], old[1] - 1))
    are = signatures_at(after, new[0], max(new[0], new[1] - 1))
    found = []
    for one in are:
        same = [other for other in were if other.name == one.name]
        other = same[0] if same else None
        if other is None and len(were) == len(are) == 1:
            gone = were[0].name
            other = were[0] if len(after.places(gone)) < len(before.places(gone)) else None
        if other is not None and other.parameters != one.parameters:
            change = _compare(other, one)
            if change is not None:
                found.append(change)
    return found


def _compare(old: Signature, new: Signature) -> Resigned | None:
    were = [parameter.name for parameter in old.parameters]
    are = [parameter.name for parameter in new.parameters]
    added = tuple((at, one) for at, one in enumerate(new.parameters) if one.name not in were)
    removed = tuple((at, one) for at, one in enumerate(old.parameters) if one.name not in are)
    if len(added) == len(removed) == 1 and added[0][0] == removed[0][0]:
        renamed = ((removed[0][1].name, added[0][1].name),)
        return Resigned(new.name, new.line, new.is_method, (), (), renamed, None)
    if not added and not removed:
        if were == are:
            return None
        return Resigned(new.name, new.line, new.is_method, (), (), (), tuple(were.index(name) for name in are))
    return Resigned(new.name, new.line, new.is_method, added, removed, (), None)
