"""A call of something that does not exist is wrong, however sure the model is."""

from __future__ import annotations

from hunch_features.completion.filters.context import Drop, FilterContext
from hunch_features.completion.reasons import Reason


def drop_unknown_calls(text: str, context: FilterContext) -> str | Drop:
    """Drop text that calls a name which the repository and the document do not have."""
    told = context.unknown_call(text)
    return Drop(Reason.UNKNOWN_NAME, told) if told else text
