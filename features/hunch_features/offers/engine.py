"""Ties it together: events in, boundaries out; candidates in, at most one offer out, and a memory of the reasons."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from hunch_features.intent.tracker import IntentTracker, Model
from hunch_features.offers.deciding import Decider, Decision, Limits, Made, OutcomeName
from hunch_features.offers.doings import Doings
from hunch_features.offers.moments import Boundary, Moment, boundary_of
from hunch_features.offers.offer import Offer
from hunch_features.traces.events import Event

KEYS_MS = 10_000
MOST_KEYS = 200
TYPED_AT_ONCE = 2
"""A change of more code points was not typed (an editor closes brackets by itself)."""
DECISIONS = 50


class OfferEngine:
    """One per connection; not thread-safe. All times are ms since 1970 and passed in."""

    def __init__(self, limits: Limits, load_model: Callable[[], Model]) -> None:
        self.tracker = IntentTracker(load_model)
        self.decider = Decider(limits)
        self._doings: dict[str, Doings] = {}
        self.decisions: deque[Decision] = deque(maxlen=DECISIONS)
        self._keys: deque[int] = deque(maxlen=MOST_KEYS)

    def key(self, at: int, line: int, inserted: str, removed: str) -> None:
        """A change of a text, at once; bursts are told later. Only what was typed is a key."""
        if len(inserted) <= TYPED_AT_ONCE and len(removed) <= TYPED_AT_ONCE:
            self._keys.append(at)
            self.tracker.key(at, line, inserted, removed)

    def see(self, event: Event) -> Boundary | None:
        """One event; the boundary that it crosses, if any."""
        self.tracker.see(event)
        self.doings(event.workspace).see(event)
        return boundary_of(event)

    def doings(self, workspace: str) -> Doings:
        """What was done lately in one folder of the workspace."""
        return self._doings.setdefault(workspace, Doings())

    @property
    def last_key(self) -> int | None:
        """When the last key was pressed; None before the first."""
        return self._keys[-1] if self._keys else None

    def moment(self, boundary: Boundary, at: int) -> Moment:
        """What is known at a boundary."""
        lately = sum(at - key <= KEYS_MS for key in self._keys)
        return Moment(at, boundary, self.tracker.intent(at), self.last_key, lately)

    def decide(self, candidates: Sequence[Offer], boundary: Boundary, at: int) -> Decision:
        """The offer to make now, or why there is none."""
        decision = self.decider.decide(candidates, self.moment(boundary, at))
        self.decisions.append(decision)
        return decision

    def outcome(self, name: str, outcome: OutcomeName, at: int) -> Made | None:
        """The person's answer to an open offer; None where no such offer is open."""
        return self.decider.outcome(name, outcome, at)
