"""The choices that a Python file shows, by its syntax tree."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import tree_sitter

from hunch_features.memory.conventions.docstrings import note_docstring
from hunch_features.memory.conventions.observation import Definition, Observation, Shown, style_of, text_of

QUERY = """
(function_definition) @function
(class_definition) @class
(string) @string
(import_from_statement) @from
(import_statement) @import
(except_clause) @except
(call) @call
(module (expression_statement (assignment) @constant))
(binary_operator left: (string) operator: "%") @percent
(assert_statement) @assert
(type) @type
"""
_LITERALS = frozenset({"string", "integer", "float", "tuple", "list", "dictionary", "set", "concatenated_string"})
_PREFIX = re.compile(r"^[A-Za-z]*")
_LOG_METHODS = frozenset({"debug", "info", "warning", "warn", "error", "exception", "critical"})
_LOGGERS = re.compile(r"^_?(?:self\.)?_?(?:log|logger|LOG|LOGGER|logging)$")
_OLD_GENERICS = re.compile(r"^(?:typing\.|t\.)?(List|Dict|Tuple|Set|FrozenSet|Type)\[")
_NEW_GENERICS = re.compile(r"^(list|dict|tuple|set|frozenset|type)\[")
_MEMBERS = re.compile(r"^self\.(assert\w+|fail\w*)$")


def note_python(shown: Shown, captures: dict[str, list[tree_sitter.Node]]) -> None:
    """Note all choices of one file, given the captures of `QUERY`."""
    docstrings: set[int] = set()
    for node in captures.get("function", ()):
        _function(shown, node, docstrings)
    for node in captures.get("class", ()):
        _class(shown, node, docstrings)
    for node in captures.get("string", ()):
        if node.start_byte not in docstrings:
            _string(shown, node)
    _imports(shown, captures)
    for node in captures.get("except", ()):
        _except(shown, node)
    for node in captures.get("call", ()):
        _call(shown, node)
    for node in captures.get("constant", ()):
        _constant(shown, node)
    for node in captures.get("percent", ()):
        shown.add("python.formatting", "% formatting", node)
    if shown.is_test:
        for node in captures.get("assert", ()):
            shown.add("python.test-assert", "assert", node)
    for node in captures.get("type", ()):
        _type(shown, node)
    name = PurePosixPath(shown.path).stem
    style = style_of(name)
    if style and not shown.is_test:
        shown.observations.append(_at_top("python.file-name", style, shown.path))


def _at_top(feature: str, value: str, text: str) -> Observation:
    return Observation(feature, value, 0, text)


def _decorators(node: tree_sitter.Node) -> str:
    around = node.parent
    if around is None or around.type != "decorated_definition":
        return ""
    return " ".join(text_of(child) for child in around.children if child.type == "decorator")


def _is_top(node: tree_sitter.Node) -> bool:
    around = node.parent
    if around is not None and around.type == "decorated_definition":
        around = around.parent
    return around is not None and around.type == "module"


def _class_around(node: tree_sitter.Node) -> tree_sitter.Node | None:
    around = node.parent
    if around is not None and around.type == "decorated_definition":
        around = around.parent
    if around is not None and around.type == "block":
        around = around.parent
    return around if around is not None and around.type == "class_definition" else None


def _function(shown: Shown, node: tree_sitter.Node, docstrings: set[int]) -> None:
    name = text_of(node.child_by_field_name("name"))
    owner = _class_around(node)
    if _is_top(node):
        shown.functions.append(Definition(name, node.start_point[0], node.end_point[0]))
    special = name.startswith("__") and name.endswith("__")
    style = style_of(name)
    if shown.is_test and name.startswith(("test", "Test")):
        if owner is None and _is_top(node):
            shown.add("python.test-style", "functions", node)
        elif owner is not None:
            bases = text_of(owner.child_by_field_name("superclasses"))
            shown.add("python.test-style", "unittest" if "TestCase" in bases else "classes", node)
    if style and not special and not shown.is_test:
        shown.add("python.function-name", style, node)
    inner = owner is None and not _is_top(node)
    public = not name.startswith("_") and not inner and not shown.is_test
    if not public:
        note_docstring(shown, node, docstrings, owner="")
        return
    stub = "overload" in _decorators(node) or "abstractmethod" in _decorators(node)
    if not stub:
        has = note_docstring(shown, node, docstrings, owner="function")
        shown.add("python.docstring", "yes" if has else "no", node)
    parameters = node.child_by_field_name("parameters")
    named = [child for child in parameters.named_children if child.type != "comment"] if parameters is not None else []
    named = [child for child in named if text_of(child) not in ("self", "cls", "*", "/")]
    typed = all(child.type in ("typed_parameter", "typed_default_parameter") for child in named)
    result = node.child_by_field_name("return_type") is not None
    shown.add("python.annotations", "yes" if typed and result else "no", node)


def _class(shown: Shown, node: tree_sitter.Node, docstrings: set[int]) -> None:
    name = text_of(node.child_by_field_name("name"))
    style = "PascalCase" if re.fullmatch(r"_*[A-Z][a-z0-9]+", name) else style_of(name)
    if style:
        shown.add("python.class-name", style, node)
    note_docstring(shown, node, docstrings, owner="class")
    superclasses = node.child_by_field_name("superclasses")
    bases = [text_of(child) for child in superclasses.named_children] if superclasses is not None else []
    base = bases[0].rsplit(".", 1)[-1] if bases and "=" not in bases[0] else ""
    if _is_top(node) and not shown.is_test:
        shown.classes.append(Definition(name, node.start_point[0], node.end_point[0], base))
    if base.endswith(("Error", "Exception")):
        ending = next((end for end in ("Error", "Exception", "Warning") if name.endswith(end)), "neither")
        shown.add("python.exception-name", ending, node)


def _string(shown: Shown, node: tree_sitter.Node) -> None:
    text = text_of(node)
    around = node.parent
    prefix = _PREFIX.match(text)
    bare = text[prefix.end() :] if prefix else text
    if "f" in text[: len(text) - len(bare)].lower() and any(child.type == "interpolation" for child in node.children):
        shown.add("python.formatting", "f-strings", node)
    if around is not None and around.type == "expression_statement":
        return  # a docstring of a module, or one that means nothing
    if bare.startswith(('"""', "'''")) or len(bare) < 2:
        return
    inside = bare[1:-1]
    if "'" not in inside and '"' not in inside:
        shown.add("python.quotes", "double" if bare[0] == '"' else "single", node)


def _imports(shown: Shown, captures: dict[str, list[tree_sitter.Node]]) -> None:
    future = None
    for node in captures.get("from", ()):
        module = text_of(node.child_by_field_name("module_name"))
        if module.startswith("."):
            shown.add("python.own-import", "relative", node, text_of(node).split("\n", 1)[0])
        elif module:
            # Whether the module is one of this repository is known where all paths are: `learning`.
            shown.add(f"python.from-import.{module.split('.', 1)[0]}", module, node)
            shown.add(f"python.import.{module}", f"from {module} import …", node)
    for node in captures.get("import", ()):
        for child in node.named_children:
            module = text_of(child.child_by_field_name("name")) if child.type == "aliased_import" else text_of(child)
            shown.add(f"python.from-import.{module.split('.', 1)[0]}", module, node)
            shown.add(f"python.import.{module}", f"import {text_of(child)}", node)
    if captures.get("from") or captures.get("import"):
        root = (captures.get("from") or captures["import"])[0]
        while root.parent is not None:
            root = root.parent
        future = next((child for child in root.children if child.type == "future_import_statement"), None)
        value = "yes" if future is not None and "annotations" in text_of(future) else "no"
        shown.observations.append(_at_top("python.future-annotations", value, shown.path))


def _except(shown: Shown, node: tree_sitter.Node) -> None:
    bare = len(node.children) > 1 and node.children[1].type == ":"
    shown.add("python.except", "bare" if bare else "named", node)
    pending = list(node.children)
    while pending:
        child = pending.pop()
        if child.type in ("function_definition", "class_definition", "try_statement"):
            continue
        if child.type == "raise_statement" and child.named_child_count and child.named_children[0].type == "call":
            cause = child.child_by_field_name("cause") is not None
            shown.add("python.raise-from", "with" if cause else "without", child)
        pending.extend(child.named_children)


def _call(shown: Shown, node: tree_sitter.Node) -> None:
    function = node.child_by_field_name("function")
    callee = text_of(function)
    arguments = node.child_by_field_name("arguments")
    if callee.startswith("os.path."):
        shown.add("python.paths", "os.path", node)
    elif callee in ("Path", "pathlib.Path", "PurePath", "PurePosixPath"):
        shown.add("python.paths", "pathlib", node)
    elif callee == "super":
        shown.add(
            "python.super", "with arguments" if arguments is not None and arguments.named_child_count else "plain", node
        )
    elif _MEMBERS.match(callee) and shown.is_test:
        shown.add("python.test-assert", "self.assert…", node)
    if function is None or function.type != "attribute":
        return
    method = text_of(function.child_by_field_name("attribute"))
    receiver = function.child_by_field_name("object")
    if method == "format" and receiver is not None and receiver.type == "string":
        shown.add("python.formatting", "str.format", node)
    if method in _LOG_METHODS and receiver is not None and _LOGGERS.match(text_of(receiver)) and arguments is not None:
        _log(shown, node, arguments)


def _log(shown: Shown, node: tree_sitter.Node, arguments: tree_sitter.Node) -> None:
    given = arguments.named_children
    if not given or given[0].type not in ("string", "concatenated_string", "binary_operator", "call"):
        return
    first = text_of(given[0])
    if given[0].type == "string" and any(child.type == "interpolation" for child in given[0].children):
        shown.add("python.log-message", "f-strings", node)
    elif given[0].type == "binary_operator" or ".format(" in first:
        shown.add("python.log-message", "formatted before", node)
    elif re.search(r"%[sdrfx(]", first) and len(given) > 1:
        shown.add("python.log-message", "% arguments", node)


def _constant(shown: Shown, node: tree_sitter.Node) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None or left.type != "identifier":
        return
    name = text_of(left)
    if right.type == "call" and text_of(right).replace("logging.", "").startswith("getLogger("):
        shown.add("python.logger", f"{name} = {' '.join(text_of(right).split())}", node)
    elif right.type in _LITERALS and not name.startswith("__") and not shown.is_test:
        bare = name.strip("_")
        style = "UPPER_CASE" if bare.isupper() else "lower" if bare.islower() else None
        if style:
            shown.add("python.constant-name", style, node)


def _type(shown: Shown, node: tree_sitter.Node) -> None:
    text = text_of(node)
    inner = text.removeprefix("typing.").removeprefix("t.")
    if inner.startswith("Optional["):
        shown.add("python.optional", "Optional[X]", node)
    elif re.search(r"\|\s*None$", text):
        shown.add("python.optional", "X | None", node)
    if _OLD_GENERICS.match(text):
        shown.add("python.generics", "List[X]", node)
    elif _NEW_GENERICS.match(text):
        shown.add("python.generics", "list[X]", node)
