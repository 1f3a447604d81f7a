"""The gate in a live session: follows what is shown and what becomes of it, and judges at a place of a document."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from hunch_features.gating.explaining import Share, because, shares
from hunch_features.gating.gate import Gate, Verdict
from hunch_features.gating.history import PRIOR_RATE
from hunch_features.gating.levels import LOGPROB_FACTOR
from hunch_features.gating.situation import AFTER_CHARS, BEFORE_CHARS, Place, Suggested
from hunch_features.text import Snapshot

REMEMBERED = 64
USUAL = 10
"""How many decisions at the usual rate are mixed into a person's own: ten refusals in a row are nothing special."""


@dataclass(slots=True)
class _Offered:
    """A suggestion that may be shown. `whole`: its line as it would stand, the same while the person types into it."""

    name: str
    place: Place
    text: str
    whole: tuple[str, str]
    verdict: Verdict
    made_s: float
    shown_s: float | None = None


class LiveGate:
    """One session's gate. `now` gives seconds since 1970. All calls take well under a millisecond."""

    def __init__(self, gate: Gate, now: Callable[[], float] = time.time) -> None:
        self.gate = gate
        self._now = now
        self._offered: OrderedDict[str, _Offered] = OrderedDict()
        self._on_screen: _Offered | None = None

    @property
    def accept_rate(self) -> float:
        """Share of this person's latest suggestions (up to 40) that was taken, 0 to 1, the usual rate mixed in."""
        past = self.gate.history.past
        return (sum(one.taken for one in past) + USUAL * PRIOR_RATE) / (len(past) + USUAL)

    @property
    def logprob_factor(self) -> float:
        """What the least log-probability is multiplied by at this level."""
        return LOGPROB_FACTOR[self.gate.settings.level]

    def ask(self, snapshot: Snapshot, offset: int, *, explicit: bool, idle_s: float | None) -> Verdict:
        """Whether a suggestion is worth making at a code-point offset."""
        return self.gate.ask(self._place(snapshot, offset, explicit, idle_s, None))

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
        """Whether a candidate is worth showing. `whole`: document and the whole line it would make.

        What is on the screen stays there while the person types into it.
        """
        place = self._place(snapshot, offset, explicit, idle_s, latency_ms)
        shown = self._on_screen
        typed_into = shown is not None and shown.whole == whole
        verdict = shown.verdict if shown is not None and typed_into else self.gate.judge(place, suggested)
        self._offered[candidate] = _Offered(candidate, place, suggested.text, whole, verdict, place.at_s)
        if len(self._offered) > REMEMBERED:
            self._offered.popitem(last=False)
        return verdict

    def shown(self, candidate: str) -> None:
        """It is on the screen. What was there before and was not taken is gone."""
        offered = self._offered.get(candidate)
        if offered is None:
            return
        before = self._on_screen
        if before is not None and before.whole == offered.whole:
            offered.shown_s = before.shown_s  # the same suggestion, some keys further on
            offered.place, offered.text = before.place, before.text
        else:
            if before is not None:
                self._decided(before.name, taken=False)  # plain clients do not tell
            offered.shown_s = self._now()
            self.gate.shown(offered.place, offered.text)
        self._on_screen = offered

    def taken(self, candidate: str) -> None:
        """It was inserted, as a whole or in part."""
        self._decided(candidate, taken=True)

    def refused(self, candidate: str) -> None:
        """It is gone without being inserted. One that the person types on into is still there."""
        self._decided(candidate, taken=False)

    def _decided(self, candidate: str, *, taken: bool) -> None:
        offered = self._offered.pop(candidate, None)
        if offered is None:
            return
        if taken and offered.shown_s is None:  # plain clients tell of what was taken, not of what was shown
            self.gate.shown(offered.place, offered.text)
            offered.shown_s, self._on_screen = offered.made_s, offered
        if offered.shown_s is None or self._on_screen is not offered:
            return  # never seen, decided already, or a later part of the same suggestion is on the screen
        self._on_screen = None
        now = self._now()
        seen_s = max(0.0, now - offered.shown_s)
        self.gate.decided(offered.place, offered.text, offered.verdict, taken=taken, at_s=now, seen_s=seen_s)

    def explain(self, verdict: Verdict) -> tuple[float, tuple[Share, ...], str]:
        """The usual score, the shares that lead from it to this one (log-odds), and the strongest reasons in words."""
        usual, found = shares(self.gate.models, verdict)
        return usual, found, because(found, verdict.values, allowed=verdict.allowed)

    def _place(
        self, snapshot: Snapshot, offset: int, explicit: bool, idle_s: float | None, latency_ms: float | None
    ) -> Place:
        count = snapshot.char_count
        return Place(
            before=snapshot.slice(max(0, offset - BEFORE_CHARS), offset),
            after=snapshot.slice(offset, min(count, offset + AFTER_CHARS)),
            at_s=self._now(),
            lines_before=snapshot.position_at(offset).line,
            chars_before=offset,
            chars_after=count - offset,
            language=snapshot.language,
            explicit=explicit,
            idle_s=idle_s,
            latency_ms=latency_ms,
        )
