"""What the gate would have done with recorded suggestions, played through it one after the other as a session does.

What it hides, nobody decides on: it learns from the rest only, as live. A record holds what was shown at the time, so
what the gate held back then is not in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from hunch_features.gating.features import CHARS_PER_TOKEN
from hunch_features.gating.gate import Gate, GateModels
from hunch_features.gating.levels import GateSettings, Level
from hunch_features.gating.recorded import Recorded

LEVELS: tuple[Level, ...] = ("off", "eager", "balanced", "quiet")


@dataclass(slots=True)
class Replayed:
    """Counts of decided suggestions at one level. Tokens are those decoded, estimated where they were not recorded."""

    decided: int = 0
    taken: int = 0
    lost: int = 0
    hidden: int = 0
    not_made: int = 0
    chars: int = 0
    chars_kept: int = 0
    tokens: int = 0
    tokens_saved: int = 0

    def add(self, one: Recorded, *, asked: bool, shown: bool) -> None:
        """Count a decision."""
        length = len(one.suggested.text)
        tokens = one.suggested.logprobs.tokens or max(1, round(length / CHARS_PER_TOKEN))
        self.decided += 1
        self.tokens += tokens
        self.not_made += not asked
        self.tokens_saved += 0 if asked else tokens
        if one.taken:
            self.taken += 1
            self.chars += length
            self.lost += not shown
            self.chars_kept += length if shown else 0
        else:
            self.hidden += not shown

    @property
    def refused(self) -> int:
        """How many were not taken."""
        return self.decided - self.taken


def replay(models: GateModels, decisions: Sequence[Recorded], level: Level, *, learn: bool = True) -> Replayed:
    """Play the decisions, in order of time by person, through a gate of this level that explores nothing."""
    result = Replayed()
    for _, own in groupby(decisions, key=lambda one: one.person):
        gate = Gate(models, GateSettings(level=level, learn=learn, explore=0.0))
        for one in own:
            asked = gate.ask(one.place).allowed
            verdict = gate.judge(one.place, one.suggested) if asked else None
            shown = verdict is not None and verdict.allowed
            if one.taken is not None:
                result.add(one, asked=asked, shown=shown)
            if verdict is None or not shown:
                continue
            gate.shown(one.place, one.suggested.text)
            if one.taken is not None:
                gate.decided(
                    one.place,
                    one.suggested.text,
                    verdict,
                    taken=one.taken,
                    at_s=one.decided_at_s,
                    seen_s=one.seen_s,
                )
    return result


def newest(decisions: Sequence[Recorded], most: int) -> list[Recorded]:
    """The last of them, without what was asked for by a key: that is always answered."""
    return [one for one in decisions if not one.place.explicit][-most:]
