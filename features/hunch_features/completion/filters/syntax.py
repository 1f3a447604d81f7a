"""A completion must not break what parses."""

from __future__ import annotations

from hunch_features.completion.filters.context import Drop, FilterContext
from hunch_features.completion.reasons import Reason


def drop_parse_errors(text: str, context: FilterContext) -> str | Drop:
    """Drop text that adds syntax errors. Unfinished code has errors anyway, so only an increase counts."""
    return Drop(Reason.PARSE_ERRORS) if context.new_errors(text) > 0 else text
