"""No means no: what was rejected here is not offered again."""

from __future__ import annotations

from hunch_features.completion.filters.context import Drop, FilterContext
from hunch_features.completion.reasons import Reason


def drop_rejected(text: str, context: FilterContext) -> str | Drop:
    """Drop text that was explicitly rejected at this place."""
    return Drop(Reason.REJECTED_BEFORE) if context.was_rejected(text) else text
