"""What is known of a place beyond the reason that led there: where it lies, what is near it, what the edit was."""

from __future__ import annotations

import posixpath
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import log2

from hunch_features.memory.history.past import stem
from hunch_features.memory.tokens import split_name
from hunch_features.next_edit.edit import Delta
from hunch_features.next_edit.kinds import PAIRS, Change
from hunch_features.next_edit.roles import is_import
from hunch_features.next_edit.source import Source, words_in
from hunch_features.next_edit.spots import Spot
from hunch_features.next_edit.uses import NAMED

NEAR = 3
"""Lines within which places count as one."""


def add_facts(
    spots: list[Spot], delta: Delta, made: list[Change], together: Mapping[str, float], counts: Mapping[str, int]
) -> None:
    """Add to every spot where it lies, what is near it, and what the edit as a whole was. `counts`: files of a word."""
    edit = delta.edit
    blocks = delta.blocks
    before = [
        frozenset(words_in(line)) for block in blocks for line in delta.before.lines[block.old_start : block.old_end]
    ]
    after = [
        frozenset(words_in(line)) for block in blocks for line in delta.after.lines[block.new_start : block.new_end]
    ]
    own_symbols = {delta.after.symbol_at(block.new_start)[0] for block in blocks[:4]}
    own_names = {name.rsplit(".", 1)[-1] for name in own_symbols if name}
    last, first = delta.center, blocks[0].new_start if blocks else 0
    symbols: dict[tuple[str, int], str] = {}
    whole = {
        "edit_blocks": float(len(blocks)),
        "edit_changed": float(sum(len(block.changed) for block in blocks)),
        "edit_added": float(sum(len(block.added) for block in blocks)),
        "edit_removed": float(sum(len(block.removed) for block in blocks)),
        "edit_test": float(_is_test(edit.path)),
        "edit_import": _share(delta.after, sorted(delta.touched), is_import),
        "edit_remark": _share(delta.after, sorted(delta.touched), _is_remark),
        "edit_names": float(len({c.old for c in made if c.kind in NAMED})),
        "spots": log2(1 + len(spots)),
    }
    near = _Neighbourhood(spots)
    for spot in spots:
        path, line = spot.source.path, spot.line
        here = path == edit.path
        words = frozenset(words_in(spot.source.lines[line])) if line < len(spot.source.lines) else frozenset()
        distance = line - last if line > last else first - line
        facts = spot.facts
        facts.update(whole)
        facts.update(near.facts(spot))
        facts["here"] = float(here)
        facts["like_old"] = max((_jaccard(words, other) for other in before), default=0.0)
        facts["like_new"] = max((_jaccard(words, other) for other in after), default=0.0)
        facts["votes"] = float(len(spot.proposals))
        facts["times"] = float(max(one.change.times for one in spot.proposals))
        facts["line_words"] = float(len(words))
        facts["files_of_word"] = log2(
            1 + min((counts[p.change.old] for p in spot.proposals if p.change.old in counts), default=0)
        )
        if (path, line) not in symbols:
            symbols[path, line] = spot.source.symbol_at(line)[0]
        symbol = symbols[path, line]
        facts["symbol_same_name"] = float(symbol.rsplit(".", 1)[-1] in own_names)
        facts["symbol_like"] = max((_name_likeness(symbol.rsplit(".", 1)[-1], name) for name in own_names), default=0.0)
        if here:
            facts["distance"] = log2(1 + max(0, distance))
            facts["below"] = float(line > last)
            facts["same_symbol"] = float(symbol in own_symbols)
        else:
            facts["together"] = together.get(path, 0.0)
            facts["same_folder"] = float(posixpath.dirname(path) == posixpath.dirname(edit.path))
            facts["same_stem"] = float(stem_of(path) == stem_of(edit.path))
            facts["same_language"] = float(spot.source.language == edit.language)
        facts["test"] = float(_is_test(path))
        facts["prose"] = float(path.endswith((".md", ".mdx", ".rst", ".txt")))
        facts["must"] = float(must_follow(facts))
        facts["new_there"] = float(any(p.change.new in words for p in spot.proposals if p.change.kind in PAIRS))


PURE = 0.8
"""How much of a line must be the same but for two names, or the new name may be another thing."""
_DEFINED = ("renamed", "parameter_renamed")


def must_follow(facts: Mapping[str, float]) -> bool:
    """Whether code would be wrong if it stayed: the other half of what was changed, a use of a name that was renamed
    where it is defined and is defined nowhere else in that file, or a call without a parameter that it needs now. In
    other files the use must be imported.
    """
    if facts.get("role_comment") or facts.get("role_string"):
        return False
    if facts.get("twin"):
        return True
    here = bool(facts.get("here"))
    for kind in _DEFINED:
        defined = facts.get(f"use_{kind}_defined") and facts.get(f"use_{kind}_held", 1.0) < 1.0
        if defined and facts.get("pair_pure", 0.0) >= PURE and (here or facts.get(f"use_{kind}_imported")):
            return True
    return bool(facts.get("call_must_change")) and (here or bool(facts.get("use_signature_imported")))


class _Neighbourhood:
    """How many spots lie in a file and close to a line."""

    def __init__(self, spots: list[Spot]) -> None:
        self._lines: dict[str, list[int]] = {}
        self._votes: dict[str, list[int]] = {}
        for spot in sorted(spots, key=lambda one: one.line):
            self._lines.setdefault(spot.source.path, []).append(spot.line)
            self._votes.setdefault(spot.source.path, []).append(len(spot.proposals))

    def facts(self, spot: Spot) -> dict[str, float]:
        """Of one spot."""
        lines, votes = self._lines[spot.source.path], self._votes[spot.source.path]
        low, high = bisect_left(lines, spot.line - NEAR), bisect_right(lines, spot.line + NEAR)
        return {
            "file_spots": log2(1 + len(lines)),
            "near_spots": float(high - low),
            "near_votes": float(sum(votes[low:high])),
        }


def _name_likeness(one: str, other: str) -> float:
    ours, theirs = frozenset(split_name(one)), frozenset(split_name(other))
    return len(ours & theirs) / max(1, len(ours | theirs))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


@lru_cache(maxsize=4096)
def stem_of(path: str) -> str:
    """What a file is about by its name; remembered, as many spots lie in one file."""
    return stem(path)


def _is_test(path: str) -> bool:
    name = posixpath.basename(path).lower()
    return "test" in name or "spec" in name or "/test" in path or path.startswith("test")


def _share(source: Source, lines: list[int], holds: Callable[[Source, int], bool]) -> float:
    filled = [number for number in lines if source.lines[number].strip()]
    return sum(holds(source, number) for number in filled) / max(1, len(filled))


def _is_remark(source: Source, number: int) -> bool:
    return source.lines[number].lstrip().startswith(("#", "//", "*", "/*", "--", "<!--", '"""'))
