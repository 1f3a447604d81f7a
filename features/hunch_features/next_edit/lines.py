"""Where whole lines could be changed, put in or taken out once more, with other names in the same roles allowed."""

from __future__ import annotations

import re
from functools import lru_cache
from math import log2

from hunch_features.next_edit.kinds import MORE_KEYWORDS, Change
from hunch_features.next_edit.source import Source, indent_of, tokens_of, words_in
from hunch_features.next_edit.spots import Proposal, Spots
from hunch_features.text import Edit, Position

MOST = 60
MAX_BLOCK_TOKENS = 160
LEAST_TOKENS = 8
"""Tokens below which other names in the same roles mean nothing."""
LEAST_SAME = 0.3
"""Share of names that must be the same."""


def same_block(change: Change, source: Source, here: bool, touched: frozenset[int], spots: Spots) -> None:
    """Lines that read as the changed lines did, with other names in the same roles allowed."""
    names, pattern = _block_pattern(change.lines)
    if pattern is None:
        return
    found: list[tuple[int, int, dict[str, str]]] = []
    for match in pattern.finditer(source.text):
        if len(found) >= MOST:
            break
        first = source.line_of(match.start("code"))
        last = source.line_of(match.end() - 1)
        theirs = {name: match.group(number + 2) for number, name in enumerate(names)}
        lines = source.lines[first : last + 1]
        if here and any(number in touched for number in range(first, last + 1)):
            continue
        if not _is_name_map(theirs) or lines[-1][match.end() - source.start_of(last) :].strip():
            continue
        found.append((first, last, theirs))
    for first, last, theirs in found:
        same = sum(name == other for name, other in theirs.items()) / max(1, len(theirs))
        if theirs and same < LEAST_SAME:
            continue
        shift, base = indent_of(source.lines[first]), indent_of(change.lines[0])
        new = change.new.split("\n") if change.new else []
        written = "".join(f"{_moved(_mapped(one, theirs), base, shift)}\n" for one in new)
        facts = {
            "block": 1.0,
            "block_same": same,
            "block_exact": float(same == 1.0),
            "block_lines": float(last - first + 1),
            "block_names": float(len(names)),
            "block_tokens": log2(1 + sum(len(tokens_of(line)) for line in change.lines)),
            "block_count": log2(1 + len(found)),
            "block_gone": float(not new),
            "block_times": float(change.times),
        }
        edits = (Edit(Position(first, 0), Position(last + 1, 0), written),) if last + 1 < len(source.lines) else ()
        column = len(shift)
        spots.add(source, (first, column, len(source.lines[first])), Proposal(change, edits, 6.0 + same), facts)


def _is_name_map(names: dict[str, str]) -> bool:
    return len(set(names.values())) == len(names) and not any(name in MORE_KEYWORDS for name in names.values())


def _mapped(line: str, names: dict[str, str]) -> str:
    if all(name == other for name, other in names.items()):
        return line
    pieces, at = [], 0
    for token in tokens_of(line):
        pieces.append(line[at : token.start] + names.get(token.text, token.text))
        at = token.end
    return "".join(pieces) + line[at:]


@lru_cache(maxsize=64)
def _block_pattern(lines: tuple[str, ...]) -> tuple[list[str], re.Pattern[str] | None]:
    """The names of some lines in order, and a pattern with a group for each; no groups where the lines are few."""
    tokens = [token for line in lines for token in tokens_of(line)]
    if not 2 <= len(tokens) <= MAX_BLOCK_TOKENS or not any(t.is_name and t.text not in MORE_KEYWORDS for t in tokens):
        return [], None
    if sum(len(token.text) for token in tokens) < 6:
        return [], None
    free = len(tokens) >= LEAST_TOKENS and len([token for token in tokens if not token.is_name]) >= 4
    names: list[str] = []
    pieces: list[str] = []
    for token in tokens:
        if free and token.is_name and token.text not in MORE_KEYWORDS:
            if token.text in names:
                pieces.append(rf"(?<!\w)(?:\{names.index(token.text) + 2})(?!\w)")
            else:
                names.append(token.text)
                pieces.append(r"(?<!\w)([^\W\d]\w*)(?!\w)")
        elif token.text[0].isalnum() or token.text[0] == "_":
            pieces.append(rf"(?<!\w){re.escape(token.text)}(?!\w)")
        else:
            pieces.append(re.escape(token.text))
    return names, re.compile(r"^[ \t]*(?P<code>" + r"\s*".join(pieces) + ")", re.MULTILINE)


def same_anchor(change: Change, source: Source, here: bool, touched: frozenset[int], spots: Spots) -> None:
    """Places between lines like those that the added lines were put between."""
    above, below = (anchor.strip() for anchor in change.anchors)
    present = {line.strip() for line in change.lines if line.strip()}
    for line, other, after in ((above, below, True), (below, above, False)):
        if len(words_in(line)) < 1 or len(line) < 6:
            continue
        numbers = [n for n, text in enumerate(source.lines) if text.strip() == line and not (here and n in touched)]
        if here:
            own = {change.line - 1, change.line + len(change.lines)}
            numbers = [n for n in numbers if n not in own]
        for number in numbers[:MOST]:
            beside = number + 1 if after else number - 1
            text = source.lines[beside].strip() if 0 <= beside < len(source.lines) else ""
            if text in present:
                continue
            at = number + 1 if after else number
            shift = indent_of(source.lines[number])
            base = indent_of(change.anchors[0 if after else 1])
            written = "".join(f"{_moved(one, base, shift)}\n" for one in change.lines)
            facts = {
                "anchor": 1.0,
                "anchor_other": float(text == other and bool(other)),
                "anchor_above": float(after),
                "anchor_words": float(len(words_in(line))),
                "anchor_count": log2(1 + len(numbers)),
                "anchor_lines": float(len(change.lines)),
            }
            edits = (Edit(Position(at, 0), Position(at, 0), written),) if at < len(source.lines) else ()
            weight = 3.0 + 2 * facts["anchor_other"]
            spots.add(source, (at, 0, 0), Proposal(change, edits, weight), facts)


def _moved(line: str, base: str, shift: str) -> str:
    return (
        shift + line[len(base) :] if line.startswith(base) and line.strip() else line.lstrip() and shift + line.lstrip()
    )


def same_removed(change: Change, source: Source, here: bool, touched: frozenset[int], spots: Spots) -> None:
    """Lines that are the same as lines that were taken out."""
    gone = [line.strip() for line in change.lines]
    first = next((n for n, line in enumerate(gone) if len(line) > 5 and words_in(line)), None)
    if first is None:
        return
    numbers = [n for n, text in enumerate(source.lines) if text.strip() == gone[first]]
    numbers = [n for n in numbers if not (here and n in touched)]
    for number in numbers[:MOST]:
        start = number - first
        end = start + len(gone)
        whole = start >= 0 and [line.strip() for line in source.lines[start:end]] == gone
        edits = (Edit(Position(start, 0), Position(end, 0), ""),) if whole and end < len(source.lines) else ()
        facts = {
            "gone": 1.0,
            "gone_whole": float(whole),
            "gone_lines": float(len(gone)),
            "gone_words": float(len(words_in(gone[first]))),
            "gone_count": log2(1 + len(numbers)),
        }
        spots.add(source, (number, 0, len(source.lines[number])), Proposal(change, edits, 3.0), facts)
