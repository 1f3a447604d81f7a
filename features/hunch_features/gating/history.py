"""What this person did with earlier suggestions: only what was known before the moment that is judged.

The same object follows recorded sessions for training and a live one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

from hunch_features.gating.situation import TEXT_CHARS, Place

SESSION_GAP_S = 30 * 60.0
"""A longer gap begins a new session, as in CDHF (arXiv 2306.04930)."""
KEPT = 40
PRIOR_RATE = 0.2
"""Share of shown suggestions that are taken, before anything is known of a person (products report 0.1 to 0.35)."""
RECENT_WEIGHT = 0.15
TRAITS = ("chars", "mean_logprob", "line_chars", "known_names", "line_is_blank")
"""By these features, earlier suggestions are compared with a new one."""


@dataclass(frozen=True, slots=True)
class Past:
    """One suggestion that was shown and decided. `seen_s`: how long it stood, None where unknown."""

    text: str
    taken: bool
    at_s: float
    seen_s: float | None
    explicit: bool
    traits: tuple[float, ...]
    """Its `TRAITS`, NaN where unknown."""


class History:
    """The decisions of one person, the newest last. Bounded; texts are cut."""

    def __init__(self) -> None:
        self.past: deque[Past] = deque(maxlen=KEPT)
        self.decided = 0
        self.taken = 0
        self.taken_chars = 0
        self.refused_in_a_row = 0
        self.recent_rate = PRIOR_RATE
        self.shown_at_s: float | None = None
        self.shown_before = ""
        self.shown_text = ""
        self.session_began_s: float | None = None
        self.last_taken: Past | None = None
        self.last_refused: Past | None = None

    def shown(self, place: Place, text: str) -> None:
        """A suggestion is on the screen."""
        if self.shown_at_s is None or place.at_s - self.shown_at_s > SESSION_GAP_S:
            self.session_began_s = place.at_s
        self.shown_at_s = place.at_s
        self.shown_before = place.before[-TEXT_CHARS:]
        self.shown_text = text[:TEXT_CHARS]

    def decided_on(
        self,
        text: str,
        values: Mapping[str, float],
        *,
        taken: bool,
        at_s: float,
        seen_s: float | None = None,
        explicit: bool = False,
    ) -> None:
        """What became of a suggestion that was shown. `values`: its features then (`show_values`)."""
        traits = tuple(values.get(name, float("nan")) for name in TRAITS)
        past = Past(text[:TEXT_CHARS], taken, at_s, seen_s, explicit, traits)
        self.past.append(past)
        self.decided += 1
        self.recent_rate += RECENT_WEIGHT * (float(taken) - self.recent_rate)
        if taken:
            self.taken += 1
            self.taken_chars += len(text)
            self.refused_in_a_row = 0
            self.last_taken = past
        else:
            self.refused_in_a_row += 1
            self.last_refused = past
