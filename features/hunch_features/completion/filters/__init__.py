"""The filter chain: ordered pure functions from a raw completion to what may be shown, or to the reason why not.

Cases are data: `tests/golden/filters/`. The order follows the peer survey (C14).
"""

from __future__ import annotations

from collections.abc import Callable

from hunch_features.completion.filters.blank import drop_short
from hunch_features.completion.filters.closers import drop_double_close
from hunch_features.completion.filters.context import Drop, FilterContext
from hunch_features.completion.filters.indentation import normalise_whitespace
from hunch_features.completion.filters.neighbours import drop_neighbour_duplicates
from hunch_features.completion.filters.repetition import drop_repetition
from hunch_features.completion.filters.special_tokens import drop_special_tokens
from hunch_features.completion.filters.suffix import cut_at_suffix
from hunch_features.completion.filters.syntax import drop_parse_errors
from hunch_features.completion.filters.unknown_names import drop_unknown_calls

Filter = Callable[[str, FilterContext], str | Drop]

CHAIN: tuple[Filter, ...] = (
    drop_special_tokens,
    normalise_whitespace,
    cut_at_suffix,
    drop_repetition,
    drop_neighbour_duplicates,
    drop_double_close,
    drop_short,
    drop_parse_errors,
    drop_unknown_calls,
)


def run_chain(text: str, context: FilterContext, chain: tuple[Filter, ...] = CHAIN) -> str | Drop:
    """Run a raw completion through all filters in order; the first drop ends it."""
    for step in chain:
        result = step(text, context)
        if isinstance(result, Drop):
            return result
        text = result
    return text


__all__ = ["CHAIN", "Drop", "Filter", "FilterContext", "run_chain"]
