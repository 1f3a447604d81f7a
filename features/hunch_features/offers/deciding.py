"""The one place that decides: which offer is made at a moment, or why none is. Silence is an answer with a reason.

An offer is made where value × confidence is more than the cost of interrupting. The costs follow what studies found:
after a commit or a failed run help is welcome, in the middle of writing it hurts (arXiv 2601.10253, 2502.18658).
The clock is passed in with every call (ms since 1970), so that the same calls give the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Literal

from hunch_features.intent.taxonomy import Activity
from hunch_features.offers.moments import Boundary, Moment
from hunch_features.offers.offer import Offer, OfferKind

VALUE: dict[OfferKind, float] = {
    OfferKind.PROPAGATE: 1.1,
    OfferKind.NEXT_EDIT: 1.0,
    OfferKind.MISSING_TWIN: 0.9,
    OfferKind.REPEATED_FAILURE: 0.9,
    OfferKind.RULE_FIX: 0.8,
    OfferKind.RESUME: 0.7,
    OfferKind.RUN_TEST: 0.6,
    OfferKind.NEXT_FILE: 0.55,
}
"""What a right offer of a kind is worth; the scale is that of `COST`: a next edit that is 60 % sure is just worth the
interruption of somebody who writes, as its operating point wants it."""

COST: dict[Activity, float] = {
    Activity.WRITING: 0.58,
    Activity.PROMPTING: 0.58,
    Activity.EDITING_SUGGESTION: 0.55,
    Activity.EDITING: 0.50,
    Activity.DOCUMENTING: 0.50,
    Activity.REVIEWING: 0.50,
    Activity.READING: 0.40,
    Activity.DEBUGGING: 0.40,
    Activity.REFACTORING: 0.35,
    Activity.WAITING: 0.30,
    Activity.COMMITTING: 0.30,
}
"""What an interruption costs in the middle of an activity."""

EASE: dict[Boundary, float] = {
    Boundary.EDIT_DONE: 1.0,
    Boundary.DIAGNOSTICS: 0.9,
    Boundary.SWITCH: 0.9,
    Boundary.SAVE: 0.75,
    Boundary.IDLE: 0.75,
    Boundary.COMMITTING: 0.6,
    Boundary.TEST_FAILED: 0.6,
    Boundary.COMMIT: 0.5,
    Boundary.RETURN: 0.5,
}
"""How much of that cost is left at a boundary."""

CONFIDENCE = 0.5
"""Nothing less sure than this is ever offered."""
HOUR_MS = 3_600_000
SETTLED_MS = 1_000
"""No offer sooner than this after a key, ever."""
PAUSE_MS = 2_000
"""The same where only a pause makes the boundary, or where an editor that saves by itself may have made it."""
FAST_KEYS = 25
"""Keys in ten seconds: steady typing, in which a pause of two seconds is no boundary yet."""
FAST_PAUSE_MS = 6_000
UNWANTED = 0.5
"""By how much each offer of the last hour that was not taken makes the next one dearer."""
APART_MS = 3 * 60_000
"""Between two offers, unless the earlier one was taken."""
NOT_NOW_MS = 15 * 60_000
LONGEST_QUIET_MS = 8 * HOUR_MS
KIND_RESTS_MS = 20 * 60_000
"""A kind that was dismissed is not offered for this long; an expired one for a half of it."""
EXPIRED_RESTS_MS = 30 * 60_000
"""The very thing that expired unseen is not offered again for this long."""
GLANCE_MS = 10_000
FREE_WITHDRAWALS = 2
MOST_REMEMBERED = 500

OutcomeName = Literal["accepted", "dismissed", "expired", "notNow"]


class Silence(StrEnum):
    """Why nothing is offered."""

    OFF = "off"
    NOTHING = "nothing_to_offer"
    TYPING = "typing"
    OPEN = "another_offer_is_open"
    NOT_NOW = "not_now"
    BUDGET = "budget_spent"
    TOO_SOON = "too_soon"
    SAID_NO = "said_no"
    KIND_RESTS = "kind_rests"
    UNSURE = "not_sure_enough"
    NOT_WORTH = "not_worth_it"


SILENCE_FOR_PEOPLE: dict[Silence, str] = {
    Silence.OFF: "offers are switched off",
    Silence.NOTHING: "there is nothing to offer",
    Silence.TYPING: "you are typing",
    Silence.OPEN: "another offer is open",
    Silence.NOT_NOW: "you said not now",
    Silence.BUDGET: "this hour's offers are used up",
    Silence.TOO_SOON: "the last offer was a short time ago",
    Silence.SAID_NO: "you said no to it",
    Silence.KIND_RESTS: "you did not want one of this kind a short time ago",
    Silence.UNSURE: "it is not sure enough",
    Silence.NOT_WORTH: "it is not worth interrupting you",
}


@dataclass(frozen=True, slots=True)
class Made:
    """An offer that is open. `expires` in ms since 1970."""

    id: str
    offer: Offer
    at: int
    expires: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided at a moment: an offer, or why not. `best` is what came closest, `score` its worth minus cost."""

    at: int
    boundary: Boundary
    made: Made | None
    silence: Silence | None
    best: Offer | None = None
    worth: float = 0.0
    cost: float = 0.0
    activity: str = ""

    @property
    def summary(self) -> str:
        """One sentence for people."""
        if self.made is not None:
            return f"Offered: {self.made.offer.title}. {self.made.offer.why}"
        why = SILENCE_FOR_PEOPLE[self.silence] if self.silence is not None else ""
        about = f" ({self.best.title})" if self.best is not None else ""
        return f"No offer{about}: {why}."


@dataclass(frozen=True, slots=True)
class Limits:
    """What people set: whether at all, and how many an hour (offers that were taken do not count)."""

    enable: bool = True
    per_hour: int = 2


class Decider:
    """Remembers offers and what became of them; decides. One per connection."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.open: Made | None = None
        self.last: Decision | None = None
        self._numbers = count(1)
        self._made: list[Made] = []
        self._taken: set[str] = set()
        self._no: dict[str, None] = {}
        self._expired: dict[str, int] = {}
        self._kind_rests: dict[OfferKind, int] = {}
        self._quiet_until = 0
        self._withdrawn: list[int] = []
        self._not_nows = 0

    # ---- deciding ----

    def decide(self, candidates: Sequence[Offer], moment: Moment) -> Decision:
        """The best of the candidates if it may be made at this moment. Offers that are due expire first."""
        self.expire(moment.at)
        decision = self.last = self._decide(candidates, moment)
        if decision.made is not None:
            self.open = decision.made
            self._made = [one for one in self._made if moment.at - one.at < HOUR_MS] + [decision.made]
            self._taken &= {one.id for one in self._made}
        return decision

    def _decide(self, candidates: Sequence[Offer], moment: Moment) -> Decision:
        activity = str(moment.intent.activity)
        ranked = sorted(candidates, key=lambda offer: -VALUE[offer.kind] * offer.confidence)
        best = ranked[0] if ranked else None
        silence = self._forbidden(moment) if candidates else Silence.NOTHING
        if not self.limits.enable:
            silence = Silence.OFF
        if silence is not None:
            return Decision(moment.at, moment.boundary, None, silence, best, activity=activity)
        cost = self.cost(moment)
        first: Decision | None = None
        for offer in ranked:
            worth = VALUE[offer.kind] * offer.confidence
            refused = self._refused(offer, moment.at)
            if refused is None and worth <= cost:
                refused = Silence.NOT_WORTH
            if refused is None:
                made = Made(f"o{next(self._numbers)}", offer, moment.at, moment.at + offer.lasts_ms)
                return Decision(moment.at, moment.boundary, made, None, offer, worth, cost, activity)
            first = first or Decision(moment.at, moment.boundary, None, refused, offer, worth, cost, activity)
        assert first is not None  # noqa: S101 - there was a candidate
        return first

    def cost(self, moment: Moment) -> float:
        """What an interruption would cost now: by the likely activities, the boundary, and what became of offers."""
        shares = moment.intent.distribution or {moment.intent.activity: 1.0}
        whole = sum(shares.values()) or 1.0
        middle = sum(COST[activity] * share for activity, share in shares.items()) / whole
        unwanted = sum(one.id not in self._taken for one in self._made if moment.at - one.at < HOUR_MS)
        return middle * EASE[moment.boundary] * (1.0 + UNWANTED * unwanted)

    def _forbidden(self, moment: Moment) -> Silence | None:
        """Reasons that hold for every offer."""
        if self.open is not None:
            return Silence.OPEN
        if moment.at < self._quiet_until:
            return Silence.NOT_NOW
        if _typing(moment):
            return Silence.TYPING
        counted = [one for one in self._made if one.id not in self._taken and moment.at - one.at < HOUR_MS]
        if len(counted) >= self.limits.per_hour:
            return Silence.BUDGET
        if counted and moment.at - counted[-1].at < APART_MS:
            return Silence.TOO_SOON
        return None

    def _refused(self, offer: Offer, at: int) -> Silence | None:
        """Reasons that hold for this one."""
        if offer.key in self._no or at < self._expired.get(offer.key, 0):
            return Silence.SAID_NO
        if at < self._kind_rests.get(offer.kind, 0):
            return Silence.KIND_RESTS
        return Silence.UNSURE if offer.confidence < CONFIDENCE else None

    # ---- what became of it ----

    def outcome(self, name: str, outcome: OutcomeName, at: int) -> Made | None:
        """The person's answer; the offer it was about, None where that offer is not open (any more)."""
        made = self.open
        if made is None or made.id != name:
            return None
        self.open = None
        offer = made.offer
        match outcome:
            case "accepted":
                self._taken.add(made.id)
                self._not_nows = 0
                self._remember_no(offer.key)  # done: offering the same again would be as wrong as after a no
            case "dismissed":
                self._remember_no(offer.key)
                self._kind_rests[offer.kind] = at + KIND_RESTS_MS
            case "notNow":
                pause = min(NOT_NOW_MS * 2**self._not_nows, LONGEST_QUIET_MS)
                self._not_nows = min(self._not_nows + 1, 10)
                self._quiet_until = at + pause
                self._expired[offer.key] = at + pause
            case "expired":
                self._expired[offer.key] = at + EXPIRED_RESTS_MS
                self._kind_rests[offer.kind] = at + KIND_RESTS_MS // 2
        while len(self._expired) > MOST_REMEMBERED:
            del self._expired[next(iter(self._expired))]
        return made

    def expire(self, at: int) -> Made | None:
        """Close the open offer if its time is over; the offer that was closed."""
        if self.open is None or at < self.open.expires:
            return None
        return self.outcome(self.open.id, "expired", at)

    def unmake(self) -> None:
        """The offer just made could not be shown: as if it had never been."""
        made, self.open = self.open, None
        if made is not None:
            self._made.remove(made)

    def withdraw(self, at: int) -> Made | None:
        """Close the open offer because the text that it was made for changed. It may come again.

        It cost no budget where it was seen for a short time only, in an edit that was not finished; twice an hour.
        """
        made, self.open = self.open, None
        if made is None:
            return None
        self._withdrawn = [then for then in self._withdrawn if at - then < HOUR_MS]
        if at - made.at < GLANCE_MS and len(self._withdrawn) < FREE_WITHDRAWALS:
            self._withdrawn.append(at)
            self._made.remove(made)
        return made

    def _remember_no(self, key: str) -> None:
        self._no[key] = None
        while len(self._no) > MOST_REMEMBERED:
            del self._no[next(iter(self._no))]


def needed_pause(moment: Moment) -> int:
    """Milliseconds without a key that an offer at this moment needs."""
    fast = moment.lately_typed >= FAST_KEYS
    if moment.boundary in (Boundary.EDIT_DONE, Boundary.DIAGNOSTICS, Boundary.IDLE):
        return FAST_PAUSE_MS if fast else PAUSE_MS
    return PAUSE_MS if fast else SETTLED_MS


def _typing(moment: Moment) -> bool:
    return moment.last_key is not None and moment.at - moment.last_key < needed_pause(moment)
