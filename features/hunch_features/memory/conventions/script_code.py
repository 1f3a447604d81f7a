"""The choices that a JavaScript or TypeScript file shows, by its syntax tree."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import tree_sitter

from hunch_features.memory.conventions.observation import Definition, Observation, Shown, style_of, text_of

QUERY = """
(function_declaration) @function
(class_declaration) @class
(method_definition) @method
(string) @string
(import_statement) @import
(export_statement) @export
(lexical_declaration) @declaration
(variable_declaration) @var
(expression_statement) @statement
(return_statement) @statement
(binary_expression operator: ["==" "===" "!=" "!=="] @equality)
(await_expression) @await
(call_expression function: (member_expression property: (property_identifier) @_then) (#eq? @_then "then")) @then
(call_expression function: (identifier) @_call (#any-of? @_call "it" "test")) @test
"""
QUERY_TYPED = """
(interface_declaration) @interface
(type_alias_declaration value: (object_type)) @alias
"""
_RELATIVE = re.compile(r"^\.\.?/")
_NODE = frozenset({
    "assert", "buffer", "child_process", "crypto", "events", "fs", "fs/promises", "http", "https", "module", "net",
    "os", "path", "perf_hooks", "process", "querystring", "readline", "stream", "timers", "tls", "url", "util", "vm",
    "worker_threads", "zlib",
})  # fmt: skip
_LITERALS = frozenset({"string", "number", "regex", "true", "false"})
_PLAIN = {
    "var": ("script.variables", "var"),
    "await": ("script.promises", "await"),
    "then": ("script.promises", ".then"),
    "interface": ("script.object-types", "interface"),
    "alias": ("script.object-types", "type"),
}
"""Captures that are a choice by being there."""
_TEST_END = re.compile(r"\.(test|spec)\.\w+$")


def note_script(shown: Shown, captures: dict[str, list[tree_sitter.Node]]) -> None:
    """Note all choices of one file, given the captures of `QUERY`."""
    typed = shown.language.startswith("typescript")
    for node in captures.get("function", ()):
        _function(shown, node, typed=typed)
    for node in captures.get("method", ()):
        name = text_of(node.child_by_field_name("name"))
        if (style := style_of(name)) and not name.startswith(("#", "[", "'", '"')):
            shown.add("script.function-name", style, node)
    for node in captures.get("class", ()):
        _class(shown, node)
    for node in captures.get("string", ()):
        _string(shown, node)
    _imports(shown, captures)
    _exports(shown, captures)
    for node in captures.get("declaration", ()):
        _declaration(shown, node, typed=typed)
        _semicolon(shown, node)
    for node in (*captures.get("var", ()), *captures.get("statement", ())):
        _semicolon(shown, node)
    for node in captures.get("equality", ()):
        if text_of(node.parent.child_by_field_name("right") if node.parent else None) in ("null", "undefined"):
            continue  # `== null` asks for both: there is no other short way to say it
        shown.add("script.equality", "=== and !==" if len(text_of(node)) == 3 else "== and !=", node)
    for key, (feature, value) in _PLAIN.items():
        for node in captures.get(key, ()):
            shown.add(feature, value, node)
    _file(shown, captures)


def _at_top(shown: Shown, feature: str, value: str) -> None:
    shown.observations.append(Observation(feature, value, 0, shown.path))


def _file(shown: Shown, captures: dict[str, list[tree_sitter.Node]]) -> None:
    name = PurePosixPath(shown.path).name
    if shown.is_test:
        if found := _TEST_END.search(name):
            _at_top(shown, "script.test-file-name", f"*.{found.group(1)}.*")
        for node in captures.get("test", ()):
            shown.add("script.test-call", text_of(node.child_by_field_name("function")), node)
        return
    bare = name.split(".", 1)[0]
    style = "PascalCase" if re.fullmatch(r"[A-Z][a-z0-9]+", bare) else style_of(bare)
    if style and not (shown.language.endswith("react") and style == "PascalCase"):
        _at_top(shown, "script.file-name", style)


def _is_top(node: tree_sitter.Node) -> bool:
    around = node.parent
    if around is not None and around.type == "export_statement":
        around = around.parent
    return around is not None and around.type == "program"


def _function(shown: Shown, node: tree_sitter.Node, *, typed: bool) -> None:
    name = text_of(node.child_by_field_name("name"))
    top = _is_top(node)
    if top:
        shown.functions.append(Definition(name, node.start_point[0], node.end_point[0]))
        if not shown.is_test:
            shown.add("script.function-form", "function declarations", node)
    component = shown.language.endswith("react") and name[:1].isupper()
    if (style := style_of(name)) and not component:
        shown.add("script.function-name", style, node)
    if top and typed and not shown.is_test:
        shown.add("script.return-type", "yes" if node.child_by_field_name("return_type") else "no", node)


def _class(shown: Shown, node: tree_sitter.Node) -> None:
    name = text_of(node.child_by_field_name("name"))
    style = "PascalCase" if re.fullmatch(r"[A-Z][a-z0-9]+", name) else style_of(name)
    if style:
        shown.add("script.class-name", style, node)
    heritage = next((child for child in node.children if child.type == "class_heritage"), None)
    base = re.match(r"extends\s+([\w.]+)", text_of(heritage))
    if _is_top(node) and not shown.is_test:
        named = base.group(1).rsplit(".", 1)[-1] if base else ""
        shown.classes.append(Definition(name, node.start_point[0], node.end_point[0], named))


def _string(shown: Shown, node: tree_sitter.Node) -> None:
    text, around = text_of(node), node.parent
    in_markup = around is not None and around.type.startswith("jsx")
    if len(text) > 1 and text[0] in "'\"" and not {"'", '"'} & set(text[1:-1]) and not in_markup:
        shown.add("script.quotes", "double" if text[0] == '"' else "single", node)


def _declaration(shown: Shown, node: tree_sitter.Node, *, typed: bool) -> None:
    if text_of(node).startswith("const"):
        shown.add("script.variables", "const and let", node)
    if not _is_top(node) or shown.is_test:
        return
    for child in node.named_children:
        value = child.child_by_field_name("value")
        name = text_of(child.child_by_field_name("name"))
        if value is None or not name.isidentifier():
            continue
        if value.type == "arrow_function":
            shown.functions.append(Definition(name, node.start_point[0], node.end_point[0]))
            shown.add("script.function-form", "arrow functions", node)
            if typed:
                shown.add("script.return-type", "yes" if value.child_by_field_name("return_type") else "no", node)
        elif value.type in _LITERALS and (style := style_of(name)):
            shown.add("script.constant-name", style, node)


def _semicolon(shown: Shown, node: tree_sitter.Node) -> None:
    last = node.children[-1] if node.children else None
    around = node.parent
    if last is not None and around is not None and around.type in ("program", "statement_block", "export_statement"):
        shown.add("script.semicolons", "with" if last.type == ";" else "without", node)


def _imports(shown: Shown, captures: dict[str, list[tree_sitter.Node]]) -> None:
    for node in captures.get("import", ()):
        _semicolon(shown, node)
        source = text_of(node.child_by_field_name("source")).strip("'\"")
        if _RELATIVE.match(source):
            end = PurePosixPath(source).suffix
            ended = end in (".js", ".ts", ".mjs", ".tsx", ".jsx", ".mts")
            if ended or not end:
                shown.add("script.import-end", f"with {end}" if ended else "without", node)
        elif source.removeprefix("node:") in _NODE:
            shown.add("script.node-import", "node:" if source.startswith("node:") else "bare", node)


def _exports(shown: Shown, captures: dict[str, list[tree_sitter.Node]]) -> None:
    if shown.is_test:
        return
    for node in captures.get("export", ()):
        default = any(child.type == "default" for child in node.children)
        if default or node.child_by_field_name("declaration") is not None:
            shown.add("script.export", "default" if default else "named", node)
