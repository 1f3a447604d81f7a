"""How a person works with suggestions: the four patterns of CowCorpus (arXiv 2602.17588), told from their own outcomes.

CowCorpus parts them by how often people step in and how often they hand back. Of an inline suggestion that is: how many
are taken, and how much of what is taken is worked over. The edges below are ours, set on what products report (5 to
35 % taken, about half of the taken text changed within minutes).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LEAST_DECISIONS = 30
"""With fewer, no pattern is told."""
OFTEN, SELDOM = 0.15, 0.04
UNTOUCHED = 0.85


class Style(StrEnum):
    """The patterns, in words of the study."""

    HANDS_OFF = "hands-off"
    COLLABORATIVE = "collaborative"
    HANDS_ON = "hands-on"
    TAKEOVER = "takeover"


SENTENCES: dict[Style, str] = {
    Style.HANDS_OFF: "You take many suggestions and leave them as they are.",
    Style.COLLABORATIVE: "You take many suggestions and work them over: they are a first draft.",
    Style.HANDS_ON: "You mostly write yourself and pick what fits.",
    Style.TAKEOVER: "You write yourself: hardly any suggestion is taken.",
}

CAUTION: dict[Style, float] = {
    Style.HANDS_OFF: 0.5,
    Style.COLLABORATIVE: 0.75,
    Style.HANDS_ON: 1.0,
    Style.TAKEOVER: 1.0,
}
"""What the share that a level may lose is multiplied by: who takes much loses much. Never above the level's promise."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """One person's counts: suggestions decided, taken, and the mean share of taken text that stayed (None: unknown)."""

    decided: int
    taken: int
    kept: float | None = None


def style_of(conduct: Conduct) -> Style | None:
    """The pattern, or None while too little is known."""
    if conduct.decided < LEAST_DECISIONS:
        return None
    rate = conduct.taken / conduct.decided
    if rate < SELDOM:
        return Style.TAKEOVER
    if rate < OFTEN:
        return Style.HANDS_ON
    if conduct.kept is not None and conduct.kept < UNTOUCHED:
        return Style.COLLABORATIVE
    return Style.HANDS_OFF
