"""Imports that a file never uses, told by its own text: a name that stands nowhere else, not even in a string."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import tree_sitter

from hunch_features.constraints.checked_file import CheckedFile

UNUSED_IMPORT = "unused_import"
"""The name of the construct. It has no query: one name is held against the whole file."""
_STATEMENTS = frozenset({"import_statement", "import_from_statement"})
_SCRIPTS = frozenset({"javascript", "javascriptreact", "typescript", "typescriptreact"})
_KEPT = frozenset({"React", "annotations"})
"""Names that are imported for what they do: JSX, and `from __future__`."""


def unused_imports(file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    """Imported names that occur nowhere else in a Python or JavaScript file: from, to, and what is wrong."""
    if file.tree is None or PurePosixPath(file.path).name in ("__init__.py", "conftest.py"):
        return
    if file.language != "python" and file.language not in _SCRIPTS:
        return
    for statement in file.tree.tree.root_node.named_children:
        if statement.type not in _STATEMENTS:
            continue
        start, end = file.offset(statement.start_byte), file.offset(statement.end_byte)
        line_end = file.text.find("\n", end)
        if "noqa" in file.text[end : line_end if line_end >= 0 else len(file.text)]:
            continue
        rest = file.text[:start] + file.text[end:]
        for node in _names(statement, python=file.language == "python"):
            name = (node.text or b"").decode("utf-8", "replace")
            if name not in _KEPT and not re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", rest):
                yield file.offset(node.start_byte), file.offset(node.end_byte), f"`{name}` is imported and not used"


def _names(statement: tree_sitter.Node, *, python: bool) -> Iterator[tree_sitter.Node]:
    """The nodes of the names that an import statement brings into its file."""
    if python:
        for child in statement.children_by_field_name("name"):
            if child.type == "aliased_import":
                alias = child.child_by_field_name("alias")
                if alias is not None:
                    yield alias
            elif child.named_children:
                yield child.named_children[0]
        return
    pending = [child for child in statement.named_children if child.type == "import_clause"]
    while pending:
        node = pending.pop()
        if node.type == "identifier":
            yield node
        elif node.type == "import_specifier":
            name = node.child_by_field_name("alias") or node.child_by_field_name("name")
            if name is not None:
                yield name
        else:
            pending.extend(node.named_children)
