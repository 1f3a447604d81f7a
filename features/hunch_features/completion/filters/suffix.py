"""What stands after the cursor need not be written again."""

from __future__ import annotations

from hunch_features.completion.filters.context import Drop, FilterContext
from hunch_features.completion.reasons import Reason

MIN_OVERLAP = 2


def cut_at_suffix(text: str, context: FilterContext) -> str | Drop:
    """Cut an end that repeats the rest of the line, and whole lines from where the next line begins again."""
    rest = context.after.strip()
    if rest:
        first, newline, below = text.partition("\n")
        if first.rstrip().endswith(rest) and (len(rest) >= MIN_OVERLAP or not newline):
            if _unbalanced(first, rest):
                first = first.rstrip()[: -len(rest)]
                first = first.rstrip() if context.after[:1].isspace() else first
            text = first if not newline else first + newline + below
        elif first.strip() == rest:
            return Drop(Reason.REPEATS_SUFFIX)
        if not text.strip():
            return Drop(Reason.REPEATS_SUFFIX)
    below_lines = context.lines_below(1)
    if not below_lines:
        return text
    following = below_lines[0].rstrip()
    lines = text.split("\n")
    for index, line in enumerate(lines):
        whole = context.before + line if index == 0 else line
        if index and whole.rstrip() == following and len(following.strip()) > MIN_OVERLAP:
            kept = "\n".join(lines[:index]).rstrip("\n ")
            return kept if kept.strip() else Drop(Reason.REPEATS_SUFFIX)
    return text


def _unbalanced(first: str, rest: str) -> bool:
    """Whether the repeated end closes something that the completion did not open itself.

    `foo(` + `x)` before `)`: the `)` is already there. `foo(` + `bar()` before `)`: it is the completion's own.
    """
    if set(rest) - set(")]}\"'`,;:"):
        return True
    for opening, closing in (("(", ")"), ("[", "]"), ("{", "}")):
        if closing in rest and first.count(opening) < first.count(closing):
            return True
    return any(quote in rest and first.count(quote) % 2 == 1 for quote in "\"'`")
