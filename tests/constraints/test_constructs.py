"""Every construct that sentences can name finds what it is called after, and leaves its neighbour alone."""

from __future__ import annotations

import pytest

from hunch_features.constraints.constructs import QUERIES
from hunch_features.constraints.engine import check_text
from hunch_features.constraints.rule import (
    Check,
    ForbidConstruct,
    ForbidImport,
    ForbidReference,
    LimitLength,
    Place,
    RequireNaming,
    Rule,
)

# construct → file name, text; lines that end in `<` break it. The mark is taken out before the check.
EXAMPLES: dict[str, tuple[str, str]] = {
    "any_type": ("a.ts", "let a: any = 1;<\nlet b: unknown = 1;\n"),
    "arrow_function_declaration": ("a.ts", "const f = () => 1;<\nfunction g() { return [1].map((x) => x); }\n"),
    "as_any": ("a.ts", "const a = b as any;<\nconst c = b as string;\n"),
    "assert_statement": ("a.py", "assert x<\nself.assertTrue(x)\n"),
    "await_expression": ("a.ts", "const a = await b;<\nconst c = b();\n"),
    "bare_except": ("a.py", "try:\n    x\nexcept:<\n    pass\ntry:\n    x\nexcept ValueError:\n    pass\n"),
    "broad_except": ("a.py", "try:\n    x\nexcept Exception as e:<\n    pass\nexcept OSError:\n    pass\n"),
    "class_component": ("a.tsx", "class A extends React.Component {<\n}\nclass B extends Map {\n}\n"),
    "class_declaration": ("a.ts", "class A {}<\nfunction b() {}\n"),
    "const_enum": ("a.ts", "const enum A { X }<\nenum B { X }\n"),
    "debugger": ("a.js", "debugger;<\nlet x;\n"),
    "default_export": ("a.ts", "export default f;<\nexport { f };\n"),
    "double_cast": ("a.ts", "const a = b as unknown as C;<\nconst d = b as C;\n"),
    "double_backticks": ("a.py", 'def f():\n    """See ``x``."""<\n\ndef g():\n    """See `x`."""\n'),
    "double_quotes": ("a.tsx", 'const a = "x";<\nconst b = \'x\';\nconst c = "it\'s";\nconst d = <A b="x" />;\n'),
    "dynamic_import": ("a.ts", "const a = import('./b');<\nimport c from './c';\n"),
    "enum_declaration": ("a.ts", "enum A { X }<\ntype B = 'x';\n"),
    "for_in": ("a.js", "for (const a in b) {}<\nfor (const a of b) {}\n"),
    "format_call": ("a.py", "a = '{}'.format(b)<\nc = date.format(d)\n"),
    "fstring": ("a.py", "a = f'{b}'<\nc = 'b'\n"),
    "fstring_logging": ("a.py", "logger.info(f'{a}')<\nlogger.info('%s', a)\nprint(f'{a}')\n"),
    "function_declaration": ("a.js", "function a() {}<\nconst b = () => 1;\n"),
    "function_expression": ("a.js", "const a = function () {};<\nconst b = () => 1;\nfunction c() {}\n"),
    "global_statement": ("a.py", "def f():\n    global a<\n    b = 1\n"),
    "goto": ("a.c", "int f() { goto end;<\nend: return 1; }\n"),
    "import_with_extension": ("a.ts", "import a from './a.ts';<\nimport b from './b';\nimport c from 'c.js';\n"),
    "import_without_extension": ("a.ts", "import a from './a';<\nimport b from './b.js';\nimport c from 'c';\n"),
    "inline_style": ("a.tsx", "const a = <p style={{ color: 'red' }} />;<\nconst b = <p className='x' />;\n"),
    "interface_declaration": ("a.ts", "interface A { x: 1 }<\ntype B = { x: 1 };\n"),
    "lambda_assignment": ("a.py", "f = lambda x: x<\nsorted(a, key=lambda x: x)\n"),
    "local_import": ("a.py", "import a\ndef f():\n    import b<\n"),
    "loose_equality": ("a.js", "if (a == b) {}<\nif (a === b) {}\n"),
    "missing_braces": ("a.js", "if (a) return;<\nif (a) { b(); }\n"),
    "missing_semicolon": ("a.js", "a()<\nb();\n"),
    "mutable_default": ("a.py", "def f(a=[]): pass<\ndef g(a=()): pass\n"),
    "namespace_declaration": ("a.ts", "namespace A {}<\nmodule.exports = 1;\n"),
    "namespace_import": ("a.ts", "import * as a from 'a';<\nimport b from 'b';\n"),
    "nested_ternary": ("a.js", "const a = b ? c ? 1 : 2 : 3;<\nconst d = b ? 1 : 2;\n"),
    "non_null_assertion": ("a.ts", "const a = b!;<\nconst c = !b;\n"),
    "null_literal": ("a.ts", "const a = null;<\nconst b = undefined;\n"),
    "barrel": ("index.ts", "// parts\nexport * from './a';<\nexport { b } from './b';<\n"),
    "commonjs": ("a.js", "const a = require('a');<\nmodule.exports = a;<\nimport b from 'b';\n"),
    "go_statement": ("a.go", "package a\nfunc f() {\n\tgo g()<\n\tg()\n}\n"),
    "implicit_optional": ("a.py", "def f(a: int = None): pass<\ndef g(a: int | None = None, b: str = ''): pass\n"),
    "missing_return_type": ("a.ts", "function f() { return 1 }<\nfunction g(): number { return 1 }\n"),
    "missing_trailing_comma": ("a.ts", "const a = {<\n  b: 1\n};\nconst c = [\n  1,\n];\nconst d = { e: 1 };\n"),
    "string_concatenation": ("a.ts", "const a = 'x' + b;<\nconst c = 1 + d;\n"),
    "while_true": ("a.py", "while True: pass<\nwhile a: pass\n"),
    "parent_import": ("a.ts", "import a from '../a';<\nimport b from './b';\n"),
    "percent_format": ("a.py", "a = '%s' % b<\nc = d % e\n"),
    "reexport": ("a.ts", "export { a } from './a';<\nexport { b };\n"),
    "relative_import": ("a.py", "from . import a<\nfrom b import c\n"),
    "semicolon": ("a.js", "a();<\nb()\n"),
    "single_quotes": ("a.js", "const a = 'x'<\nconst b = \"x\"\nconst c = 'say \"x\"'\n"),
    "switch_statement": ("a.js", "switch (a) {}<\nif (a) {}\n"),
    "test_class": ("test_a.py", "class TestA: pass<\nclass Helper: pass\n"),
    "try_statement": ("a.ts", "try { a(); } finally {}<\na();\n"),
    "type_alias_object": ("a.ts", "type A = { x: 1 };<\ntype B = 'x' | 'y';\n"),
    "type_cast": ("a.ts", "const a = b as string;<\nconst c = [1] as const;\n"),
    "unprefixed_builtin": ("a.ts", "import a from 'fs/promises';<\nimport b from 'node:fs';\nimport c from 'pathe';\n"),
    "unsafe_block": ("a.rs", "fn f() { unsafe { g() } }<\nfn h() {}\n"),
    "var_declaration": ("a.js", "var a = 1;<\nlet b = 1;\n"),
    "wildcard_export": ("a.ts", "export * from './a';<\nexport { b } from './b';\n"),
    "wildcard_import": ("a.py", "from a import *<\nfrom b import c\n"),
}


def lines_of(check: Check, path: str, text: str) -> list[int]:
    rule = Rule("r1", "source", "enforced", "text", Place("AGENTS.md", 1), check)
    return [violation.line + 1 for violation in check_text([rule], path, text).violations]


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_construct(name: str) -> None:
    path, marked = EXAMPLES[name]
    wanted = [number for number, line in enumerate(marked.split("\n"), 1) if line.endswith("<")]
    assert wanted
    text = "\n".join(line.removesuffix("<") for line in marked.split("\n"))
    assert sorted(set(lines_of(ForbidConstruct(name), path, text))) == wanted


def test_only_the_global_thing_of_a_name() -> None:
    check = ForbidReference(("fetch",), unless_imported=True)
    assert lines_of(check, "a.ts", "await fetch(x);\n") == [1]
    assert lines_of(check, "a.ts", 'import { fetch } from "undici";\nawait fetch(x);\n') == []
    assert lines_of(check, "a.ts", "const fetch = mine();\nawait fetch(x);\n") == []


def test_only_some_names_of_a_module() -> None:
    check = ForbidImport(("vitest",), names=("expect",))
    assert lines_of(check, "a.ts", 'import { expect, it } from "vitest";\n') == [1]
    assert lines_of(check, "a.ts", 'import { it } from "vitest";\n') == []
    assert lines_of(check, "a.ts", 'import {\n  it,\n  expect,\n} from "vitest";\n') != []


def test_parameters_are_counted_without_self() -> None:
    check = LimitLength("parameters", 2)
    assert lines_of(check, "a.py", "class A:\n    def f(self, a, b): pass\n    def g(self, a, b, c): pass\n") == [3]


def test_an_import_is_no_use_of_a_name() -> None:
    assert lines_of(ForbidReference(("Any",)), "a.py", "from typing import Any\n\nx: Any = 1\n") == [3]


def test_text_about_code_is_no_import() -> None:
    assert lines_of(ForbidImport(("path",)), "a.md", "Never `import x from 'path'`.\n") == []


@pytest.mark.parametrize("path", ["a.min.js", "x/fixtures/a.js", "src/routes.gen.ts", "vendor/a.js"])
def test_files_that_nobody_writes_are_left_alone(path: str) -> None:
    assert lines_of(ForbidConstruct("var_declaration"), path, "var a = 1;\n") == []


@pytest.mark.parametrize(("path", "lines"), [("$id.tsx", []), ("[slug].tsx", []), ("MyFile.tsx", [1])])
def test_names_of_routes_are_no_names(path: str, lines: list[int]) -> None:
    assert lines_of(RequireNaming("file", "kebab-case"), path, "const a = 1;\n") == lines
