"""What machine this is, in one line for benchmarks and `hunch doctor`, and whether it has time to spare."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

import psutil


def cpu_name() -> str:
    """The processor's marketing name where the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def machine_line() -> str:
    """Processor, cores, memory, system, Python."""
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{cpu_name()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def on_battery() -> bool:
    """Whether the machine runs on its battery; False where there is none or nobody knows."""
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, RuntimeError):  # not offered on every system
        return False
    return battery is not None and battery.power_plugged is False


LOOK_EVERY_S = 5.0
BUSY_PERCENT = 60.0
"""Above it, over all cores since the last look, somebody else needs them."""


class Spare:
    """Whether work that nobody waits for may be done: not on battery and not while the machine is busy.

    `clock`: seconds. `busy_percent`: use of all cores since it was asked last. By default the system's own.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        busy_percent: Callable[[], float] = psutil.cpu_percent,
        battery: Callable[[], bool] = on_battery,
    ) -> None:
        self._clock, self._busy_percent, self._battery = clock, busy_percent, battery
        self._looked_at = clock()
        self._answer = True
        busy_percent()  # the first answer only sets the mark that later ones count from

    def __call__(self) -> bool:
        """Looked at anew every five seconds at most; takes well below a millisecond."""
        now = self._clock()
        if now - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = now
            busy = self._busy_percent()
            self._answer = busy < BUSY_PERCENT and not self._battery()
        return self._answer
