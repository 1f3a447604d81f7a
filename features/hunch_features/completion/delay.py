"""How long to wait after a key before asking: not at all for a fast model, until a pause for a slow one.

Idea from Tabby's adaptive debounce (typing interval × 1.5–3 minus response time); ours depends on the model's
measured latency first, because waiting for a model that answers between two keys only makes it late. Who has turned
down nearly everything lately is given time to type on.
"""

from __future__ import annotations

import math
from collections import deque

FAST_MS = 60.0  # a model this fast answers between two keys
PAUSE_MS = 1500.0  # a longer gap is a pause, not a typing rhythm
SMOOTHING = 0.2
FACTOR = 1.5
SHORTEST_MS, LONGEST_MS = 50.0, 1000.0
INTERVALS = 20
MOST_PATIENCE_MS, LEAST_PATIENCE_MS = 300.0, 20.0
USUAL_RATE, HALF_RATE, STEEPNESS = 0.2, 0.05, 100.0
"""A bounded logistic of recent acceptance (arXiv 2511.18842): nothing from 8 % on, half of the most at 5 %."""


class AdaptiveDelay:
    """Learns the typing interval and the model's latency of one session. Times in ms on the caller's clock."""

    def __init__(self) -> None:
        self._intervals: deque[float] = deque(maxlen=INTERVALS)
        self._last_key: float | None = None
        self._latency = 0.0

    def key_typed(self, now_ms: float) -> None:
        """Note a key."""
        if self._last_key is not None and 0 < now_ms - self._last_key < PAUSE_MS:
            self._intervals.append(now_ms - self._last_key)
        self._last_key = now_ms

    def answered(self, latency_ms: float) -> None:
        """Note how long the model took."""
        self._latency += (latency_ms - self._latency) * (SMOOTHING if self._latency else 1.0)

    @property
    def latency_ms(self) -> float:
        """Expected latency of the model."""
        return self._latency

    def delay_ms(self, configured_ms: int, *, explicit: bool, accept_rate: float = USUAL_RATE) -> float:
        """How long to wait now; `configured_ms` ≥ 0 overrides, an explicit request never waits.

        `accept_rate`: share of the latest suggestions that was taken. Who takes hardly any is given time to type on: so
        much until the text is there, the model's own time included.
        """
        if explicit:
            return 0.0
        if configured_ms >= 0:
            return float(configured_ms)
        patience = MOST_PATIENCE_MS / (1 + math.exp(STEEPNESS * (accept_rate - HALF_RATE))) - self._latency
        interval = sum(self._intervals) / len(self._intervals) if self._intervals else 150.0
        if self._latency <= FAST_MS or self._latency <= interval:
            return patience if patience >= LEAST_PATIENCE_MS else 0.0
        return min(LONGEST_MS, max(SHORTEST_MS, interval * FACTOR, patience))
