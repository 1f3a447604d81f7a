"""Whether the machine has time to spare for work that nobody waits for."""

from __future__ import annotations

import pytest

from hunch_server.adapters.machine import BUSY_PERCENT, LOOK_EVERY_S, Spare, on_battery


@pytest.mark.parametrize(
    ("busy", "battery", "spare"),
    [(0.0, False, True), (BUSY_PERCENT - 1, False, True), (BUSY_PERCENT, False, False), (0.0, True, False)],
)
def test_not_on_battery_and_not_while_busy(busy: float, battery: bool, spare: bool) -> None:
    now = [0.0]
    looked: list[float] = []

    def percent() -> float:
        looked.append(now[0])
        return busy

    ask = Spare(lambda: now[0], percent, lambda: battery)
    assert ask(), "nothing is known yet"
    now[0] = LOOK_EVERY_S
    assert ask() is spare
    now[0] += LOOK_EVERY_S / 2
    assert ask() is spare
    assert looked == [0.0, LOOK_EVERY_S]


def test_the_systems_own_answers() -> None:
    assert on_battery() in (True, False)
    now = [0.0]
    ask = Spare(lambda: now[0])
    now[0] = LOOK_EVERY_S
    assert ask() in (True, False)
