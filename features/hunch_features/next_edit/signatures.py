"""Parameters of the functions that an edit touched, before and after, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import tree_sitter

from hunch_features.next_edit.source import Source, definition_name

MAX_NODES = 400
MAX_CLIMB = 8
_SELF = frozenset({"self", "cls", "this"})
_NO_PARAMETERS = frozenset({"comment", "keyword_separator", "positional_separator"})
_DEFAULTS = frozenset(
    {"default_parameter", "typed_default_parameter", "optional_parameter", "optional_parameter_declaration",
     "assignment_pattern"}
)  # fmt: skip
_REST = ("list_splat", "dictionary_splat", "rest_pattern", "variadic", "spread")
_CONSTRUCTORS = frozenset({"__init__", "constructor", "constructor_declaration"})
_OWNERS = ("class", "abstract_class", "impl", "interface", "struct", "trait", "enum", "record", "object")
_FUNCTIONS = ("function", "method", "arrow_function", "lambda", "closure")
_CLASSES = ("class", "abstract_class", "enum", "record")


class Parameter(NamedTuple):
    """A parameter as written; one that is `optional` may be left out of a call, one that is `keyed` goes by name only.

    A `rest` takes what is left over. `annotation` is the type as written, empty without one.
    """

    name: str
    text: str
    optional: bool
    keyed: bool = False
    rest: bool = False
    annotation: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """A function's own name and its parameters, the receiver (`self`) left out."""

    name: str
    parameters: tuple[Parameter, ...]
    line: int
    is_method: bool
    owner: str = ""


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
    was: tuple[Parameter, ...] = ()
    now: tuple[Parameter, ...] = ()
    owner: str = ""
    """The class, or what else a method belongs to; empty for a function and for what constructs its class."""
    keyed: tuple[str, ...] = ()
    """Parameters that went by their place before and go by their name only now."""

    @property
    def is_harmless(self) -> bool:
        """Whether every call that was right still is: what is new may be left out and comes last."""
        kept = [one for one in self.now if one.optional or one.name in {old.name for old in self.was}]
        last = max((at for at, one in enumerate(self.now) if one.name in {old.name for old in self.was}), default=-1)
        late = all(at > last or one.keyed for at, one in self.added)
        moved = self.removed or self.renamed or self.order is not None or self.keyed
        stricter = any(
            old.optional and not new.optional for old in self.was for new in self.now if old.name == new.name
        )
        return not moved and not stricter and late and len(kept) == len(self.now)


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
    """What calls name: the function, or the class that it constructs."""
    named = node.child_by_field_name("name")
    name = _text(named) if named is not None else ""
    if name in _CONSTRUCTORS or node.type in _CONSTRUCTORS:
        around = node.parent
        for _ in range(MAX_CLIMB):
            if around is None:
                return name
            if around.type.startswith(_CLASSES) and (own := definition_name(around)):
                return own
            around = around.parent
        return name
    if name:
        return name
    holder = node.parent
    if node.type == "function_declarator":
        inner = node.child_by_field_name("declarator")
        return _text(inner).rsplit("::", 1)[-1] if inner is not None else ""
    return (definition_name(holder) or "") if holder is not None else ""


def _text(node: tree_sitter.Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


def signature_of(function: tree_sitter.Node) -> Signature | None:
    """The signature of a function's node; None for a node without parameters or name."""
    parameters = function.child_by_field_name("parameters")
    name = _name(function) if parameters is not None else ""
    return _signature(function, name, parameters) if parameters is not None and name else None


def _signature(node: tree_sitter.Node, name: str, parameters: tree_sitter.Node) -> Signature:
    listed, is_method = _listed(parameters)
    constructed = _text(node.child_by_field_name("name")) in _CONSTRUCTORS or node.type in _CONSTRUCTORS
    owner = "" if constructed else owner_of(node)
    return Signature(name, tuple(listed), node.start_point[0], is_method and not constructed, owner)


def owner_of(node: tree_sitter.Node) -> str:
    """The class (or impl, trait, …) that a node lies in, if no other function lies between; else empty."""
    around = node.parent
    for _ in range(MAX_CLIMB):
        if around is None:
            return ""
        if around.type.startswith(_OWNERS) and (own := definition_name(around)):
            return own
        if around.type.startswith(_FUNCTIONS):
            return ""
        around = around.parent
    return ""


def parameters_of(function: tree_sitter.Node) -> list[Parameter]:
    """The parameters of a function's node, the receiver left out."""
    parameters = function.child_by_field_name("parameters")
    return _listed(parameters)[0] if parameters is not None else []


def _listed(parameters: tree_sitter.Node) -> tuple[list[Parameter], bool]:
    """The parameters, and whether there is a receiver before them."""
    listed: list[Parameter] = []
    is_method = keyed = False
    for child in parameters.named_children:
        if child.type == "keyword_separator":
            keyed = True
        if child.type in _NO_PARAMETERS or child.text is None:
            continue
        text = " ".join(_text(child).split())
        own = _parameter_name(child)
        if not listed and not is_method and (own in _SELF or child.type == "self_parameter"):
            is_method = True
            continue
        if text == "void":
            continue
        if own.startswith(("{", "[")):  # taken apart at once: what is taken is no parameter of its own
            own = f"argument {len(listed) + 1}"
        inner = child.named_children[0].type if child.named_children else ""
        rest = child.type.startswith(_REST) or (child.type == "typed_parameter" and inner.startswith(_REST))
        optional = rest or child.type in _DEFAULTS or child.child_by_field_name("value") is not None
        annotation = _text(child.child_by_field_name("type")).lstrip(": ")
        names = [_text(one) for one in child.children_by_field_name("name")]
        for each in names if len(names) > 1 else [own]:  # Go: `a, b int`
            listed.append(Parameter(each, text, optional, keyed and not rest, rest, annotation))
        keyed = keyed or (rest and "list_splat" in (child.type + inner))
    return listed, is_method


def _parameter_name(node: tree_sitter.Node) -> str:
    for field in ("name", "pattern", "declarator", "left"):
        inner = node.child_by_field_name(field)
        if inner is not None:
            return _parameter_name(inner)
    if node.child_count == 0 or not node.named_children or "pattern" in node.type:
        return _text(node)
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
            change = compared(one.name, one.line, one.is_method, other.parameters, one.parameters, one.owner)
            if change is not None:
                found.append(change)
    return found


def compared(
    name: str, line: int, is_method: bool, old: Sequence[Parameter], new: Sequence[Parameter], owner: str = ""
) -> Resigned | None:
    """What became of a function's parameters; None where calls cannot tell the difference."""
    were, are = [one.name for one in old], [one.name for one in new]
    added = tuple((at, one) for at, one in enumerate(new) if one.name not in were)
    removed = tuple((at, one) for at, one in enumerate(old) if one.name not in are)
    before = {one.name: one for one in old}
    keyed = tuple(one.name for one in new if one.keyed and one.name in before and not before[one.name].keyed)
    both = tuple(old), tuple(new), owner, keyed
    if len(added) == len(removed) == 1 and added[0][0] == removed[0][0] and _is_like(removed[0][1], added[0][1]):
        renamed = ((removed[0][1].name, added[0][1].name),)
        return Resigned(name, line, is_method, (), (), renamed, None, *both)
    if not added and not removed:
        optional = {one.name: one.optional for one in old}
        if were == are and not keyed and all(optional[one.name] == one.optional for one in new):
            return None
        order = tuple(were.index(one) for one in are) if were != are else None
        return Resigned(name, line, is_method, (), (), (), order, *both)
    return Resigned(name, line, is_method, added, removed, (), None, *both)


def _is_like(old: Parameter, new: Parameter) -> bool:
    """Whether a parameter may be the other one under a new name, and not another thing at its place."""
    return old.annotation == new.annotation and (old.optional, old.rest) == (new.optional, new.rest)
