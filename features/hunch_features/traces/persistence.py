"""Follows accepted text through later edits and tells how much of it is left after 30, 120, 300 and 600 seconds.

Works on the open documents in RAM, so that persistence is known at every level, without storing any text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from hunch_features.text import Lines, Position
from hunch_features.traces.changes import Change, Shift, after
from hunch_features.traces.events import AcceptedTextChecked, Event

CHECKS_S = (30, 120, 300, 600)
"""Copilot in VS Code looks after 15, 30, 120, 300 and 600 s; the first comes before most people have read on."""
MAX_TRACKED = 200
MAX_CHARS = 4_000
"""Code points of one accepted text that are compared."""


def kept_share(accepted: str, present: str) -> float:
    """1 − Levenshtein distance / length of the longer text: 1 when nothing changed, 0 when nothing is left."""
    accepted, present = accepted[:MAX_CHARS], present[: 2 * MAX_CHARS]
    return float(Levenshtein.normalized_similarity(accepted, present)) if accepted else 0.0


@dataclass(slots=True)
class _Accepted:
    document: str
    language: str
    suggestion: str
    text: str
    start: Position
    end: Position
    at: int
    checks: int = 0


class PersistenceTracker:
    """Follows the latest acceptances of one workspace. Call from one thread."""

    def __init__(self, sink: Callable[[Event], object], workspace: str = "") -> None:
        self._sink = sink
        self._workspace = workspace
        self._tracked: list[_Accepted] = []

    def accepted(self, document: str, language: str, suggestion: str, start: Position, text: str, at: int) -> None:
        """Text was accepted and stands at `start`; call after the change that put it in was reported."""
        if not text:
            return
        if len(self._tracked) >= MAX_TRACKED:
            self._tracked.pop(0)
        self._tracked.append(_Accepted(document, language, suggestion, text, start, after(start, text), at))

    def changed(self, document: str, changes: Sequence[Change]) -> None:
        """The text changed. Insertions at the edges of accepted text do not belong to it."""
        followed = [one for one in self._tracked if one.document == document]
        for shift in map(Shift.of, changes) if followed else ():
            for one in followed:
                if one.end > shift.start:
                    one.start = shift.moved(one.start, sticks_left=False)
                    one.end = max(one.start, shift.moved(one.end, sticks_left=True))

    def check(self, at: int, lines_of: Callable[[str], Lines | None]) -> int | None:
        """Make the checks that are due and answer when the next one is (ms), None when there is none.

        `lines_of` gives an open document; acceptances in documents that are closed are no longer followed.
        """
        due: list[int] = []
        for one in list(self._tracked):
            while one.checks < len(CHECKS_S) and at - one.at >= CHECKS_S[one.checks] * 1000:
                lines = lines_of(one.document)
                if lines is None:
                    one.checks = len(CHECKS_S)
                    break
                # Checks missed during a pause (a machine asleep) are made late, with the state of now.
                self._tell(one, CHECKS_S[one.checks], lines)
                one.checks += 1
            if one.checks < len(CHECKS_S):
                due.append(one.at + CHECKS_S[one.checks] * 1000)
            else:
                self._tracked.remove(one)
        return min(due, default=None)

    def _tell(self, one: _Accepted, after_s: int, lines: Lines) -> None:
        present = lines.slice(lines.offset_at(one.start), lines.offset_at(one.end))
        self._sink(
            AcceptedTextChecked(
                at=one.at + after_s * 1000,
                workspace=self._workspace,
                document=one.document,
                language=one.language,
                suggestion=one.suggestion,
                after_s=after_s,
                chars=len(one.text),
                kept=round(kept_share(one.text, present), 4),
            )
        )
