"""Hours of typing in short: latency, memory and open files stay what they were.

Ordinary form 240 keystrokes, with `--long` 100,000. The figures are printed, and go to docs/benchmarks.md by hand;
`python -m tests.benchmarks.soak` takes any number of keystrokes.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest

from tests.e2e.conftest import Start
from tests.e2e.conftest import start as start_fixture
from tests.robustness.soaking import soak

start = start_fixture


@pytest.mark.timeout(7200)
async def test_typing_for_hours(start: Start, tmp_path: Path, long_form: bool) -> None:
    root = tmp_path / "workspace"
    root.mkdir()
    async with start(root) as editor:
        found = await soak(editor, root, 100_000 if long_form else 240)
    print(f"\nsoak: {json.dumps(found.summary())}")
    latency, memory = found.latency, found.total_mb
    assert not found.unanswered
    assert min(map(len, found.tenths)) > found.keys[-1] / 10 / 40
    assert max(found.files[1:]) <= found.files[0] + 2
    if long_form:
        assert found.slope(memory, since=0.5) < 0.5
        assert latency[-1] <= 1.1 * latency[0] + 2
    else:
        # Too short for a slope: caches are still filling, and other work on the machine comes and goes.
        assert memory[-1] - memory[0] < 40
        assert statistics.median(latency[-3:]) <= 5 * statistics.median(latency[:3]) + 250
