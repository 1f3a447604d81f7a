"""What a name is where it stands: defined, a parameter, a member, called, imported; by the syntax tree."""

from __future__ import annotations

import tree_sitter

from hunch_features.next_edit.edit import Replacement
from hunch_features.next_edit.kinds import MORE_KEYWORDS, ChangeKind
from hunch_features.next_edit.source import Source, Token, climb, definition_name, name_defined, tokens_of, words_in

_CLASSES = ("class", "impl", "trait", "interface", "struct", "enum")
_FUNCTIONS = ("function", "method", "arrow_function", "lambda", "closure", "constructor")


def role_of(source: Source, line: int, token: Token) -> tuple[ChangeKind, tuple[int, int] | None, bool]:
    """What a name was where it stood: kind of change, lines of its scope when it is local, whether it was defined."""
    node = source.node_at(line, token.start, token.text)
    if node is None:
        return ChangeKind.NAME_REPLACED, None, False
    parent = node.parent
    inside = _function_around(node)
    if parent is not None and name_defined(parent) == token.text:
        outer = _function_around(parent.parent if parent.type == "function_declarator" and parent.parent else parent)
        local = outer is not None and outer.type != "class_definition"
        return ChangeKind.RENAMED, _span(outer) if local and outer is not None else None, True
    if parent is not None and _is_member(parent, node):
        return ChangeKind.MEMBER_RENAMED, None, False
    climbing, depth = parent, 0
    while climbing is not None and depth < 4:
        if "parameter" in climbing.type:
            return ChangeKind.PARAMETER_RENAMED, _span(inside) if inside is not None else None, True
        if climbing.type in ("assignment", "variable_declarator", "let_declaration", "short_var_declaration"):
            left = climbing.child_by_field_name("left") or climbing.child_by_field_name("name")
            left = left or climbing.child_by_field_name("pattern")
            if left is not None and left.start_byte <= node.start_byte < left.end_byte:
                return ChangeKind.RENAMED, _span(inside) if inside is not None else None, True
            break
        if "field_declaration" in climbing.type or climbing.type in ("property_signature", "public_field_definition"):
            return ChangeKind.MEMBER_RENAMED, None, True
        climbing, depth = climbing.parent, depth + 1
    if parent is not None and "call" in parent.type:
        return ChangeKind.CALL_REPLACED, None, False
    return ChangeKind.NAME_REPLACED, None, False


def function_called(source: Source, replacement: Replacement) -> str:
    """The name of the function among whose arguments tokens changed; empty outside of calls."""
    beside = replacement.old[:1] or replacement.left[-1:] or replacement.right[:1]
    node = source.node_at(replacement.line, beside[0].start, beside[0].text) if beside else None
    for _ in range(4):
        if node is None or node.type.startswith(_FUNCTIONS):
            return ""
        if node.type.startswith("argument") and node.parent is not None:
            function = node.parent.child_by_field_name("function") or node.parent.child_by_field_name("name")
            if function is None or function.text is None:
                return ""
            words = words_in(function.text.decode("utf-8", "replace").split("\n")[-1])
            return words[-1] if words and words[-1] not in MORE_KEYWORDS else ""
        node = node.parent
    return ""


def _is_member(parent: tree_sitter.Node, node: tree_sitter.Node) -> bool:
    if parent.type not in ("attribute", "member_expression", "field_expression", "selector_expression", "field_access"):
        return False
    return parent.named_child_count > 1 and parent.named_children[-1] == node


def is_in_class(source: Source, line: int, token: Token) -> bool:
    """Whether what a name defines lies in a class."""
    defined = next((one for one in climb(source.node_at(line, token.start, token.text)) if _defines(one, token)), None)
    outside = climb(defined.parent) if defined is not None else ()
    return any(node.type.startswith(_CLASSES) for node in outside)


def _defines(node: tree_sitter.Node, token: Token) -> bool:
    return definition_name(node) == token.text


def _function_around(node: tree_sitter.Node) -> tree_sitter.Node | None:
    return next((one for one in climb(node.parent) if one.type.startswith(_FUNCTIONS)), None)


def _span(node: tree_sitter.Node) -> tuple[int, int]:
    return node.start_point[0], node.end_point[0]


def is_defined(source: Source, number: int, word: str) -> bool:
    """Whether the first such word of a line is what the code there defines."""
    column = next((token.start for token in tokens_of(source.lines[number]) if token.text == word), None)
    node = source.node_at(number, column, word) if column is not None else None
    return node is not None and node.parent is not None and name_defined(node.parent) == word


def is_import(source: Source, number: int) -> bool:
    """Whether a line is, or lies in, an import; by its first word where there is no tree."""
    line = source.lines[number].strip()
    if line.startswith(("import ", "from ", "use ", "pub use ", "using ", "#include", "export {", "export *")):
        return True
    node = source.node_at(number, len(source.lines[number]) - len(source.lines[number].lstrip()))
    for _ in range(6):
        if node is None:
            return False
        if "import" in node.type or node.type in ("use_declaration", "use_list", "export_clause"):
            return True
        node = node.parent
    return False
