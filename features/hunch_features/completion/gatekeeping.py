"""What the completion engine asks of the gate: is it worth asking, is it worth showing, and why."""

from __future__ import annotations

from typing import Protocol

from hunch_features.gating.explaining import Share
from hunch_features.gating.gate import Verdict
from hunch_features.gating.situation import Suggested
from hunch_features.text import Snapshot


class Gatekeeper(Protocol):
    """The gate, as seen from here; `hunch_features.gating.live.LiveGate` has the meanings."""

    @property
    def accept_rate(self) -> float:
        """Share of the latest suggestions that was taken."""
        ...

    @property
    def logprob_factor(self) -> float:
        """What the least log-probability is multiplied by."""
        ...

    def ask(self, snapshot: Snapshot, offset: int, *, explicit: bool, idle_s: float | None) -> Verdict:
        """Whether a suggestion is worth making."""
        ...

    def judge(
        self,
        candidate: str,
        whole: tuple[str, str],
        snapshot: Snapshot,
        offset: int,
        suggested: Suggested,
        *,
        explicit: bool,
        idle_s: float | None,
        latency_ms: float,
    ) -> Verdict:
        """Whether a candidate is worth showing."""
        ...

    def shown(self, candidate: str) -> None:
        """It is on the screen."""
        ...

    def taken(self, candidate: str) -> None:
        """It was inserted."""
        ...

    def refused(self, candidate: str) -> None:
        """It is gone without being inserted."""
        ...

    def explain(self, verdict: Verdict) -> tuple[float, tuple[Share, ...], str]:
        """The usual score, the shares of each group, the strongest reasons in words."""
        ...


class NoGate:
    """Everything passes."""

    accept_rate = 1.0
    logprob_factor = 1.0

    def ask(self, _snapshot: Snapshot, _offset: int, *, explicit: bool, idle_s: float | None) -> Verdict:
        """Always."""
        return Verdict(allowed=True)

    def judge(self, *_place: object, **_known: object) -> Verdict:
        """Always."""
        return Verdict(allowed=True)

    def shown(self, _candidate: str) -> None:
        """Nothing to note."""

    def taken(self, _candidate: str) -> None:
        """Nothing to note."""

    def refused(self, _candidate: str) -> None:
        """Nothing to note."""

    def explain(self, _verdict: Verdict) -> tuple[float, tuple[Share, ...], str]:
        """Nothing to explain."""
        return 0.0, (), ""
