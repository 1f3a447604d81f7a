"""Lines that may be edited next, with everything that speaks for each, gathered from all sources."""

from __future__ import annotations

from dataclasses import dataclass, field

from hunch_features.next_edit.calls import Hole
from hunch_features.next_edit.filling import Filled
from hunch_features.next_edit.kinds import PAIRS, Change
from hunch_features.next_edit.source import Source
from hunch_features.text import Edit

MAX_SPOTS = 1_500


@dataclass(slots=True)
class Proposal:
    """What could be written at a spot because of one change; `edits` is empty where only the place is known."""

    change: Change
    edits: tuple[Edit, ...] = ()
    weight: float = 0.0
    """Order among the proposals of one spot: how much of the surroundings is the same."""
    hole: Hole | None = None
    """Where the person is to write what nobody knows."""
    filled: tuple[Filled, ...] = ()
    """New arguments of `edits`, and where they are from."""


@dataclass(slots=True)
class Spot:
    """A line (0-based) of a file; `facts` are numbers for the ranker, absent ones are 0."""

    source: Source
    line: int
    column: int
    end_column: int
    facts: dict[str, float] = field(default_factory=dict)
    proposals: list[Proposal] = field(default_factory=list)


class Spots:
    """One spot per line; a second reason for the same line adds its facts (the larger number stays)."""

    def __init__(self) -> None:
        self._spots: dict[tuple[str, int], Spot] = {}

    def __len__(self) -> int:
        return len(self._spots)

    def all(self) -> list[Spot]:
        """Every spot, in the order of finding."""
        return list(self._spots.values())

    def add(self, source: Source, place: tuple[int, int, int], proposal: Proposal, facts: dict[str, float]) -> None:
        """`place`: line, first and last column."""
        line, column, end = place
        key = (source.path, line)
        spot = self._spots.get(key)
        if spot is None:
            if len(self._spots) >= MAX_SPOTS:
                return
            spot = self._spots[key] = Spot(source, line, column, end)
        for name, value in facts.items():
            spot.facts[name] = max(spot.facts.get(name, value), value)
        same = next((one for one in spot.proposals if one.change is proposal.change), None)
        if same is None:
            spot.proposals.append(proposal)
        else:
            same.edits = beside(same.edits, proposal.edits)
            same.weight = max(same.weight, proposal.weight)
            same.hole = same.hole or proposal.hole

    def combine(self) -> None:
        """Names that took each other's place go together: a line with two of them is changed in both."""
        for spot in self._spots.values():
            paired = [one for one in spot.proposals if one.change.kind in PAIRS and one.edits]
            if len(paired) > 1:
                own = [one.edits for one in paired]
                for proposal in paired:
                    for edits in own:
                        proposal.edits = beside(proposal.edits, edits)


def beside(edits: tuple[Edit, ...], more: tuple[Edit, ...]) -> tuple[Edit, ...]:
    """Edits and those of `more` that lie apart from them."""
    return (*edits, *(one for one in more if all(one.end < other.start or one.start > other.end for other in edits)))
