"""Hours of typing in short, and what they leave: memory, open files and latency of each tenth."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
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
PIECES = 10
"""Replays of each tenth, each followed by a look at memory: one look alone is mostly chance."""
WARM_UP = 24
"""Keystrokes before anything is measured: what is loaded lazily."""


class Soaking(HunchSide):
    """Opens the document once and keeps it over many replays."""

    def open(self, name: str, text: str) -> None:
        if name not in self._uris:
            super().open(name, text)
        assert self.text(name) == text


@dataclass(slots=True)
class Soak:
    """What was seen: memory in MB after so many `keys`, of the server and of its worker; open files; p95s in ms."""

    keys: list[int] = field(default_factory=list)
    server_mb: list[float] = field(default_factory=list)
    worker_mb: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    first_text_p95_ms: list[float] = field(default_factory=list)
    outside_p95_ms: list[float] = field(default_factory=list)
    texts: list[int] = field(default_factory=list)
    """Requests answered with text, by tenth."""
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

    def summary(self) -> dict[str, Any]:
        """The figures of docs/benchmarks.md."""
        halves = {"all": 0.0, "second half": 0.5}
        memories = {"server": self.server_mb, "worker": self.worker_mb, "both": self.total_mb}
        return {
            "keystrokes": self.keys[-1],
            "seconds": round(self.seconds, 1),
            "unanswered": self.unanswered,
            "memory_mb": {name: [round(found[0], 1), round(found[-1], 1)] for name, found in memories.items()},
            "mb_per_1000_keys": {
                name: {half: round(self.slope(found, since=since), 3) for half, since in halves.items()}
                for name, found in memories.items()
            },
            "open_files": [self.files[0], self.files[-1], max(self.files)],
            "first_text_p95_ms": self.first_text_p95_ms,
            "last_tenth_to_first": round(self.first_text_p95_ms[-1] / self.first_text_p95_ms[0], 3),
            "outside_model_p95_ms": self.outside_p95_ms,
            "work": self.work,
        }


async def soak(
    editor: Editor, root: Path, keystrokes: int, advance: Callable[[int], None] = lambda typed: None
) -> Soak:
    """Type so many keys into a running server, each when the one before is answered."""
    assert editor.process_id is not None
    server = psutil.Process(editor.process_id)
    (root / NAME).write_text(SOURCE, encoding="utf-8")
    side, found = Soaking(editor, root), Soak()
    await replay(side, retyping(seed=0, keystrokes=WARM_UP), CLOSED_LOOP)
    started = perf_counter()
    pieces = max(1, min(PIECES, keystrokes // TENTHS // WARM_UP))
    each = keystrokes // TENTHS // pieces
    typed = 0
    for tenth in range(TENTHS):
        first_text: list[float] = []
        for piece in range(pieces):
            seed = 1 + tenth * pieces + piece
            figures = (await replay(side, retyping(seed=seed, keystrokes=each), CLOSED_LOOP)).figures
            found.unanswered += figures.requests - figures.answered
            first_text += figures.first_text_ms
            typed += figures.keystrokes
            children = server.children(recursive=True)
            found.keys.append(typed)
            found.server_mb.append(server.memory_info().rss / 1e6)
            found.worker_mb.append(sum(child.memory_info().rss for child in children) / 1e6)
            found.files.append(server.num_handles() if psutil.WINDOWS else server.num_fds())
            advance(typed)
        stats = await editor.request("hunch/stats")
        found.texts.append(len(first_text))
        found.first_text_p95_ms.append(percentiles(first_text)["p95"])
        found.outside_p95_ms.append(stats["outside_model_ms"]["p95"])
        found.work = stats["work"]
    found.seconds = perf_counter() - started
    return found
