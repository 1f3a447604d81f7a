"""The adaptive delay: none for fast models, a pause for slow ones."""

from __future__ import annotations

import itertools

import pytest

from hunch_features.completion.delay import LONGEST_MS, SHORTEST_MS, AdaptiveDelay


def typed(interval_ms: float, latency_ms: float) -> AdaptiveDelay:
    delay = AdaptiveDelay()
    for number in range(30):
        delay.key_typed(number * interval_ms)
        delay.answered(latency_ms)
    return delay


@pytest.mark.parametrize(("interval", "latency"), [(40, 20), (150, 59), (300, 200)])
def test_a_model_that_answers_between_two_keys_is_asked_at_once(interval: float, latency: float) -> None:
    assert typed(interval, latency).delay_ms(-1, explicit=False) == 0


def test_a_slow_model_is_asked_in_a_pause() -> None:
    waits = [typed(interval, 2000).delay_ms(-1, explicit=False) for interval in (20, 100, 200, 900)]
    assert waits[0] == SHORTEST_MS
    assert waits[-1] == LONGEST_MS
    assert all(shorter <= longer for shorter, longer in itertools.pairwise(waits))


def test_before_anything_is_known_nobody_waits() -> None:
    assert AdaptiveDelay().delay_ms(-1, explicit=False) == 0


def test_a_setting_overrides_and_an_explicit_request_never_waits() -> None:
    slow = typed(100, 2000)
    assert slow.delay_ms(300, explicit=False) == 300
    assert slow.delay_ms(0, explicit=False) == 0
    assert slow.delay_ms(300, explicit=True) == 0


def test_a_pause_is_no_typing_rhythm() -> None:
    delay = typed(100, 2000)
    before = delay.delay_ms(-1, explicit=False)
    delay.key_typed(1_000_000)
    assert delay.delay_ms(-1, explicit=False) == before


def test_a_clock_that_jumps_back_is_harmless() -> None:
    delay = typed(100, 2000)
    delay.key_typed(-5_000)
    assert 0 < delay.delay_ms(-1, explicit=False) <= LONGEST_MS


@pytest.mark.parametrize(("rate", "low", "high"), [(0.0, 250, 300), (0.05, 150, 150), (0.08, 0, 20), (0.2, 0, 0)])
def test_who_takes_hardly_any_is_given_time_to_type_on(rate: float, low: float, high: float) -> None:
    delay = AdaptiveDelay()
    assert low <= delay.delay_ms(-1, explicit=False, accept_rate=rate) <= high
    assert delay.delay_ms(-1, explicit=True, accept_rate=rate) == 0
    assert delay.delay_ms(40, explicit=False, accept_rate=rate) == 40


@pytest.mark.parametrize(("latency", "wait"), [(10, 140), (100, 50), (140, 0), (400, 0)])
def test_the_time_that_the_model_takes_is_part_of_that_patience(latency: float, wait: float) -> None:
    assert typed(400, latency).delay_ms(-1, explicit=False, accept_rate=0.05) == pytest.approx(wait)
