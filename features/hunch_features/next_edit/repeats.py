"""Where the same tokens could be replaced once more: between neighbours like those of the edit."""

from __future__ import annotations

import re
from functools import lru_cache
from math import log2

from hunch_features.next_edit.edit import Replacement
from hunch_features.next_edit.kinds import MORE_KEYWORDS, Change
from hunch_features.next_edit.source import Source, Token, tokens_of
from hunch_features.next_edit.spots import Proposal, Spots
from hunch_features.text import Edit, Position

MOST = 60
MAX_PATTERN = 40


def repeats(change: Change, source: Source, here: bool, touched: frozenset[int], spots: Spots) -> None:
    """Lines on which the replaced tokens stand between like neighbours; of an insertion, both neighbours."""
    replacement = change.replacement
    if replacement is None:
        return
    pattern = _pattern(replacement)
    if pattern is None:
        return
    found = 0
    for number, match in _matches(pattern, source):
        if (here and number in touched) or not change.reaches(number, here=here):
            continue
        found += 1
        if found > MOST:
            break
        line = source.lines[number]
        start, end = match.span("old")
        tokens = tokens_of(line)
        left = _same([t for t in tokens if t.end <= start][::-1], list(replacement.left)[::-1])
        right = _same([t for t in tokens if t.start >= end], list(replacement.right))
        new = replacement.new_text
        if not replacement.old:
            new = _spaced(new, replacement, line, start)
        facts = {
            "repeat": 1.0,
            "repeat_likeness": change.likeness,
            "repeat_times": float(change.times),
            "repeat_left": float(left),
            "repeat_right": float(right),
            "repeat_old": float(len(replacement.old)),
            "repeat_new": float(len(replacement.new)),
            "repeat_names": float(sum(token.is_name for token in replacement.old)),
            "repeat_length": float(end - start),
            "repeat_whole": float(left == len(replacement.left) and right == len(replacement.right)),
        }
        edit = Edit(Position(number, start), Position(number, end), new)
        spots.add(source, (number, start, end), Proposal(change, (edit,), 2.0 + left + right), facts)
    if found:
        for spot in spots.all():
            if spot.source is source and "repeat" in spot.facts:
                spot.facts.setdefault("repeat_count", log2(1 + found))


def _spaced(new: str, replacement: Replacement, line: str, at: int) -> str:
    """Inserted text with a blank where the tokens would otherwise run together."""
    after = line[at : at + 1]
    before = line[at - 1 : at] if at else ""
    if new[:1].isalnum() and (before.isalnum() or before in ",:="):
        new = f" {new}"
    if new[-1:].isalnum() and after.isalnum():
        new = f"{new} "
    return new


@lru_cache(maxsize=256)
def _pattern(replacement: Replacement) -> re.Pattern[str] | None:
    if len(replacement.old) > MAX_PATTERN:
        return None
    old = replacement.old
    telling = [t for t in old if t.is_name and t.text not in MORE_KEYWORDS]
    near = 1 if old else 2
    if old and (len(telling) > 1 or (telling and len(old) > 2)):
        near = 0
    left, right = replacement.left[-near:] if near else (), replacement.right[:near]
    if not telling and not any(t.is_name and t.text not in MORE_KEYWORDS for t in (*left, *right)):
        left, right = replacement.left[-3:], replacement.right[:3]
        if not any(t.is_name for t in (*left, *right, *old)):
            return None
    if not old and (not left and not right):
        return None
    before, middle, after = (_tokens_pattern(part) for part in (left, old, right))
    gap = r"[ \t]*"
    parts = [before + gap if before else "", f"(?P<old>{middle})", gap + after if after else ""]
    return re.compile("".join(parts))


def _tokens_pattern(tokens: tuple[Token, ...]) -> str:
    pieces = [
        rf"(?<!\w){re.escape(token.text)}(?!\w)"
        if token.text[0].isalnum() or token.text[0] == "_"
        else re.escape(token.text)
        for token in tokens
    ]
    return r"[ \t]*".join(pieces)


def _matches(pattern: re.Pattern[str], source: Source) -> list[tuple[int, re.Match[str]]]:
    found = []
    if pattern.search(source.text) is None:
        return []
    for number, line in enumerate(source.lines):
        if len(line) <= 400:
            match = pattern.search(line)
            if match is not None:
                found.append((number, match))
    return found


def _same(ours: list[Token], theirs: list[Token]) -> int:
    count = 0
    for one, other in zip(ours, theirs, strict=False):
        if one.text != other.text:
            break
        count += 1
    return count
