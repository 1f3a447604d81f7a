"""Intervals for what was counted."""

from __future__ import annotations

import math

Z95 = 1.96


def wilson(hits: int, n: int) -> tuple[float, float]:
    """95 % Wilson score interval of a proportion (E. B. Wilson, 1927); the whole range for n = 0."""
    if n == 0:
        return 0.0, 1.0
    square = Z95 * Z95
    centre = (hits + square / 2) / (n + square)
    half = Z95 / (n + square) * math.sqrt(hits * (n - hits) / n + square / 4)
    return centre - half, centre + half
