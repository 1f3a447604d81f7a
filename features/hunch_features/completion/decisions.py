"""The last decisions, for `hunch/why`. Bounded, in RAM only."""

from __future__ import annotations

from collections import deque

from hunch_features.completion.candidates import Decision
from hunch_features.text import Position

KEPT = 256


class DecisionLog:
    """The last 256 decisions."""

    def __init__(self) -> None:
        self._decisions: deque[Decision] = deque(maxlen=KEPT)

    def add(self, decision: Decision) -> None:
        """Note a decision."""
        self._decisions.append(decision)

    def at(self, path: str, position: Position) -> Decision | None:
        """The newest decision at exactly this position, else on this line, else None."""
        on_line: Decision | None = None
        for decision in reversed(self._decisions):
            if decision.path != path or decision.line != position.line:
                continue
            if decision.column == position.column:
                return decision
            on_line = on_line or decision
        return on_line
