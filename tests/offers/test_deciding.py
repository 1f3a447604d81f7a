"""Which offer is made, and why none is: the deciding place with a clock that the tests move."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_features.intent.taxonomy import Activity
from hunch_features.intent.tracker import Intent
from hunch_features.offers.deciding import (
    APART_MS,
    HOUR_MS,
    NOT_NOW_MS,
    Decider,
    Decision,
    Limits,
    OutcomeName,
    Silence,
)
from hunch_features.offers.moments import Boundary, Moment, boundary_of
from hunch_features.offers.offer import Offer, OfferKind
from hunch_features.traces import events

T = 1_000_000_000


def offer(
    kind: OfferKind = OfferKind.MISSING_TWIN, key: str = "", confidence: float = 0.9, lasts: int = 60_000
) -> Offer:
    return Offer(
        kind, key or f"{kind}:thing", "Change schema.sql", "It usually changes too.", confidence, lasts_ms=lasts
    )


def moment(
    at: int = T,
    boundary: Boundary = Boundary.COMMITTING,
    activity: Activity = Activity.COMMITTING,
    *,
    since_key: int | None = 5_000,
    lately: int = 0,
) -> Moment:
    intent = Intent(activity, 0.9, "events", "said so")
    return Moment(at, boundary, intent, at - since_key if since_key is not None else None, lately)


def decider(per_hour: int = 4, *, enable: bool = True) -> Decider:
    return Decider(Limits(enable, per_hour))


def silence(decision: Decision) -> Silence | None:
    assert (decision.made is None) == (decision.silence is not None)
    return decision.silence


def test_a_good_offer_at_a_good_moment_is_made_and_says_why() -> None:
    one = decider()
    decision = one.decide([offer()], moment())
    assert decision.made is not None
    assert decision.made.offer.why in decision.summary
    assert one.open == decision.made


@pytest.mark.parametrize(
    ("when", "made"),
    [
        (moment(boundary=Boundary.EDIT_DONE, activity=Activity.WRITING), False),
        (moment(boundary=Boundary.COMMIT, activity=Activity.WRITING), True),
        (moment(boundary=Boundary.TEST_FAILED, activity=Activity.DEBUGGING), True),
        (moment(boundary=Boundary.SAVE, activity=Activity.WRITING), False),
        (moment(boundary=Boundary.SAVE, activity=Activity.REFACTORING), True),
    ],
)
def test_the_same_offer_is_welcome_at_some_moments_only(when: Moment, made: bool) -> None:
    decision = decider().decide([offer(OfferKind.RUN_TEST, confidence=0.65)], when)
    assert (decision.made is not None) is made
    if not made:
        assert silence(decision) is Silence.NOT_WORTH
        assert decision.worth <= decision.cost


@pytest.mark.parametrize(
    ("boundary", "since_key", "lately", "made"),
    [
        (Boundary.COMMITTING, 500, 0, False),
        (Boundary.COMMITTING, 1_000, 0, True),
        (Boundary.COMMITTING, 1_500, 40, False),
        (Boundary.IDLE, 1_900, 0, False),
        (Boundary.IDLE, 2_000, 0, True),
        (Boundary.IDLE, 5_900, 40, False),
        (Boundary.IDLE, 6_000, 40, True),
        (Boundary.IDLE, None, 0, True),
    ],
)
def test_never_while_typing(boundary: Boundary, since_key: int | None, lately: int, made: bool) -> None:
    when = moment(boundary=boundary, since_key=since_key, lately=lately)
    decision = decider().decide([offer()], when)
    assert (decision.made is not None) is made
    if not made:
        assert silence(decision) is Silence.TYPING


def test_one_at_a_time_and_it_expires() -> None:
    one = decider()
    first = one.decide([offer(key="a")], moment()).made
    assert first is not None
    assert silence(one.decide([offer(key="b")], moment(T + 1000))) is Silence.OPEN
    assert one.expire(T + 59_999) is None
    assert one.expire(T + 60_000) == first
    assert one.open is None


def test_never_twice_after_a_no_and_its_kind_rests() -> None:
    one = decider(per_hour=60)
    made = one.decide([offer(key="a")], moment()).made
    assert made is not None
    assert one.outcome(made.id, "dismissed", T + 1000) == made
    assert one.outcome(made.id, "accepted", T + 2000) is None
    other_kind = offer(OfferKind.REPEATED_FAILURE, key="c", confidence=1.0)
    later = T + APART_MS + 2_000
    assert silence(one.decide([offer(key="b")], moment(later))) is Silence.KIND_RESTS
    assert one.decide([other_kind], moment(later)).made is not None
    for hours in (1, 5, 24, 1000):
        at = T + hours * HOUR_MS
        one.expire(at)
        assert silence(one.decide([offer(key="a")], moment(at))) is Silence.SAID_NO


def test_not_now_is_quiet_for_twice_as_long_each_time() -> None:
    one = decider(per_hour=60)
    at = T
    for pause in (NOT_NOW_MS, 2 * NOT_NOW_MS, 4 * NOT_NOW_MS):
        made = one.decide([offer(key=f"k{at}")], moment(at)).made
        assert made is not None
        one.outcome(made.id, "notNow", at)
        assert silence(one.decide([offer(key="x")], moment(at + pause - 1))) is Silence.NOT_NOW
        # A fresh hour, so that what was unwanted before weighs nothing.
        at += max(pause, HOUR_MS)
    made = one.decide([offer(key="y")], moment(at)).made
    assert made is not None
    one.outcome(made.id, "accepted", at)
    made = one.decide([offer(key="z")], moment(at + 1000)).made
    assert made is not None
    one.outcome(made.id, "notNow", at + 1000)
    assert silence(one.decide([offer(key="x")], moment(at + NOT_NOW_MS))) is Silence.NOT_NOW
    assert one.decide([offer(key="x")], moment(at + NOT_NOW_MS + HOUR_MS)).made is not None


def test_what_was_taken_costs_no_budget_and_needs_no_distance() -> None:
    one = decider(per_hour=1)
    for step in range(5):
        made = one.decide([offer(OfferKind.NEXT_EDIT, key=f"k{step}")], moment(T + 3000 * step)).made
        assert made is not None
        one.outcome(made.id, "accepted", T + 3000 * step + 500)


def test_the_budget_of_an_hour() -> None:
    one = decider(per_hour=2)
    at = T
    for step in range(2):
        assert one.decide([offer(key=f"k{step}", confidence=1.0, lasts=1000)], moment(at)).made is not None
        assert silence(one.decide([offer(OfferKind.RESUME, key="r")], moment(at + 30_000))) in (
            Silence.TOO_SOON,
            Silence.BUDGET,
        )
        at += 15 * 60_000
    assert silence(one.decide([offer(OfferKind.RESUME, key="r", confidence=1.0)], moment(at))) is Silence.BUDGET


def test_the_second_best_is_made_where_the_best_was_refused() -> None:
    one = decider()
    made = one.decide([offer(key="a")], moment()).made
    assert made is not None
    one.outcome(made.id, "dismissed", T)
    at = T + 2 * HOUR_MS
    decision = one.decide([offer(key="a", confidence=1.0), offer(OfferKind.RUN_TEST, key="b")], moment(at))
    assert decision.made is not None
    assert decision.made.offer.key == "b"


@pytest.mark.parametrize(
    ("one", "candidates", "reason"),
    [
        (decider(enable=False), [offer()], Silence.OFF),
        (decider(), [], Silence.NOTHING),
        (decider(), [offer(confidence=0.49)], Silence.UNSURE),
    ],
)
def test_other_silences_have_reasons(one: Decider, candidates: list[Offer], reason: Silence) -> None:
    decision = one.decide(candidates, moment())
    assert silence(decision) is reason
    assert decision.summary.startswith("No offer")


def test_an_offer_in_an_unfinished_edit_costs_nothing_twice_an_hour() -> None:
    one = decider(per_hour=1)
    for step in range(3):
        at = T + 20_000 * step
        assert one.decide([offer(key="a")], moment(at)).made is not None
        assert one.withdraw(at + 3_000) is not None
        assert one.withdraw(at + 3_000) is None
    assert silence(one.decide([offer(key="a")], moment(T + 80_000))) is Silence.BUDGET


def test_an_offer_that_was_seen_and_typed_over_counts() -> None:
    one = decider(per_hour=1)
    assert one.decide([offer(key="a")], moment()).made is not None
    assert one.withdraw(T + 30_000) is not None
    assert silence(one.decide([offer(key="a")], moment(T + 40_000))) is Silence.BUDGET


def test_what_could_not_be_shown_never_was() -> None:
    one = decider(per_hour=1)
    for step in range(5):
        assert one.decide([offer(key="a")], moment(T + step)).made is not None
        one.unmake()


@pytest.mark.parametrize(
    ("event", "boundary"),
    [
        (events.Save(at=1), Boundary.SAVE),
        (events.GitOperation(at=1, operation="commit"), Boundary.COMMIT),
        (events.GitOperation(at=1, operation="checkout"), None),
        (events.ViewSwitch(at=1, to="git"), Boundary.COMMITTING),
        (events.ViewSwitch(at=1, to="editor"), Boundary.SWITCH),
        (events.TaskRun(at=1, group="test", failed=1), Boundary.TEST_FAILED),
        (events.TaskRun(at=1, group="test", failed=0, exit_code=0), None),
        (events.TerminalRun(at=1, exit_code=1), Boundary.TEST_FAILED),
        (events.DiagnosticsChanged(at=1, errors=1), Boundary.DIAGNOSTICS),
        (events.DiagnosticsChanged(at=1, errors=0, errors_before=1), None),
        (events.Idle(at=1, duration_ms=20 * 60_000), Boundary.RETURN),
        (events.Focus(at=1, gained=True, away_ms=1000), None),
        (events.EditBurst(at=1), None),
    ],
)
def test_boundaries(event: events.Event, boundary: Boundary | None) -> None:
    assert boundary_of(event) is boundary


steps = st.tuples(
    st.integers(0, 20 * 60_000),
    st.sampled_from(list(OfferKind)),
    st.integers(0, 3),
    st.floats(0, 1),
    st.sampled_from(list(Boundary)),
    st.sampled_from(list(Activity)),
    st.sampled_from([None, "accepted", "dismissed", "expired", "notNow"]),
)


@given(st.lists(steps, max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_happens_the_promises_hold(
    sequence: list[tuple[int, OfferKind, int, float, Boundary, Activity, OutcomeName | None]],
) -> None:
    one = decider(per_hour=3)
    at = T
    refused: set[str] = set()
    shown: list[tuple[int, str]] = []
    taken: set[str] = set()
    for pause, kind, number, confidence, boundary, activity, answer in sequence:
        at += pause
        before = one.open
        made = one.decide([offer(kind, f"{kind}{number}", confidence)], moment(at, boundary, activity)).made
        if made is not None:
            assert before is None or before.expires <= at
            assert made.offer.key not in refused
            assert confidence >= 0.5
            shown.append((at, made.id))
        unwanted = [name for then, name in shown if at - then < HOUR_MS and name not in taken]
        assert len(unwanted) <= 3
        if answer is not None and one.open is not None:
            name = one.open.id
            key = one.open.offer.key
            assert one.outcome(name, answer, at) is not None
            if answer == "dismissed":
                refused.add(key)
            if answer == "accepted":
                taken.add(name)
