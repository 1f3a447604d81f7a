"""Too little to be worth a look."""

from __future__ import annotations

from hunch_features.completion.filters.context import Drop, FilterContext
from hunch_features.completion.reasons import Reason


def drop_short(text: str, context: FilterContext) -> str | Drop:
    """Drop blank text, and a single character unless it finishes a word."""
    body = text.strip()
    if not body:
        return Drop(Reason.EMPTY if not text else Reason.TOO_SHORT)
    finishes_word = context.before[-1:].isalnum() and body.isalnum()
    return text if len(body) > 1 or finishes_word else Drop(Reason.TOO_SHORT)
