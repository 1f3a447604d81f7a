"""How likely a text is exactly right, as an offset on the gate's score: what the public data cannot teach.

In those data another, larger model wrote, and how sure it was says little of how sure the bundled one may be. The
completion engine knows more: the probability by which it chose between what memory recalled and what the model wrote.
It exists in live sessions only, for single lines; where it is missing, the offset is 0.
"""

from __future__ import annotations

import math

RIGHT = "right"
"""Name of the probability among a verdict's values."""
WEIGHT = 1.5
"""Log-odds of being taken per log-odds of being right, shrunk: holes of repositories ask for more than 2, but there
being right is all that counts. People take what is nearly right, and refuse what is right at the wrong time."""
LEAST, MOST = -3.0, 1.0
"""Bounds of the offset. What is likely wrong is held back; who turns everything down is spared what is right, too."""


def offset(right: float | None) -> float:
    """Log-odds to add to the score of a text that is right with this probability; 0 at one half and where unknown."""
    if right is None or not math.isfinite(right):
        return 0.0
    bounded = max(1e-3, min(1 - 1e-3, right))
    return max(LEAST, min(MOST, WEIGHT * math.log(bounded / (1 - bounded))))
