"""What to pass for a new parameter, where it can be known: a name that is in scope, or what other calls were given."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import tree_sitter

from hunch_features.next_edit.signatures import Parameter, parameters_of
from hunch_features.next_edit.source import Source, climb, name_defined

MOST_LINES = 400
"""Lines of a function in which names are looked for."""
_FUNCTIONS = ("function", "method", "arrow_function", "lambda", "closure", "constructor")
_CLASSES = ("class", "impl", "interface", "struct", "trait", "enum")
_NAMES = frozenset({"identifier", "shorthand_property_identifier"})
_BLOCKS = frozenset({"block", "statement_block", "compound_statement"})
_BY_FUNCTION = frozenset({"python", "ruby", "shellscript"})
"""Languages in which a name lives as long as its function does, not its block."""
_MEMBER_FIELDS = ("attribute", "property", "field", "name", "key")
_PLAIN_TYPES = frozenset(
    {"", "any", "object", "str", "int", "float", "bool", "bytes", "list", "dict", "set", "tuple", "string", "number",
     "boolean", "unknown", "i32", "i64", "u8", "u32", "u64", "usize", "f32", "f64", "&str", "char", "double", "long",
     "error", "path", "callable", "t", "date", "datetime"}
)  # fmt: skip
"""Types of which there are many variables: that one fits by its type says little."""
_LITERAL = re.compile(
    r"[-+]?\d[\w.]*|\"[^\"\\\n{]*\"|'[^'\\\n]*'|None|True|False|null|true|false|nil|undefined|\[\]|\{\}|\(\)"
)
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Filled:
    """A text to pass, and where it is from."""

    text: str
    how: str
    """`name`: a variable called so; `type`: the only one of it; `repeat`: as elsewhere."""


def fill(
    source: Source, call: tree_sitter.Node, parameter: Parameter, learned: Mapping[str, Sequence[str]]
) -> Filled | None:
    """What to pass for a parameter in a call; None where it would be a guess. `learned`: texts that other calls got."""
    referred = parameter.annotation.startswith(("&", "*"))  # a variable may have to be borrowed, or be it already
    if in_scope(source, call, parameter.name) and (not referred or _has_type(call, parameter)):
        return Filled(parameter.name, "name")
    known = learned.get(parameter.name, ())
    if known and len(set(known)) == 1:
        text = known[0]
        words = _WORD.findall(text)
        if _LITERAL.fullmatch(text) or (words and all(in_scope(source, call, word) for word in words)):
            return Filled(text, "repeat")
        return None
    typed = _of_type(call, parameter.annotation)
    return Filled(typed, "type") if typed else None


def in_scope(source: Source, call: tree_sitter.Node, name: str) -> bool:
    """Whether a plain name can be used at a call: bound or used before in a function around it, or by the module."""
    around = [one for one in climb(call.parent) if one.type.startswith(_FUNCTIONS)]
    line = call.start_point[0]
    for at, column in source.places(name):
        if at > line:
            break
        if around and line - around[-1].start_point[0] > MOST_LINES:
            return False
        node = source.node_at(at, column, name)
        if node is None or node.type not in _NAMES or node.end_byte > call.start_byte or _is_member_name(node):
            continue
        if name_defined(node.parent) == name if node.parent is not None else True:
            continue
        holder = next((one for one in climb(node.parent) if one.type.startswith((*_FUNCTIONS, *_CLASSES))), None)
        if holder is None:
            if _is_bound_by_module(node):
                return True
        elif holder in around and (source.language in _BY_FUNCTION or _shares_block(node, call)):
            return True
    return False


def _is_member_name(node: tree_sitter.Node) -> bool:
    """Whether a name is that of a member, of a named argument or of a key: it says nothing of a variable."""
    parent = node.parent
    if parent is None:
        return True
    if parent.type in ("keyword_argument", "pair", "field_initializer", "labeled_statement") or "import" in parent.type:
        return parent.child_by_field_name("value") != node
    member = parent.type in (
        "attribute",
        "member_expression",
        "field_expression",
        "selector_expression",
        "field_access",
    )
    return member and any(parent.child_by_field_name(field) == node for field in _MEMBER_FIELDS)


def _is_bound_by_module(node: tree_sitter.Node) -> bool:
    parent = node.parent
    if parent is None or parent.type not in ("assignment", "variable_declarator", "const_item", "static_item"):
        return False
    return (parent.child_by_field_name("left") or parent.child_by_field_name("name")) == node


def _shares_block(node: tree_sitter.Node, call: tree_sitter.Node) -> bool:
    """Whether the block that a name stands in is still open at a call."""
    block = next((one for one in climb(node.parent) if one.type in _BLOCKS), None)
    return block is None or block.start_byte <= call.start_byte < block.end_byte


def _has_type(call: tree_sitter.Node, parameter: Parameter) -> bool:
    """Whether a function around a call has a parameter of the same name and type."""
    functions = (one for one in climb(call.parent) if one.child_by_field_name("parameters") is not None)
    same = (parameter.name, parameter.annotation)
    return any((one.name, one.annotation) == same for each in functions for one in parameters_of(each))


def _of_type(call: tree_sitter.Node, annotation: str) -> str:
    """The only parameter around a call that has just this type, where the type says much."""
    plain = re.sub(r"\s*\|\s*None$|^Optional\[(.*)\]$|^[&*]+(?:mut )?", r"\1", annotation)
    if plain.lower() in _PLAIN_TYPES or plain.lower().startswith(("list[", "dict[", "set[", "tuple[", "type[")):
        return ""
    function = next((one for one in climb(call.parent) if one.child_by_field_name("parameters") is not None), None)
    fitting = [one.name for one in parameters_of(function) if one.annotation == annotation] if function else []
    passed = call.text.decode("utf-8", "replace") if call.text is not None else ""
    return fitting[0] if len(fitting) == 1 and not re.search(rf"\b{re.escape(fitting[0])}\b", passed) else ""
