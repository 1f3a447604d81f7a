"""Hours of typing in short, and what they leave: memory, open files and latency of each tenth."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

from hunch_server.adapters.editor import Editor
from hunch_server.benchmarks.hunch_side import HunchSide
from hunch_server.benchmarks.typing import replay
from hunch_server.counters import percentiles
from tests.robustness.typists import CLOSED_LOOP, NAME, SOURCE, retyping

TENTHS = 10
PIECES, LEAST_PIECE = 100, 24
"""Replays, each followed by a look at memory, and the fewest keystrokes of one. One such comes before: what is loaded
lazily."""


class Soaking(HunchSide):
    """Opens the document once and keeps it over many replays."""

    def open(self, name: str, text: str) -> None:
        if name not in self._uris:
            super().open(name, text)
        assert self.text(name) == text


@dataclass(slots=True)
class Soak:
    """What was seen piece by piece: keys typed so far, memory in MB of the server and of its worker, open files, times
    to first text in ms, and the server's p95 outside the model in ms."""

    keys: list[int] = field(default_factory=list)
    server_mb: list[float] = field(default_factory=list)
    worker_mb: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    first_text_ms: list[list[float]] = field(default_factory=list)
    outside_ms: list[float] = field(default_factory=list)
    unanswered: int = 0
    seconds: float = 0.0
    work: dict[str, Any] = field(default_factory=dict)

    def slope(self, values: list[float], *, since: float = 0.0) -> float:
        """Least-squares rise of a memory per 1,000 keys; `since`: the share of the run that is left out."""
        first = int(len(values) * since)
        return statistics.linear_regression(self.keys[first:], values[first:]).slope * 1000

    @property
    def total_mb(self) -> list[float]:
        """Server and worker together."""
        return [sum(pair) for pair in zip(self.server_mb, self.worker_mb, strict=True)]

    @property
    def tenths(self) -> list[list[float]]:
        """Times to first text, tenth by tenth."""
        count = len(self.first_text_ms)
        edges = [tenth * count // TENTHS for tenth in range(TENTHS + 1)]
        return [list(chain(*self.first_text_ms[start:end])) for start, end in pairwise(edges)]

    @property
    def latency(self) -> list[float]:
        """The p95 of each tenth, ms."""
        return [percentiles(tenth)["p95"] for tenth in self.tenths]

    def summary(self) -> dict[str, Any]:
        """The figures of docs/benchmarks.md."""
        halves = {"all": 0.0, "second half": 0.5}
        memories = {"server": self.server_mb, "worker": self.worker_mb, "both": self.total_mb}
        latency = self.latency
        return {
            "keystrokes": self.keys[-1],
            "seconds": round(self.seconds, 1),
            "unanswered": self.unanswered,
            "memory_mb": {
                name: [round(at, 1) for at in found[:: -(-len(found) // TENTHS)]] for name, found in memories.items()
            },
            "mb_per_1000_keys": {
                name: {half: round(self.slope(found, since=since), 3) for half, since in halves.items()}
                for name, found in memories.items()
            },
            "open_files": [self.files[0], self.files[-1], max(self.files)],
            "first_text_p95_ms": latency,
            "last_tenth_to_first": round(latency[-1] / latency[0], 3),
            "outside_model_p95_ms": [self.outside_ms[0], self.outside_ms[-1]],
            "work": self.work,
        }


async def soak(
    editor: Editor,
    root: Path,
    keystrokes: int,
    limit_s: float = math.inf,
    advance: Callable[[int], None] = lambda typed: None,
) -> Soak:
    """Type so many keys into a running server, each when the one before is answered; fewer when `limit_s` is over."""
    assert editor.process_id is not None
    server = psutil.Process(editor.process_id)
    (root / NAME).write_text(SOURCE, encoding="utf-8")
    side, found = Soaking(editor, root), Soak()
    await replay(side, retyping(seed=0, keystrokes=LEAST_PIECE), CLOSED_LOOP)
    started = perf_counter()
    each = max(LEAST_PIECE, keystrokes // PIECES)
    typed = 0
    while len(found.keys) < TENTHS or (typed < keystrokes and perf_counter() - started < limit_s):
        figures = (await replay(side, retyping(seed=1 + len(found.keys), keystrokes=each), CLOSED_LOOP)).figures
        typed += figures.keystrokes
        stats = await editor.request("hunch/stats")
        found.unanswered += figures.requests - figures.answered
        found.first_text_ms.append(figures.first_text_ms)
        found.outside_ms.append(stats["outside_model_ms"]["p95"])
        found.work = stats["work"]
        found.keys.append(typed)
        found.server_mb.append(server.memory_info().rss / 1e6)
        found.worker_mb.append(sum(child.memory_info().rss for child in server.children(recursive=True)) / 1e6)
        found.files.append(server.num_handles() if psutil.WINDOWS else server.num_fds())
        advance(typed)
    found.seconds = perf_counter() - started
    return found
