"""The filter chain on golden cases: a document with a cursor, what the model wrote, and what may be shown."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from hunch_features.completion.filters import CHAIN, Drop, Filter, FilterContext, run_chain
from hunch_features.completion.filters.blank import drop_short
from hunch_features.completion.filters.closers import drop_double_close
from hunch_features.completion.filters.indentation import normalise_whitespace
from hunch_features.completion.filters.neighbours import drop_neighbour_duplicates
from hunch_features.completion.filters.repetition import drop_repetition
from hunch_features.completion.filters.special_tokens import drop_special_tokens
from hunch_features.completion.filters.suffix import cut_at_suffix
from hunch_features.completion.filters.syntax import drop_parse_errors
from hunch_features.completion.filters.unknown_names import drop_unknown_calls
from hunch_features.completion.syntax_errors import error_counter, only_lengthens_name
from hunch_features.syntax import TreeCache, parse
from tests.features.marks import marked

GOLDEN = Path(__file__).parents[1] / "golden" / "filters"

FILTERS: dict[str, Filter] = {
    "special_tokens": drop_special_tokens,
    "whitespace": normalise_whitespace,
    "suffix": cut_at_suffix,
    "repetition": drop_repetition,
    "neighbours": drop_neighbour_duplicates,
    "closers": drop_double_close,
    "short": drop_short,
    "syntax": drop_parse_errors,
    "unknown_names": drop_unknown_calls,
    "chain": run_chain,
}


def load() -> list[tuple[str, dict[str, Any]]]:
    cases = []
    for path in sorted(GOLDEN.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        cases += [(content["filter"], case) for case in content["case"]]
    return cases


CASES = load()


def context_of(case: dict[str, Any]) -> FilterContext:
    snapshot, position = marked(case["document"], case.get("language", "python"))
    trees = TreeCache()
    counter = error_counter(snapshot, position, trees, lambda: trees.tree(snapshot, 0))
    missing = case.get("missing", ())

    def unknown_call(text: str) -> str:
        return next((f"it calls `{name}`" for name in missing if f"{name}(" in text), "")

    return FilterContext(snapshot, position, counter, unknown_call)


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}: {case['name']}" for name, case in CASES])
def test_golden(name: str, case: dict[str, Any]) -> None:
    context = context_of(case)
    result = FILTERS[name](case["text"], context)
    if "drop" in case:
        assert isinstance(result, Drop), result
        assert str(result.reason) == case["drop"]
    else:
        assert result == case["expect"]


def test_every_filter_has_cases_that_drop_or_change_and_cases_that_pass() -> None:
    assert set(FILTERS.values()) - {run_chain} == set(CHAIN)
    for name in FILTERS:
        mine = [case for filter_name, case in CASES if filter_name == name]
        assert any(case.get("expect") == case["text"] for case in mine), f"{name}: no case is let through"
        assert any(case.get("expect") != case["text"] for case in mine), f"{name}: no case is stopped"
    assert len(CASES) >= 60


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{name}: {case['name']}" for name, case in CASES])
def test_a_filter_changes_nothing_the_second_time(name: str, case: dict[str, Any]) -> None:
    context = context_of(case)
    once = FILTERS[name](case["text"], context)
    if isinstance(once, str):
        assert FILTERS[name](once, context) == once


@pytest.mark.parametrize(
    ("document", "language", "text", "sure"),
    [
        ("x = val|\n", "python", "ue", True),
        ("call(na|, b)\n", "python", "me", True),
        ("na|.other\n", "python", "me", True),
        ("let x = na|;\n", "rust", "me", True),
        ("const été| = 1;\n", "typescript", "_été", True),
        ("fo|\n", "python", "r", False),  # a keyword now
        ("for| x in y: pass\n", "python", "mat", False),  # one no more
        ("x = f|'{a}'\n", "python", "oo", False),  # a string's prefix no more
        ("x = 1|\n", "python", "e", False),
        ("x = |\n", "python", "value", False),
        ("x = val|ue\n", "python", "id_", False),
        ("x = val|\n", "python", "ue(", False),
        ("call|!(a)\n", "rust", "b", False),
        ("text|\n", "plaintext", "s", True),
    ],
)
def test_what_only_lengthens_a_name_is_known_without_parsing(
    document: str, language: str, text: str, sure: bool
) -> None:
    snapshot, position = marked(document.replace("|", "<cursor>"), language)
    assert only_lengthens_name(snapshot, position, text) is sure
    offset = snapshot.line_start(position.line) + position.column
    before, after = (
        parse(language, content.encode())
        for content in (snapshot.text(), snapshot.text()[:offset] + text + snapshot.text()[offset:])
    )
    if sure and before is not None and after is not None:
        assert after.errors_in(0, len(after.source)) == before.errors_in(0, len(before.source))
