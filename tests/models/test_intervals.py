"""Intervals against textbook values."""

from __future__ import annotations

import pytest

from hunch_models.intervals import wilson


def test_wilson_against_a_textbook_value() -> None:
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)


def test_nothing_counted_says_nothing() -> None:
    assert wilson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (0, 50), (50, 50), (7, 9)])
def test_the_interval_holds_the_share_and_stays_inside(hits: int, n: int) -> None:
    low, high = wilson(hits, n)
    assert -1e-9 <= low <= hits / n <= high <= 1 + 1e-9
