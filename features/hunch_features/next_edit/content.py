"""Whether a text may be proposed: it must fit the file, parse no worse than before, and break no enforced rule."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hunch_features.constraints.engine import applies, check_text
from hunch_features.constraints.rule import Rule
from hunch_features.next_edit.source import Source
from hunch_features.syntax import grammar, parse
from hunch_features.syntax.tree import encoded
from hunch_features.text import Edit

_LONE = re.compile(r"(?<!\r)\n")
MAX_TEXT = 4_000
"""Code points of all proposed texts together: more is not a small next step."""


def applied(source: Source, edits: Sequence[Edit]) -> str | None:
    """The file's text with edits made; None where they overlap or lie outside of it."""
    spans = []
    for edit in edits:
        if edit.end.line >= len(source.lines) or edit.end < edit.start:
            return None
        if edit.start.column > len(source.lines[edit.start.line]) or edit.end.column > len(source.lines[edit.end.line]):
            return None
        start = source.start_of(edit.start.line) + edit.start.column
        spans.append((start, source.start_of(edit.end.line) + edit.end.column, edit.text))
    spans.sort()
    pieces, at = [], 0
    for start, end, text in spans:
        if start < at:
            return None
        pieces += [source.text[at:start], text]
        at = end
    return "".join([*pieces, source.text[at:]])


def with_line_ends(source: Source, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """The edits with the line ends that the file uses."""
    if "\r\n" not in source.text:
        return tuple(edits)
    return tuple(Edit(edit.start, edit.end, _LONE.sub("\r\n", edit.text)) for edit in edits)


def is_sound(source: Source, edits: Sequence[Edit], rules: Sequence[Rule] = ()) -> bool:
    """Whether edits change the file, leave no new syntax error and break no rule that was kept before."""
    if not edits or sum(len(edit.text) for edit in edits) > MAX_TEXT:
        return False
    text = applied(source, edits)
    if text is None or text == source.text:
        return False
    if grammar(source.language) is not None:
        tree = parse(source.language, encoded(text), source.tree)
        if tree is None or source.tree is None:
            return False
        if tree.errors_in(0, len(tree.source)) > source.tree.errors_in(0, len(source.tree.source)):
            return False
    chosen = [rule for rule in rules if applies(rule, source.path)]
    if not chosen:
        return True
    after = check_text(chosen, source.path, text).violations
    return not after or len(after) <= len(check_text(chosen, source.path, source.text).violations)
