"""What stands around a position: the kind of syntax node, and the definition that it is in."""

from __future__ import annotations

from hunch_features.syntax.tree import SyntaxTree

DEFINITIONS = ("function", "method", "class", "struct", "enum", "trait", "impl", "interface", "module", "namespace")
MAX_NAME = 200


def node_and_symbol(tree: SyntaxTree, byte: int) -> tuple[str, str]:
    """Type of the innermost named node before a byte offset, and the dotted names of the definitions around it."""
    kind = ""
    names: list[str] = []
    for node in tree.around(max(0, byte - 1)):
        if not kind and node.is_named and not node.is_error:
            kind = node.type
        if node.type.startswith(DEFINITIONS) or node.type.endswith(("_definition", "_declaration", "_item")):
            name = node.child_by_field_name("name")
            if name is not None and name.text is not None:
                names.append(name.text.decode("utf-8", "replace"))
    return kind, ".".join(reversed(names))[:MAX_NAME]
