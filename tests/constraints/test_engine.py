"""Checks on files: code counts, comments and strings do not; hostile input ends in time."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.constraints.engine import Checked, check_text
from hunch_features.constraints.rule import (
    ForbidConstruct,
    ForbidImport,
    ForbidReference,
    ForbidText,
    LimitLength,
    Place,
    RequireDocumented,
    RequireHeader,
    RequireIndent,
    RequireNaming,
    Rule,
)


def rule(check: Any, **more: Any) -> Rule:
    return Rule("r1", "source", "enforced", "text", Place("AGENTS.md", 1), check, **more)


def lines_of(check: Any, path: str, text: str) -> list[int]:
    """1-based lines that break the rule."""
    return [violation.line + 1 for violation in check_text([rule(check)], path, text).violations]


PRINT = "def f():\n    print(1)\n    # print(2)\n    x = 'print(3)'\n    self.print(4)\n    reprint(5)\n"
CASES: list[tuple[Any, str, str, list[int]]] = [
    (ForbidReference(("print",)), "a.py", PRINT, [2]),
    (ForbidReference(("print",)), "a.py", "def print(x):\n    pass\n", []),
    (ForbidReference(("print",)), "a.py", "f(print=1)\n", []),
    (
        ForbidReference(("console.*",)),
        "a.ts",
        "console.log(1);\n// console.log(2)\nmyconsole.log(3);\nconsole\n  .warn(4);\n",
        [1, 4],
    ),
    (ForbidReference(("console.*",)), "a.js", "const s = `${console.log(1)} console.log(2)`;\n", [1]),
    (ForbidReference(("JSON.parse",)), "a.ts", "JSON.parse(x);\nJSON?.parse(x);\nJSON.parseX(x);\n", [1, 2]),
    (
        ForbidReference((".unwrap()", "panic!")),
        "a.rs",
        'fn f() {\n    x.unwrap();\n    panic!("no");\n    unwrap();\n}\n',
        [2, 3],
    ),
    (ForbidReference(("Any",)), "a.py", "from typing import Any\nx: Any = 1\nMany = 2\n", [2]),
    (ForbidReference(("os.path.join",)), "a.py", "os.path.join(a)\nimport os.path\n", [1]),
    (
        ForbidImport(("lodash",)),
        "a.ts",
        'import x from "lodash";\nimport y from "lodash/map";\nimport z from "lodash-es";\n',
        [1, 2],
    ),
    (ForbidImport(("lodash",)), "a.js", "const a = require('lodash');\n// require('lodash')\n", [1]),
    (
        ForbidImport(("requests",)),
        "a.py",
        "import requests\nfrom requests.api import get\nimport requests_mock\nimport os, requests\n",
        [1, 2, 4],
    ),
    (ForbidImport(("serde_json",)), "a.rs", "use serde_json::Value;\nuse serde;\n", [1]),
    (ForbidConstruct("default_export"), "a.ts", "export default f;\nexport const a = 1;\n", [1]),
    (ForbidConstruct("any_type"), "a.ts", "let a: any;\nlet any = 1;\n", [1]),
    (ForbidConstruct("wildcard_import"), "a.py", "from os import *\nfrom os import path\n", [1]),
    (
        ForbidConstruct("bare_except"),
        "a.py",
        "try:\n    f()\nexcept:\n    pass\ntry:\n    f()\nexcept OSError:\n    pass\n",
        [3],
    ),
    (ForbidText(text="@ts-ignore", where="comment"), "a.ts", "// @ts-ignore\nconst s = '@ts-ignore';\n", [1]),
    (
        ForbidText(pattern=r"shell\s*=\s*True", where="code"),
        "a.py",
        "run(a, shell=True)\n# shell=True\nrun(a, shell = True)\n",
        [1, 3],
    ),
    (ForbidText(pattern=r"shell\s*=\s*True", where="code"), "README.md", "shell=True\n", []),
    (RequireHeader("Licence"), "a.py", "# Licence: none\n", []),
    (RequireHeader("Licence"), "a.py", "x = 1\n", [1]),
    (LimitLength("line", 10), "a.py", "x = 1\nlonger_name = 1\n", [2]),
    (LimitLength("file", 2), "a.py", "a\nb\nc\n", [1]),
    (LimitLength("function", 2), "a.py", "def f():\n    a\n    b\n\ndef g():\n    a\n", [1]),
    (RequireNaming("file", "kebab-case"), "src/MyFile.ts", "", [1]),
    (RequireNaming("file", "kebab-case"), "src/my-file.test.ts", "", []),
    (RequireNaming("class", "PascalCase"), "a.py", "class good: pass\nclass Good: pass\n", [1]),
    (RequireIndent("spaces"), "a.py", "def f():\n\treturn 1\n", [2]),
    (RequireDocumented("docstring"), "a.py", 'def f():\n    pass\n\ndef g():\n    """Say."""\n\ndef _h(): pass\n', [1]),
    (RequireDocumented("annotations"), "a.py", "def f(a): ...\ndef g(a: int) -> int: ...\n", [1]),
]


@pytest.mark.parametrize(("check", "path", "text", "lines"), CASES)
def test_where_a_rule_is_broken(check: Any, path: str, text: str, lines: list[int]) -> None:
    assert lines_of(check, path, text) == lines


def test_columns_are_code_points() -> None:
    (violation,) = check_text([rule(ForbidReference(("eval",)))], "a.py", "x = '😀'; eval(1)\n").violations
    assert (violation.column, violation.end_column) == (9, 13)


@pytest.mark.parametrize(
    ("more", "path", "found"),
    [
        ({}, "a.py", 1),
        ({"folder": "src"}, "a.py", 0),
        ({"folder": "src"}, "src/a.py", 1),
        ({"folder": "src"}, "srcs/a.py", 0),
        ({"include": ("**/tests/**",)}, "x/tests/a.py", 1),
        ({"include": ("**/tests/**",)}, "x/a.py", 0),
        ({"exclude": ("**/tests/**",)}, "x/tests/a.py", 0),
        ({"languages": ("rust",)}, "a.py", 0),
    ],
)
def test_scope(more: dict[str, Any], path: str, found: int) -> None:
    assert len(check_text([rule(ForbidReference(("eval",)), **more)], path, "eval(1)\n").violations) == found


def test_a_flood_is_capped_and_told() -> None:
    checked = check_text([rule(ForbidReference(("eval",)))], "a.py", "eval(1)\n" * 5000)
    assert len(checked.violations) == 100
    assert "more than 100" in checked.skipped[0][1]


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)*x", "a{1,900}b{1,900}", "(x+x+)+y"])
def test_catastrophic_patterns_end_in_time(pattern: str) -> None:
    started = time.perf_counter()
    check_text([rule(ForbidText(pattern=pattern))], "a.py", "a" * 100_000 + "!")
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize("pattern", ["(", "[", "*", "(?P<x", "a{99999}", "(?=a)"])
def test_a_pattern_that_is_none_is_skipped_with_its_reason(pattern: str) -> None:
    checked = check_text([rule(ForbidText(pattern=pattern))], "a.py", "aaa")
    assert checked.violations == ()
    assert "pattern" in checked.skipped[0][1]


ALL = [rule(check) for check, _, _, _ in CASES]


@given(st.text(max_size=300), st.sampled_from(["a.py", "a.ts", "a.rs", "a.go", "a.java", "x.md", "b.tsx", "noext"]))
def test_any_text_gives_places_inside_it(text: str, path: str) -> None:
    checked: Checked = check_text(ALL, path, text)
    lines = text.split("\n")
    for violation in checked.violations:
        assert 0 <= violation.line < len(lines)
        assert 0 <= violation.column <= len(lines[violation.line])
        assert (violation.end_line, violation.end_column) >= (violation.line, violation.column)


@pytest.mark.parametrize(
    ("first", "found"),
    [("// Code generated by x. DO NOT EDIT.", []), ("// @generated by x", []), ("// code that is generated", [2])],
)
def test_what_a_generator_wrote_is_left_alone(first: str, found: list[int]) -> None:
    rule = Rule("r1", "source", "enforced", "text", Place("AGENTS.md", 1), ForbidReference(("fmt.Println",)))
    checked = check_text([rule], "a.go", f"{first}\nvar _ = fmt.Println()\n")
    assert [violation.line + 1 for violation in checked.violations] == found


PIECES = [
    "eval(1)\n",
    "x = 'eval(2)'\n",
    "# eval(3)\n",
    "def f():\n    eval(4)\n",
    "'''\n",
    "(",
    ")\n",
    "é = '😀'\n",
    "    ",
]
CODE = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(CODE, CODE, CODE)
def test_a_text_that_was_changed_is_checked_as_one_that_is_new(before: str, between: str, after: str) -> None:
    rules = [rule(ForbidReference(("eval",)))]
    previous = None
    for text in (before + after, before + between + after, between + after, before + after):
        checked = check_text(rules, "a.py", text, previous=previous)
        assert checked.violations == check_text(rules, "a.py", text).violations
        previous = checked.tree
