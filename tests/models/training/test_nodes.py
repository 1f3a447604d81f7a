"""Holes at nodes of the syntax: what is left out is such a node, in whole files and in pieces of them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_models.training.nodes import language_of, node_span

PYTHON = "# é😀\ndef f(a, b=1):\n    if a > b and ready(a):\n        total = sum(a, [b])\n    return total[0]\n"
CASES = [
    ("p/m.py", PYTHON, {"a > b and ready(a)", "a > b", "ready(a)", "sum(a, [b])", "(a, [b])", "[b]", "total[0]"}),
    ("p/m.py", "        x = call(1)\n    return y.z[\n", {"call(1)", "(1)"}),  # a piece of a file
    ("m.ts", "const a: number = get(x => x.y);\n", {"get(x => x.y)", "(x => x.y)", "x => x.y", "x.y", ": number"}),
    ("m.tsx", "const a = <p>{f(x)}</p>;\n", {"<p>{f(x)}</p>", "f(x)", "(x)"}),
    ("m.js", "if (a && b) { g({ c: 1 }); }\n", {"(a && b)", "a && b", "g({ c: 1 })", "({ c: 1 })", "{ c: 1 }"}),
]


@pytest.mark.parametrize(("path", "text", "likely"), CASES)
def test_a_node_of_the_syntax_is_left_out(path: str, text: str, likely: set[str]) -> None:
    spans = [node_span(text, path, random.Random(seed)) for seed in range(300)]
    found = {text[slice(*span)] for span in spans if span}
    assert likely <= found
    assert not any(part.strip() == "" or part not in text for part in found)


@given(st.text(alphabet="ab(=.,:é😀'\n []{}1", max_size=80), st.sampled_from(["a.py", "a.ts", "a.jsx"]), st.integers())
def test_any_text_gives_a_span_within_it_or_none(text: str, path: str, seed: int) -> None:
    span = node_span(text, path, random.Random(seed))
    assert span is None or 0 <= span[0] < span[1] <= len(text)


def test_other_files_have_no_nodes() -> None:
    assert language_of("README.md") is None
    assert node_span("a(b)", "README.md", random.Random(0)) is None
