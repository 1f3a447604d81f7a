"""Holes at the nodes of the syntax that people complete and models find hard: calls, arguments, conditions, values.

"Improving FIM Code Completions via Context & Curriculum Based Learning" (arXiv:2412.16589) trains on such nodes; the
kinds here are our own choice. Code that is cut out of a file parses well enough for that: errors stay local.
"""

from __future__ import annotations

import random
from functools import cache

import tree_sitter
import tree_sitter_javascript
import tree_sitter_python
import tree_sitter_typescript

SHORTEST, LONGEST = 3, 240
"""Bytes of a node that is worth leaving out."""

_SHARED = frozenset(
    {"call_expression", "arguments", "binary_expression", "member_expression", "object", "array", "arrow_function",
     "template_string", "formal_parameters"}
)  # fmt: skip
KINDS = {
    "python": frozenset(
        {"call", "argument_list", "comparison_operator", "boolean_operator", "binary_operator", "subscript", "list",
         "dictionary", "conditional_expression", "list_comprehension", "lambda", "keyword_argument", "parameters"}
    ),
    "javascript": _SHARED | {"ternary_expression", "jsx_element"},
    "typescript": _SHARED | {"ternary_expression", "jsx_element", "type_annotation", "type_arguments"},
}  # fmt: skip
FIELDS = frozenset({"condition", "right", "value", "return_type"})
"""Fields whose node counts whatever its kind: what is tested, assigned, given back."""

LANGUAGES = {
    ".py": "python", ".pyi": "python", ".js": "javascript", ".mjs": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".tsx": "typescript",
}  # fmt: skip


def language_of(path: str) -> str | None:
    """The language of a source file that can be learnt from, by its ending."""
    return LANGUAGES.get(path[path.rfind(".") :].lower())


@cache
def _parser(path_end: str) -> tree_sitter.Parser:
    languages = {
        "python": tree_sitter_python.language,
        "javascript": tree_sitter_javascript.language,
        "typescript": tree_sitter_typescript.language_tsx
        if path_end == ".tsx"
        else tree_sitter_typescript.language_typescript,
    }
    return tree_sitter.Parser(tree_sitter.Language(languages[LANGUAGES[path_end]]()))


def node_span(text: str, path: str, rng: random.Random) -> tuple[int, int] | None:
    """Code points from … to of one such node: its kind is drawn first, so that rare kinds are no rarity here."""
    language = language_of(path)
    if language is None:
        return None
    source = text.encode("utf-8", "replace")
    found: dict[str, list[tuple[int, int]]] = {}
    cursor = _parser(path[path.rfind(".") :].lower()).parse(source).walk()
    while True:
        node = cursor.node
        if node is not None and SHORTEST <= node.end_byte - node.start_byte <= LONGEST and not node.is_error:
            kind = cursor.field_name if cursor.field_name in FIELDS else node.type
            if node.is_named and (kind in FIELDS or kind in KINDS[language]):
                found.setdefault(kind, []).append((node.start_byte, node.end_byte))
        if cursor.goto_first_child() or cursor.goto_next_sibling():
            continue
        while cursor.goto_parent():
            if cursor.goto_next_sibling():
                break
        else:
            break
    if not found:
        return None
    begin, end = rng.choice(found[rng.choice(sorted(found))])
    if source.isascii():
        return begin, end
    start = len(source[:begin].decode("utf-8", "replace"))
    return start, start + len(source[begin:end].decode("utf-8", "replace"))
