"""Labels computed from a trace: acceptance, persistence, share of accepted text, sessions. Rules stand with each.

Names follow the literature: CAR is the completion acceptance rate, CPR the share of accepted text that persists
(FIM Context & Curriculum, arXiv 2412.16589, gives the two; it leaves the time window open, so there are four here).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hunch_features.traces.events import (
    AcceptedTextChecked,
    EditBurst,
    Event,
    Idle,
    SuggestionAccepted,
    SuggestionPartlyAccepted,
    SuggestionShown,
)
from hunch_features.traces.statistics import WRITTEN

SESSION_GAP_MS = 30 * 60_000
"""A pause this long ends a session (30 minutes, as web analytics cut visits)."""
PERSISTS = 0.5
"""Accepted text counts as still there from this share on (Copilot in VS Code: relative edit distance at most 0.5)."""


def sessions(events: Iterable[Event], gap_ms: int = SESSION_GAP_MS) -> Iterator[list[Event]]:
    """Cut a trace (in order of time) where nothing happened for `gap_ms`; each window (recording session) by itself.

    An `idle` event belongs to the session that it ends; checks of accepted text are made by the clock and neither
    prolong a session nor end it.
    """
    running: dict[str, list[Event]] = {}
    last: dict[str, int] = {}
    for event in events:
        name = event.session
        current = running.setdefault(name, [])
        passive = isinstance(event, AcceptedTextChecked)
        if current and not passive and event.at - last.get(name, event.at) >= gap_ms:
            if isinstance(event, Idle):
                current.append(event)
                last[name] = event.at
                yield running.pop(name)
                continue
            yield current
            current = running[name] = []
        current.append(event)
        if not passive:
            last[name] = event.at
    yield from running.values()


@dataclass(frozen=True, slots=True)
class Persistence:
    """CPR after `after_s` seconds. `checked` accepted texts, of which `persisting` kept at least half.

    `kept` is the share of their code points that are still there, longer texts counting more.
    """

    after_s: int
    checked: int
    persisting: int
    kept: float

    @property
    def rate(self) -> float:
        """Share of accepted texts that persist."""
        return self.persisting / self.checked


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of the suggestions of a trace.

    `acceptance` (CAR): suggestions taken whole or in part / suggestions shown, each counted once; None without any
    shown. `accepted_share`: code points put in by accepting / all code points entered (typed, pasted, accepted, chosen
    from the editor's list); None when nothing was entered.
    """

    shown: int
    accepted: int
    acceptance: float | None
    accepted_share: float | None
    persistence: tuple[Persistence, ...]


def outcomes(events: Iterable[Event]) -> Outcomes:
    """Labels of a whole trace or of one session."""
    shown: set[str] = set()
    accepted: set[str] = set()
    entered: dict[str, int] = defaultdict(int)
    checks: dict[int, dict[str, AcceptedTextChecked]] = defaultdict(dict)
    for event in events:
        match event:
            case SuggestionShown():
                shown.add(event.suggestion)
            case SuggestionAccepted() | SuggestionPartlyAccepted():
                accepted.add(event.suggestion)
            case EditBurst() if event.origin in WRITTEN:
                entered[event.origin] += event.inserted
            case AcceptedTextChecked():
                checks[event.after_s][event.suggestion] = event
    total = sum(entered.values())
    # A suggestion that was accepted has been shown, whatever a client forgot to tell.
    seen = shown | accepted
    return Outcomes(
        shown=len(seen),
        accepted=len(accepted),
        acceptance=len(accepted) / len(seen) if seen else None,
        accepted_share=entered["accepted"] / total if total else None,
        persistence=tuple(_persistence(after_s, list(checks[after_s].values())) for after_s in sorted(checks)),
    )


def _persistence(after_s: int, checks: list[AcceptedTextChecked]) -> Persistence:
    chars = sum(check.chars for check in checks)
    kept = sum(check.kept * check.chars for check in checks)
    return Persistence(
        after_s,
        len(checks),
        sum(check.kept >= PERSISTS for check in checks),
        kept / chars if chars else 0.0,
    )
