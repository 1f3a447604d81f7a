"""Starts a server whose wall clock a test can move: seconds to add stand in the file HUNCH_TEST_CLOCK.

Run as `python -I moving_clock.py serve …`. The monotonic clock stays what it is, as when a person or NTP sets a clock.
"""

import contextlib
import os
import runpy
import sys
import time
from pathlib import Path

LAUNCHER = Path(__file__).parents[2] / "server" / "hunch_server" / "launcher.py"
OFFSET = Path(os.environ["HUNCH_TEST_CLOCK"])
real, real_ns = time.time, time.time_ns


def moved_by() -> float:
    with contextlib.suppress(OSError, ValueError):
        return float(OFFSET.read_text(encoding="utf-8"))
    return 0.0


if __name__ == "__main__":
    time.time = lambda: real() + moved_by()
    time.time_ns = lambda: real_ns() + int(moved_by() * 1e9)
    sys.argv[0] = str(LAUNCHER)
    runpy.run_path(str(LAUNCHER), run_name="__main__")
