"""Hours of typing in short: latency, memory and open files stay what they were.

Ordinary form 240 keystrokes, with `--long` 100,000. The figures are printed, and go to docs/benchmarks.md by hand.
"""

from __future__ import annotations

import statistics
from pathlib import Path

import psutil
import pytest

from hunch_server.benchmarks.hunch_side import HunchSide
from hunch_server.benchmarks.process_cost import memory_bytes
from hunch_server.benchmarks.typing import replay
from hunch_server.counters import percentiles
from tests.e2e.conftest import Start
from tests.e2e.conftest import start as start_fixture
from tests.robustness.typists import CLOSED_LOOP, NAME, SOURCE, retyping

start = start_fixture

TENTHS = 10


class Soaking(HunchSide):
    """Opens the document once and keeps it over many replays."""

    def open(self, name: str, text: str) -> None:
        if name not in self._uris:
            super().open(name, text)
        assert self.text(name) == text


def slope(values: list[float]) -> float:
    """Least-squares rise per step."""
    return statistics.linear_regression(range(len(values)), values).slope


@pytest.mark.timeout(7200)
async def test_typing_for_hours(start: Start, tmp_path: Path, long_form: bool) -> None:
    each = 10_000 if long_form else 24
    root = tmp_path / "workspace"
    root.mkdir()
    (root / NAME).write_text(SOURCE, encoding="utf-8")
    latency: list[float] = []
    memory: list[float] = []
    files: list[int] = []
    async with start(root) as editor:
        side = Soaking(editor, root)
        assert editor.process_id is not None
        server = psutil.Process(editor.process_id)
        await replay(side, retyping(seed=0, keystrokes=24), CLOSED_LOOP)  # what is loaded lazily
        for tenth in range(TENTHS):
            replayed = await replay(side, retyping(seed=1 + tenth, keystrokes=each), CLOSED_LOOP)
            figures = replayed.figures
            assert figures.answered == figures.requests, "a request was never answered"
            assert len(figures.first_text_ms) > each / 40
            latency.append(percentiles(figures.first_text_ms)["p95"])
            memory.append(memory_bytes(editor.process_id) / 1e6)
            files.append(server.num_handles() if psutil.WINDOWS else server.num_fds())
        stats = await editor.request("hunch/stats")
    rise = slope(memory) * 1000 / each
    settled = slope(memory[TENTHS // 2 :]) * 1000 / each
    print(f"\nsoak: {each * TENTHS} keystrokes; p95 of the tenths {latency} ms; memory {memory[0]:.0f} MB at first, ")
    print(f"{rise:+.2f} MB per 1,000 keys ({settled:+.2f} in the second half); files {files}; {stats['work']}")
    assert max(files[1:]) <= files[0] + 2
    if long_form:
        assert settled < 0.5
        assert latency[-1] <= 1.1 * latency[0] + 2
    else:
        # Too short for a slope: caches are still filling, and other work on the machine comes and goes.
        assert memory[-1] - memory[0] < 40
        assert statistics.median(latency[-3:]) <= 5 * statistics.median(latency[:3]) + 250
