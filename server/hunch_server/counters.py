"""Counts and recent durations of one session, for `hunch/stats`, the demo and the benchmarks. In RAM only."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from hunch_features.completion import Outcome, Source

RECENT = 4096
RECENT_SUGGESTIONS = 64


def percentiles(values: Iterable[float], points: tuple[int, ...] = (50, 95, 99)) -> dict[str, float]:
    """Nearest-rank percentiles as `{"p50": …}`; empty when there are no values. Units are the values' own."""
    ordered = sorted(values)
    if not ordered:
        return {}
    return {
        f"p{point}": round(ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * point // 100) - 1))], 3)
        for point in points
    }


@dataclass(slots=True)
class Counters:
    """Since the session began. Durations in ms, the last 4,096 of each."""

    requests: int = 0
    offered: int = 0  # answered with text
    shown: int = 0  # reported by the client as seen
    generations: int = 0  # requests that made the model work
    cache_hits: int = 0
    decoded_tokens: int = 0
    withheld: dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    partially_accepted: int = 0
    rejected: int = 0
    accepted_chars: int = 0
    did_change_ms: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    answer_ms: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    new_tokens: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    outside_model_ms: deque[float] = field(default_factory=lambda: deque(maxlen=RECENT))
    _kept: dict[str, int] = field(default_factory=dict)  # code points accepted so far, by suggestion

    def accept(self, candidate_id: str, length: int, *, partly: bool = False) -> None:
        """Count an accepted suggestion; `length`: its code points that are in the text now, all in all."""
        if partly:
            self.partially_accepted += candidate_id not in self._kept
        else:
            self.accepted += 1
        self.accepted_chars += max(0, length - self._kept.get(candidate_id, 0))
        self._kept[candidate_id] = max(length, self._kept.get(candidate_id, 0))
        if len(self._kept) > RECENT_SUGGESTIONS:
            del self._kept[next(iter(self._kept))]

    def note(self, outcome: Outcome, answer_ms: float) -> None:
        """Count one answered request."""
        self.requests += 1
        self.answer_ms.append(answer_ms)
        decision = outcome.decision
        self.outside_model_ms.append(decision.timing.outside_model)
        if decision.shown:
            self.offered += 1
        else:
            self.withheld[decision.reason] = self.withheld.get(decision.reason, 0) + 1
        if any(item.source in (Source.CACHE, Source.RUNNING) for item in outcome.items):
            self.cache_hits += 1
        if decision.timing.decoded_tokens or decision.timing.new_tokens:
            self.generations += 1
            self.decoded_tokens += decision.timing.decoded_tokens
            self.new_tokens.append(decision.timing.new_tokens)
