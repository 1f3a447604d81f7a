"""The next edits for the edit just made: found, ranked, and their texts held against the grammar and the rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

from hunch_features.constraints.rule import Rule
from hunch_features.memory.history.history import History
from hunch_features.memory.repository import RepositoryMemory
from hunch_features.next_edit.content import is_sound, with_line_ends
from hunch_features.next_edit.edit import Delta, EditJustMade, NextEdit
from hunch_features.next_edit.facts import NEAR
from hunch_features.next_edit.finding import Found, find
from hunch_features.next_edit.ranking import Ranker, shipped
from hunch_features.next_edit.repository import RememberedRepository
from hunch_features.next_edit.sentences import TELLING, title_and_why
from hunch_features.next_edit.spots import Proposal, Spot, beside
from hunch_features.text import Edit, Position

BUDGET_S = 0.05
READING = 0.6
"""Share of the time in which further files are read: ranking what was found needs the rest."""
TRIED_TEXTS = 2
"""Proposals of one place whose text is held against grammar and rules."""


@dataclass(frozen=True, slots=True)
class _Text:
    proposal: Proposal
    confidence: float


_Texts = dict[int, list[_Text]]


def candidates(
    edit: EditJustMade,
    memory: RepositoryMemory | None,
    open_texts: Mapping[str, str],
    *,
    history: History | None = None,
    rules: Sequence[Rule] = (),
    limit: int = 5,
    budget_s: float = BUDGET_S,
    clock: Callable[[], float] = perf_counter,
) -> list[NextEdit]:
    """Next edits, the likeliest first; none where nothing follows. `open_texts` are the documents open in the editor.

    Without a memory only open documents are looked at. Blocks for about `budget_s`: for a worker thread.
    """
    deadline = clock() + READING * budget_s
    delta = Delta(edit)
    repository = RememberedRepository(memory, history, {**open_texts, edit.path: edit.after})
    return ranked(find(delta, repository, in_time=lambda: clock() < deadline), rules, limit)


def ranked(found: Found, rules: Sequence[Rule] = (), limit: int = 5, ranker: Ranker | None = None) -> list[NextEdit]:
    """The `limit` likeliest of the found places, one for places close together."""
    ranker = ranker or shipped()
    spots = found.spots
    scores = ranker.places(spots)
    order = sorted(range(len(spots)), key=lambda number: (-scores[number], number))
    groups: list[tuple[float, list[Spot]]] = []
    for number in order:
        spot = spots[number]
        group = next((members for _, members in groups if _is_near(members[0], spot)), None)
        if group is not None:
            group.append(spot)
        elif len(groups) < limit:
            groups.append((float(scores[number]), [spot]))
    texts = _texts([spot for _, members in groups for spot in members], ranker)
    return [_next_edit(found, confidence, members, rules, texts, ranker.content) for confidence, members in groups]


def _is_near(one: Spot, other: Spot) -> bool:
    return one.source.path == other.source.path and abs(one.line - other.line) <= NEAR


def _next_edit(
    found: Found, confidence: float, members: list[Spot], rules: Sequence[Rule], texts: _Texts, least: float
) -> NextEdit:
    lead = members[0]
    text, edits = _text(members, rules, texts, least)
    proposal = text.proposal if text is not None else _telling(lead)
    change = proposal.change
    hole = proposal.hole if not edits and lead.facts.get("must") else None
    title, why = title_and_why(change, change.path or found.delta.edit.path, has_text=bool(edits), hole=hole)
    start = min((edit.start for edit in edits), default=Position(lead.line, lead.column))
    end = start if edits else Position(lead.line, lead.end_column)
    if hole is not None:
        start = end = hole.position
    return NextEdit(
        path=lead.source.path,
        start=start,
        end=end,
        symbol=lead.source.symbol_at(lead.line)[0],
        confidence=confidence,
        kind=change.kind,
        change=f"{change.kind}:{change.old[:80]}:{change.new[:80]}",
        title=title,
        why=why,
        edits=edits,
        content_confidence=text.confidence if text is not None else 0.0,
        snippet=hole.snippet if hole is not None else "",
    )


def _telling(spot: Spot) -> Proposal:
    """The proposal that says most about why a place is offered."""
    return max(spot.proposals, key=lambda one: TELLING.get(one.change.kind, 0.0))


def _text(
    members: list[Spot], rules: Sequence[Rule], texts: _Texts, least: float
) -> tuple[_Text | None, tuple[Edit, ...]]:
    """The likeliest text for a place, with what the same change means for the lines close by; none if in doubt."""
    lead = members[0]
    for best in texts[id(lead)][:TRIED_TEXTS]:
        if best.confidence < least:
            break
        edits = best.proposal.edits
        for other in members[1:]:
            for one in texts[id(other)]:
                fits = one.proposal.change is best.proposal.change and one.confidence >= least
                if fits:
                    edits = beside(edits, one.proposal.edits)
        for tried in (edits, best.proposal.edits):
            fitting = with_line_ends(lead.source, sorted(tried, key=lambda edit: edit.start))
            if is_sound(lead.source, fitting, rules):
                return best, fitting
    return None, ()


def _texts(spots: list[Spot], ranker: Ranker) -> _Texts:
    """The proposed texts of each spot (by its id), the likeliest first; all are scored in one go."""
    written = [(spot, proposal) for spot in spots for proposal in spot.proposals if proposal.edits]
    found: _Texts = {id(spot): [] for spot in spots}
    for (spot, proposal), score in zip(written, ranker.texts(written), strict=True):
        found[id(spot)].append(_Text(proposal, float(score)))
    for texts in found.values():
        texts.sort(key=lambda one: -one.confidence)
    return found
