"""Where a name is used that was renamed, replaced, removed, added or re-signed: one spot per line."""

from __future__ import annotations

from math import log2

from hunch_features.memory.tokens import split_name
from hunch_features.next_edit.calls import Hole, arguments
from hunch_features.next_edit.filling import Filled
from hunch_features.next_edit.kinds import PAIRS, Change, ChangeKind
from hunch_features.next_edit.roles import is_import
from hunch_features.next_edit.source import Source, name_defined
from hunch_features.next_edit.spots import Proposal, Spots
from hunch_features.syntax.scope import COMMENTS, STRING_CONTENTS, STRINGS
from hunch_features.text import Edit, Position

MOST_HERE, MOST_ELSEWHERE = 150, 40
NAMED = PAIRS | {
    ChangeKind.SIGNATURE,
    ChangeKind.NAME_REMOVED,
    ChangeKind.NAME_ADDED,
    ChangeKind.IMPORT_ADDED,
    ChangeKind.ENCLOSING,
    ChangeKind.ARGUMENTS,
}


def holding(change: Change, source: Source, touched: frozenset[int]) -> float:
    """Whether the edited file still defines (1) or imports (0.5) a name outside of what was just written."""
    most = 0.0
    for line, column in source.places(change.old, MOST_HERE):
        if line not in touched:
            facts = role(source, line, column, change.old)
            declared = facts.get("role_declaration", 0.0) if change.kind is ChangeKind.MEMBER_RENAMED else 0.0
            most = max(most, declared, facts.get("role_definition", 0.0), facts.get("role_import", 0.0) / 2)
    return most


def uses(
    change: Change,
    source: Source,
    here: bool,
    imported: bool,
    held: float,
    touched: frozenset[int],
    spots: Spots,
    modules: frozenset[str] = frozenset(),
) -> None:
    """Add the lines of a file on which the change's name stands. `here`: the file that was edited.

    `modules`: names that stand for that file as a whole.
    """
    gone = change.kind in (ChangeKind.RENAMED, ChangeKind.NAME_REMOVED) and change.at_definition and not change.member
    if gone and not here and not imported and holding(change, source, touched) == 1.0:
        return  # another thing of the same name
    places = source.places(change.old, MOST_HERE if here else MOST_ELSEWHERE)
    outside = [place for place in places if not (here and place[0] in touched)]
    lines = {line for line, _ in outside}
    kind = f"use_{change.kind}"
    parts = split_name(change.old)
    shared = {
        kind: 1.0,
        f"{kind}_rare": 1.0 / (1 + len(lines)),
        f"{kind}_count": log2(1 + len(lines)),
        f"{kind}_kept": float(len(places) - len(outside)),
        f"{kind}_words": float(len(parts)),
        f"{kind}_length": float(len(change.old)),
        f"{kind}_defined": float(change.at_definition),
        f"{kind}_imported": float(imported),
        f"{kind}_held": held,
    }
    if change.kind in PAIRS:
        shared["pair"] = 1.0
        shared["pair_new_known"] = float(bool([p for p in source.places(change.new, 20) if p[0] not in touched]))
        shared["pair_count"] = log2(1 + len(lines))
        shared["pair_words"] = float(len(parts))
        shared["pair_likeness"] = _likeness(change.old, change.new)
        shared["pair_local"] = float(change.scope is not None)
        shared["pair_line_likeness"] = change.likeness
        shared["pair_pure"] = change.pure
        shared["pair_times"] = float(change.times)
    called = places if change.kind is ChangeKind.SIGNATURE else outside
    for line, column in called:
        in_scope = change.reaches(line, here=here)
        if not in_scope and change.kind is not ChangeKind.ENCLOSING:
            continue
        facts = {**shared, **role(source, line, column, change.old)}
        if change.kind is ChangeKind.ENCLOSING:
            facts["use_inside"] = float(in_scope)
        if change.kind is ChangeKind.ARGUMENTS and "role_definition" not in facts:
            continue
        end = column + len(change.old)
        edits: tuple[Edit, ...] = ()
        hole: Hole | None = None
        filled: tuple[Filled, ...] = ()
        if change.kind in PAIRS:
            edits = (Edit(Position(line, column), Position(line, end), change.new),)
        elif change.kind is ChangeKind.SIGNATURE:
            answer = arguments(change, source, line, column, modules)
            facts.update(answer.facts)
            if here and line in touched and not facts.get("call_must_change"):
                continue
            edits, hole, filled = answer.edits, answer.hole, answer.filled
        proposal = Proposal(change, edits, 1.0 if edits else 0.0, hole, filled)
        spots.add(source, (line, column, end), proposal, facts)


def _likeness(old: str, new: str) -> float:
    """Share of words that two names have in common."""
    ours, theirs = set(split_name(old)), set(split_name(new))
    return len(ours & theirs) / max(1, len(ours | theirs))


def role(source: Source, line: int, column: int, word: str) -> dict[str, float]:
    """What a name is where it stands."""
    node = source.node_at(line, column, word)
    if node is None:
        return {"role_unknown": 1.0}
    if node.type in COMMENTS:
        return {"role_comment": 1.0}
    if node.type in STRINGS or node.type in STRING_CONTENTS:
        return {"role_string": 1.0}
    parent = node.parent
    facts: dict[str, float] = {}
    if is_import(source, line):
        facts["role_import"] = 1.0
    elif parent is not None:
        kind = parent.type
        if name_defined(parent) == word:
            facts["role_definition"] = 1.0
        elif "call" in kind or (parent.parent is not None and "call" in parent.parent.type and "arg" not in kind):
            facts["role_call"] = 1.0
        if kind in ("attribute", "member_expression", "field_expression", "selector_expression"):
            facts["role_member"] = 1.0
        if "field_declaration" in kind or kind in ("property_signature", "public_field_definition"):
            facts["role_declaration"] = 1.0
        if "type" in node.type or "type" in kind:
            facts["role_type"] = 1.0
        if "keyword_argument" in kind or kind in ("pair", "field_initializer"):
            facts["role_key"] = 1.0
    return facts or {"role_plain": 1.0}
