"""Types a recording into one side and measures what a person would feel.

With `speed`, keys come at the recorded pace, pauses cut to `gap_ms`; without, each comes when the answer to the one
before is there, at the latest after `gap_ms`. A key that comes before the answer withdraws the request, as editors do.
A shown text is accepted at once as far as the person went on to type it (`taken`); its keys are then not typed.
Threshold and gate are off: every text that the model writes counts, as with clients that have neither.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from hunch_features.evaluation.typing import Step, TypingRecording, taken, typed_ahead
from hunch_models.errors import HunchError
from hunch_server.benchmarks.hunch_side import HunchSide
from hunch_server.benchmarks.process_cost import CpuMeter
from hunch_server.benchmarks.sides import Figures, Shown, Side

LOOK_AHEAD = 2_000
"""Code points of coming text that a shown text is compared with."""
CANCEL_EVERY = 25
CANCEL_AFTER_MS = (0.5, 6.0)  # uniformly drawn: sometimes in the prompt, sometimes while decoding
METER_EVERY = 50

SHOW_ALL: dict[str, Any] = {"completion": {"minLogprob": -100}, "gate": {"level": "off"}, "traces": {"record": False}}
"""The editor settings of a run: no threshold, no gate, and nothing recorded of it."""


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """`limit`: keystrokes to replay (0: all). `gap_ms`: the longest wait per key. `speed`: times the recorded pace,
    0 for as fast as answers come. `time_cancels`: withdraw every 25th request on purpose and time it. `cursor_ms`: how
    long before the first key at another place the cursor is put there (at the recorded pace), 0: nobody tells."""

    limit: int = 1000
    gap_ms: float = 400.0
    speed: float = 0.0
    time_cancels: bool = True
    cursor_ms: float = 0.0


@dataclass(slots=True)
class Replayed:
    """What one replay brought: `costs` as the side tells them, seconds of CPU (None: unknown) and of the clock."""

    figures: Figures
    costs: dict[str, Any]
    cpu_s: float | None
    wall_s: float


async def replay(
    side: Side,
    recording: TypingRecording,
    options: BenchOptions,
    meter: CpuMeter | None = None,
    advance: Callable[[int], None] = lambda done: None,
) -> Replayed:
    """Type the recording into one side."""
    typist = _Typist(side, recording, options, meter, advance)
    started = perf_counter()
    await typist.type()
    await side.settle()
    costs = await side.costs()
    return Replayed(typist.figures, costs, meter.seconds() if meter else None, perf_counter() - started)


class _Typist:
    """The person of one replay."""

    def __init__(
        self,
        side: Side,
        recording: TypingRecording,
        options: BenchOptions,
        meter: CpuMeter | None,
        advance: Callable[[int], None],
    ) -> None:
        self.figures = Figures()
        self._side = side
        self._recording = recording
        self._steps = recording.steps
        self._options = options
        self._meter = meter
        self._advance = advance
        self._opened: set[str] = set()
        self._failure: BaseException | None = None  # of a request that nobody waited for any more
        self._skip = 0  # characters of coming steps that an accepted text has typed already
        self._due = perf_counter()
        # Jittered by a fixed seed, so that two runs withdraw at the same points.
        self._dice = random.Random(20)  # noqa: S311

    async def type(self) -> None:
        for index, step in enumerate(self._steps):
            if self._options.limit and self.figures.keystrokes >= self._options.limit:
                break
            if self._failure is not None:
                raise self._failure
            self._open(step.document)
            self.figures.keystrokes += step.is_keystroke
            self._advance(self.figures.keystrokes)
            if self._meter is not None and index % METER_EVERY == 0:
                self._meter.seconds()
            typed = self._apply(step)
            until = self._next_key(index)
            if typed and step.is_keystroke:
                await self._wait_for_text(index, step, until)
            if self._options.speed:
                await self._pause(index, until)

    async def _pause(self, index: int, until: float) -> None:
        """Wait for the next key; where that is elsewhere, the cursor is there some time before."""
        if self._options.cursor_ms and index + 1 < len(self._steps) and not self._skip:
            step, following = self._steps[index], self._steps[index + 1]
            after = step.position + len(step.inserted)
            elsewhere = following.position + following.deleted
            known = following.document in self._opened
            if known and (step.document != following.document or elsewhere != after):
                await asyncio.sleep(max(0.0, until - self._options.cursor_ms / 1000 - perf_counter()))
                self._side.moved(following.document, elsewhere)
        await asyncio.sleep(max(0.0, until - perf_counter()))

    def _open(self, name: str) -> None:
        if name not in self._opened:
            self._opened.add(name)
            self._side.open(name, self._recording.documents[name])

    def _next_key(self, index: int) -> float:
        """When the next key comes (`perf_counter`), with the recorded pace."""
        if not self._options.speed:
            return perf_counter() + self._options.gap_ms / 1000
        following = self._steps[index + 1] if index + 1 < len(self._steps) else self._steps[index]
        gap_ms = max(0.0, following.at_ms - self._steps[index].at_ms) / self._options.speed
        self._due = max(self._due, perf_counter() - 0.05) + min(gap_ms, self._options.gap_ms) / 1000
        return self._due

    def _apply(self, step: Step) -> bool:
        """Apply a step but for what an accepted text has typed already; whether an editor would ask now."""
        side, skip = self._side, self._skip
        if not skip:
            side.edit(step.document, step.position, step.position + step.deleted, step.inserted)
            return True
        if skip >= len(step.inserted):
            self._skip -= len(step.inserted)
            return self._skip == 0
        self._skip = 0
        start = step.position + skip
        side.edit(step.document, start, start, step.inserted[skip:])
        return True

    async def _wait_for_text(self, index: int, step: Step, until: float) -> None:
        figures, side = self.figures, self._side
        figures.requests += 1
        cursor = step.position + len(step.inserted)
        if (
            self._options.time_cancels
            and isinstance(side, HunchSide)
            and figures.requests % CANCEL_EVERY == CANCEL_EVERY - 1
        ):
            elapsed = await side.time_cancel(step.document, cursor, self._dice.uniform(*CANCEL_AFTER_MS))
            if elapsed is not None:
                figures.cancel_ms.append(elapsed)
            return
        started = perf_counter()
        task = side.ask(step.document, cursor)
        await asyncio.wait({task}, timeout=max(0.0, until - started))
        if not task.done():
            figures.overtaken += 1
            side.withdraw()
            task.add_done_callback(self._ended_late)
            return
        shown = task.result()
        figures.answer(index, (perf_counter() - started) * 1000, shown)
        if shown is not None:
            await self._accept(index, step, cursor, shown)

    def _ended_late(self, task: asyncio.Task[Shown | None]) -> None:
        if not task.cancelled():
            self._failure = self._failure or task.exception()

    async def _accept(self, index: int, step: Step, cursor: int, shown: Shown) -> None:
        future = typed_ahead(self._steps, index + 1, cursor, LOOK_AHEAD)
        if index + 1 < len(self._steps) and self._steps[index + 1].document != step.document:
            return
        chars = taken(shown.insertion, future)
        if not chars:
            return
        self._side.edit(step.document, cursor, cursor, shown.insertion[:chars])
        self._skip = chars
        self.figures.accept(chars)
        await self._side.accept(shown, chars)


def require_keystrokes(recording: TypingRecording, name: str) -> None:
    """Raises HunchError for a recording in which nobody types."""
    if not recording.keystrokes:
        raise HunchError(f"{name} holds no keystrokes")
