"""The choices that a Go file shows, by its syntax tree. What `gofmt` decides is no choice."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import tree_sitter

from hunch_features.memory.conventions.observation import Definition, Observation, Shown, style_of, text_of

QUERY = """
(function_declaration) @function
(method_declaration) @method
(type_declaration (type_spec name: (type_identifier) @type_name)) @type
(package_clause (package_identifier) @package)
(call_expression) @call
(import_spec) @import
(source_file (var_declaration (var_spec name: (identifier) @variable)))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @variable))))
"""
_TESTIFY = "github.com/stretchr/testify"
_FAILS = frozenset({"Fatal", "Fatalf", "Error", "Errorf", "Fail", "FailNow"})


def note_go(shown: Shown, captures: dict[str, list[tree_sitter.Node]]) -> None:
    """Note all choices of one file, given the captures of `QUERY`."""
    for key in ("function", "method"):
        for node in captures.get(key, ()):
            name = text_of(node.child_by_field_name("name"))
            if key == "function":
                shown.functions.append(Definition(name, node.start_point[0], node.end_point[0]))
            if name[:1].isupper() and not shown.is_test:
                _documented(shown, node, name)
            if shown.is_test and name.startswith("Test") and len(name) > 4:
                shown.add("go.test-name", "TestThing_case" if "_" in name[4:] else "TestThing", node)
    for node, named in zip(captures.get("type", ()), captures.get("type_name", ()), strict=False):
        name = text_of(named)
        if name[:1].isupper() and not shown.is_test:
            _documented(shown, node, name)
    for node in captures.get("call", ()):
        _call(shown, node)
    for node in captures.get("variable", ()):
        value = text_of(node.parent)
        if "errors.New(" in value or "fmt.Errorf(" in value:
            start = "ErrX" if re.match(r"[eE]rr[A-Z]", text_of(node)) else "other"
            shown.add("go.error-name", start, node, value.split("\n", 1)[0])
    for node in captures.get("import", ()):
        if text_of(node.child_by_field_name("path")).strip('"').startswith(_TESTIFY) and shown.is_test:
            shown.observations.append(Observation("go.test-tools", "testify", node.start_point[0], shown.path))
    _file(shown, captures)


def _file(shown: Shown, captures: dict[str, list[tree_sitter.Node]]) -> None:
    name = PurePosixPath(shown.path).name
    package = text_of(captures["package"][0]) if captures.get("package") else ""
    if name.endswith("_test.go"):
        value = "pkg_test" if package.endswith("_test") else "pkg"
        shown.observations.append(Observation("go.test-package", value, 0, shown.path))
        if not any(one.feature == "go.test-tools" for one in shown.observations):
            shown.observations.append(Observation("go.test-tools", "testing only", 0, shown.path))
    elif style := style_of(name.removesuffix(".go")):
        shown.observations.append(Observation("go.file-name", style, 0, shown.path))


def _documented(shown: Shown, node: tree_sitter.Node, name: str) -> None:
    before = node.prev_named_sibling
    if before is None or before.type != "comment" or before.end_point[0] < node.start_point[0] - 1:
        shown.add("go.doc", "no", node)
        return
    shown.add("go.doc", "yes", node)
    while (above := before.prev_named_sibling) is not None and above.type == "comment":
        if above.end_point[0] < before.start_point[0] - 1:
            break
        before = above
    first = text_of(before).lstrip("/* \t").split(" ", 2)
    starts = first[0] == name or (len(first) > 1 and first[0] in ("A", "An", "The") and first[1] == name)
    shown.add("go.doc-start", "its name" if starts else "other", node)


def _call(shown: Shown, node: tree_sitter.Node) -> None:
    function, arguments = text_of(node.child_by_field_name("function")), node.child_by_field_name("arguments")
    given = arguments.named_children if arguments is not None else []
    if function == "fmt.Errorf" and given:
        passes_error = any(re.fullmatch(r"\w*[eE]rr", text_of(one)) for one in given[1:])
        if passes_error:
            shown.add("go.error-wrap", "%w" if "%w" in text_of(given[0]) else "without %w", node)
    elif function in ("errors.Is", "errors.As"):
        shown.add("go.error-test", "errors.Is", node)
    elif shown.is_test and function.startswith("t.") and function[2:] in _FAILS:
        shown.add("go.test-fail", "t.Fatal" if function.startswith("t.Fatal") else "t.Error", node)
    elif shown.is_test and function == "t.Run":
        shown.add("go.test-cases", "t.Run", node)
