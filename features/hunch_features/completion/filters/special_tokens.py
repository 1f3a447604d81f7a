"""Models sometimes spell their own control tokens as text."""

from __future__ import annotations

import re

from hunch_features.completion.filters.context import Drop, FilterContext
from hunch_features.completion.reasons import Reason

MARKUP = re.compile(r"<\|[a-z_▁ ]{2,40}\|>|<(?:PRE|SUF|MID|EOT)>|<fim_(?:prefix|suffix|middle|pad)>|<｜fim▁\w+｜>")


def drop_special_tokens(text: str, context: FilterContext) -> str | Drop:
    """Cut at the first control token; nothing left is a drop."""
    match = MARKUP.search(text)
    if match is None or MARKUP.search(context.snapshot.line(context.position.line)):
        return text  # code that is itself about such tokens is left alone
    return text[: match.start()] if text[: match.start()].strip() else Drop(Reason.SPECIAL_TOKENS)
