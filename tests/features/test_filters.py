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
from hunch_features.completion.syntax_errors import error_counter
from hunch_features.syntax import TreeCache
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
