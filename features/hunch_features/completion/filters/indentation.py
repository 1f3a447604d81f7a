"""Line ends, trailing blanks and the doubled first space."""

from __future__ import annotations

from hunch_features.completion.filters.context import Drop, FilterContext


def normalise_whitespace(text: str, context: FilterContext) -> str | Drop:
    """`\\n` only, no blanks at line ends, no second space after one, tabs where the file has tabs."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if context.before[-1:] in (" ", "\t") and context.before.strip():
        text = text.lstrip(" \t") if text.strip() else text
    first, *rest = text.split("\n")
    if rest and context.before.startswith("\t"):
        rest = [_tabs(line) for line in rest]
    lines = [first, *rest]
    last = len(lines) - 1
    # Blanks before more text right of the cursor belong to it.
    return "\n".join(
        line.rstrip(" \t") if index < last or not context.after.strip() else line for index, line in enumerate(lines)
    )


def _tabs(line: str) -> str:
    body = line.lstrip(" ")
    spaces = len(line) - len(body)
    return "\t" * (spaces // 4) + " " * (spaces % 4) + body
