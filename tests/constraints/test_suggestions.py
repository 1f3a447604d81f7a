"""What a completion adds is held against the rules: mended where safe, else not shown; old code does not count."""

from __future__ import annotations

import time

import pytest

from hunch_features.constraints.rule import (
    ForbidConstruct,
    ForbidImport,
    ForbidReference,
    ForbidText,
    LimitLength,
    Place,
    Rule,
)
from hunch_features.constraints.suggestions import judge
from hunch_features.text import Document

CHECKS = (
    ForbidReference(("eval",)),
    ForbidReference(("console.log",), "logger.info"),
    ForbidImport(("requests",), "httpx"),
    ForbidText(pattern=r"shell\s*=\s*True", where="code"),
    ForbidConstruct("bare_except"),
    LimitLength("line", 10),
)
RULES = [Rule(f"r{i}", "source", "enforced", "t", Place("AGENTS.md", 1), check) for i, check in enumerate(CHECKS)]


def shown(path: str, text: str, completion: str) -> str | None:
    """The completion as it is shown at `|` in a text."""
    at = text.index("|")
    language = "python" if path.endswith(".py") else "javascript"
    document = Document(text.replace("|", ""), path=path, language=language, version=1)
    snapshot = document.snapshot()
    return judge(RULES, path, snapshot, snapshot.position_at(at), completion).text


@pytest.mark.parametrize(
    ("path", "text", "completion", "expected"),
    [
        ("a.py", "x = |\n", "eval(y)", None),
        ("a.py", "x = ev|\n", "al(y)", None),
        ("a.py", "x = |\n", "literal_eval(y)", "literal_eval(y)"),
        ("a.py", "# |\n", "eval(y)", "eval(y)"),
        ("a.py", "s = '|'\n", "eval(y)", "eval(y)"),
        ("a.py", "eval(1)\ny = |\n", "eval_count + 1", "eval_count + 1"),
        ("a.py", "eval(1)\ny = |\neval(2)\n", "2", "2"),
        ("a.py", "|", "import requests\n", None),
        ("a.py", "run(a, |)\n", "shell = True", None),
        ("a.py", "try:\n    f()\n|", "except:\n    pass", None),
        ("a.py", "x = |\n", "a_very_long_line_is_not_looked_at_here", "a_very_long_line_is_not_looked_at_here"),
        ("a.js", "f();\n|", "console.log(1);\nconsole.log(2);", "logger.info(1);\nlogger.info(2);"),
        ("a.js", "console.|\n", "log(1)", None),
        ("a.js", "é = '😀';\n|", "g(console.log)", "g(logger.info)"),
    ],
)
def test_what_is_shown(path: str, text: str, completion: str, expected: str | None) -> None:
    assert shown(path, text, completion) == expected


def test_it_costs_next_to_nothing_in_a_large_file() -> None:
    lines = "".join(f"def f{i}(x):\n    return g(x, {i})\n" for i in range(1000))
    document = Document(lines + "x = \n", path="a.py", language="python", version=1)
    snapshot = document.snapshot()
    rules = [
        Rule(f"r{i}", "source", "enforced", "t", Place("AGENTS.md", 1), ForbidReference((f"name_{i}()",)))
        for i in range(60)
    ]
    position = snapshot.position_at(snapshot.char_count - 1)
    took = []
    for completion in ["name_7(x)", "g(x)\ny = name_3(1)\n", "plain(x)"] * 20:
        started = time.perf_counter()
        judge(rules, "a.py", snapshot, position, completion)
        took.append(time.perf_counter() - started)
    assert sorted(took)[len(took) * 9 // 10] < 0.02  # 2 ms is the aim; this machine may be busy
