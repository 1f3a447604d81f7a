"""Checks on the shape of a file: lengths, names, indentation, docstrings and annotations."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import tree_sitter

from hunch_features.constraints.checked_file import COMMENT, CheckedFile, place_of
from hunch_features.constraints.rule import LimitLength, RequireDocumented, RequireIndent, RequireNaming

SCRIPTS = ("javascript", "javascriptreact", "typescript", "typescriptreact")
NOT_DOCUMENTED = re.compile(r"^_")

STYLE = {
    "snake_case": re.compile(r"^_*[a-z0-9]+(?:_+[a-z0-9]+)*_*$"),
    "camelCase": re.compile(r"^[a-z][A-Za-z0-9]*$"),
    "PascalCase": re.compile(r"^_?[A-Z][A-Za-z0-9]*$"),
    "kebab-case": re.compile(r"^[a-z0-9]+(?:-[a-z0-9]+)*$"),
    "UPPER_CASE": re.compile(r"^[A-Z0-9]+(?:_[A-Z0-9]+)*$"),
}


def lengths(check: LimitLength, file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    """Lines, functions or files that are too long: from, to, and what is wrong."""
    lines = file.text.splitlines(keepends=True)
    if check.of == "file":
        if len(lines) > check.most:
            yield 0, 0, f"the file has {len(lines)} lines, at most {check.most} are allowed"
        return
    if check.of == "line":
        at = 0
        for line in lines:
            length = len(line.rstrip("\r\n"))
            if length > check.most:
                yield (
                    at + check.most,
                    at + length,
                    f"the line has {length} characters, at most {check.most} are allowed",
                )
            at += len(line)
        return
    if check.of == "parameters":
        yield from _parameters(check, file)
        return
    for node, name in _definitions(file, ("function",)):
        length = node.end_point.row - node.start_point.row + 1
        if length > check.most:
            start = file.offset(name.start_byte)
            yield (
                start,
                file.offset(name.end_byte),
                f"the function has {length} lines, at most {check.most} are allowed",
            )


def _parameters(check: LimitLength, file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    for node, name in _definitions(file, ("function",)):
        listed = node.child_by_field_name("parameters")
        texts = [child.text or b"" for child in (listed.named_children if listed else []) if child.type != "comment"]
        count = sum(text not in (b"self", b"cls", b"&self", b"&mut self", b"*", b"/") for text in texts)
        if count > check.most:
            start = file.offset(name.start_byte)
            message = f"the function has {count} parameters, at most {check.most} are allowed"
            yield start, file.offset(name.end_byte), message


def _definitions(file: CheckedFile, of: tuple[str, ...]) -> Iterator[tuple[tree_sitter.Node, tree_sitter.Node]]:
    """Definitions with their name nodes, outermost first."""
    tree = file.tree
    if tree is None:
        return
    pending = [tree.tree.root_node]
    while pending:
        node = pending.pop()
        if _defines(node.type) in of:
            name = node.child_by_field_name("name")
            if name is not None:
                yield node, name
        pending.extend(reversed(node.named_children))


def _defines(kind: str) -> str:
    if re.match(r"(?:function|method)(?:_definition|_declaration|_item|)$|function_signature$", kind):
        return "function"
    if kind in ("interface_declaration", "type_alias_declaration", "enum_declaration"):
        return {"i": "interface", "t": "type", "e": "enum"}[kind[0]]
    return (
        "class" if re.match(r"class(?:_definition|_declaration|)$|(?:struct|enum|trait)_item$|type_spec$", kind) else ""
    )


def names(check: RequireNaming, file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    """Names of another style, without the prefix or suffix that is demanded, or with one that is not allowed."""
    wrong = _problem(check)
    if check.of == "file":
        name = PurePosixPath(file.path).name
        stem = name.lstrip(".").split(".", 1)[0]
        special = (
            stem.upper() == stem
            or name.startswith((".", "_", "$", "[", "(", "+", "@"))
            or stem in ("Dockerfile", "Makefile")
        )
        if file.language and not special and not STYLE[check.style or "kebab-case"].match(stem):
            yield 0, 0, f"the file's name is not {check.style}"
        return
    for _, node in _definitions(file, (check.of,)):
        text = (node.text or b"").decode("utf-8", "replace")
        problem = "" if text.startswith("__") else wrong(text)
        if problem:
            yield file.offset(node.start_byte), file.offset(node.end_byte), f"`{text}` {problem}"


def _problem(check: RequireNaming) -> Callable[[str], str]:
    """What is wrong with a name; empty where nothing is."""
    style = STYLE[check.style] if check.style else None
    # `Get` begins `GetStore` and is all of `Get`; `Getter` begins with another word.
    prefix = re.compile(
        rf"^{re.escape(check.prefix)}(?![a-z])" if check.prefix[-1:].isalpha() else "^" + re.escape(check.prefix)
    )
    suffix = re.compile(rf"(?<!^){re.escape(check.suffix)}$")

    def wrong(name: str) -> str:
        if style is not None and not style.match(name):
            return f"is not {check.style}"
        if check.prefix and bool(prefix.match(name)) == check.never:
            return f"{'begins' if check.never else 'does not begin'} with `{check.prefix}`"
        if check.suffix and bool(suffix.search(name)) == check.never:
            return f"{'ends' if check.never else 'does not end'} with `{check.suffix}`"
        return ""

    return wrong


def indents(check: RequireIndent, file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    """Lines that are indented in the other way."""
    wrong = re.compile(r"^\t+", re.MULTILINE) if check.style == "spaces" else re.compile(r"^ {2,}(?=\S)", re.MULTILINE)
    for match in wrong.finditer(file.text):
        if place_of(file, match.end()) == "code":
            yield match.start(), match.end(), f"indent with {check.style}"


def undocumented(check: RequireDocumented, file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    """Public functions and classes without docstring or comment, or functions without annotations."""
    if check.what == "comment":
        yield from _uncommented(file)
        return
    if file.language != "python":
        return
    for node, name in _definitions(file, ("function", "class")):
        text = (name.text or b"").decode("utf-8", "replace")
        if NOT_DOCUMENTED.match(text) or (check.what == "docstring" and _is_nested(node)):
            continue
        start, end = file.offset(name.start_byte), file.offset(name.end_byte)
        if check.what == "docstring" and not _has_docstring(node):
            yield start, end, f"`{text}` has no docstring"
        if check.what == "annotations" and node.type == "function_definition" and not _annotated(node):
            yield start, end, f"`{text}` has parameters or a result without annotation"


_DOCUMENTATION = {"go": "//", "rust": "///", **dict.fromkeys(SCRIPTS, "/**")}


def _uncommented(file: CheckedFile) -> Iterator[tuple[int, int, str]]:
    """Exported functions and classes without the comment that tools make documentation of."""
    mark = _DOCUMENTATION.get(file.language)
    for node, name in _definitions(file, ("function", "class")) if mark else ():
        text = (name.text or b"").decode("utf-8", "replace")
        outer = (
            node.parent
            if node.parent is not None and node.parent.type in ("export_statement", "type_declaration")
            else node
        )
        if file.language == "go":
            public = text[:1].isupper()
        elif file.language == "rust":
            public = any(child.type == "visibility_modifier" and child.text == b"pub" for child in node.children)
        else:
            public = outer.type == "export_statement"
        before = outer.prev_sibling
        while before is not None and before.type in ("attribute_item", "decorator"):
            before = before.prev_sibling
        documented = (
            before is not None
            and COMMENT.search(before.type)
            and (before.text or b"").decode("utf-8", "replace").startswith(mark or "")
        )
        if public and not documented:
            yield file.offset(name.start_byte), file.offset(name.end_byte), f"`{text}` has no documentation comment"


def _is_nested(node: tree_sitter.Node) -> bool:
    """Whether a definition stands within a function, where nobody else sees it."""
    outer = node.parent
    while outer is not None and _defines(outer.type) != "function":
        outer = outer.parent
    return outer is not None


def _has_docstring(node: tree_sitter.Node) -> bool:
    body = node.child_by_field_name("body")
    first = body.named_children[0] if body is not None and body.named_children else None
    return first is not None and first.type == "expression_statement" and first.named_children[0].type == "string"


def _annotated(node: tree_sitter.Node) -> bool:
    parameters = node.child_by_field_name("parameters")
    plain = [
        child
        for child in (parameters.named_children if parameters else [])
        if child.type in ("identifier", "default_parameter")
    ]
    own = {b"self", b"cls"}
    return node.child_by_field_name("return_type") is not None and all(child.text in own for child in plain)
