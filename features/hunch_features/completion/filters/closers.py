"""Brackets and quotes that the editor has closed already."""

from __future__ import annotations

from hunch_features.completion.filters.context import Drop, FilterContext

PAIRS = {")": "(", "]": "[", "}": "{"}
QUOTES = "\"'`"


def drop_double_close(text: str, context: FilterContext) -> str | Drop:
    """Cut closers off the end that stand right of the cursor already and that the completion did not open itself.

    The cut text may become blank; a later filter drops it then.
    """
    right = context.after.strip()
    if not right or "\n" in text or right[0] not in ")]}\"'`":
        return text
    kept = text.rstrip()
    for closer in reversed(right):
        if closer in PAIRS:
            own = kept.count(PAIRS[closer]) >= kept.count(closer)
        elif closer in QUOTES:
            own = kept.count(closer) % 2 == 0
        else:
            continue
        if kept.endswith(closer) and not own:
            kept = kept[:-1]
    return kept if len(kept) < len(text.rstrip()) else text
