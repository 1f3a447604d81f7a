"""`hunch: ignore ID reason`: compiled and hand-written ids, on the line or above it, and never without a reason."""

from __future__ import annotations

import pytest

from hunch_features.constraints.ignores import ignored_rules


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["x()  # hunch: ignore 3288646e18 a calculator"], {"3288646e18"}),
        (["x()  # hunch: ignore 3288646e18.2 a calculator"], {"3288646e18.2"}),
        (["x()  // hunch: ignore no-sleep waits for hardware"], {"no-sleep"}),
        (["x()  # hunch: ignore no-sleep"], set()),
        (["x()  # hunch: ignore no-sleep …"], set()),
        (["x()  # hunch: ignore no-sleep, because"], set()),
        (["# hunch: ignore no-sleep why not", "x()"], {"no-sleep"}),
        (["y()  # hunch: ignore no-sleep why not", "x()"], set()),
    ],
)
def test_what_is_ignored_on_the_last_line(lines: list[str], expected: set[str]) -> None:
    assert ignored_rules(lines, len(lines) - 1) == expected
