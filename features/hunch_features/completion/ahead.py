"""Work in idle time: what would be asked for next is made before it is asked for.

While a suggestion stands on the screen, the text after it is generated as if it were accepted, line after line. After
a key at which nothing was asked, and where the cursor was put, the prompt of that place is read. All of it gives way to
a person's own request, and none of it is done on battery, under load or for a model that is not on this machine.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hunch_features.completion.choosing import Chosen
from hunch_features.completion.multiline import opens_block
from hunch_features.completion.running import Running
from hunch_features.text import Document, Edit, Position, Snapshot
from hunch_models.errors import BackendError

log = logging.getLogger(__name__)

SETTLE_S = 0.15
"""How long nothing must have happened: the least of the peers' settling times."""
LEAST_CHANCE = 0.25
"""Below it a suggestion is too seldom taken for what comes after it to be worth making."""
MOST_LINES = 5
MOST_TRIES = 3
"""How often a generation begins again after a person's request took the worker from it."""
ON_THE_WAY = 400
"""Code points between where a person is and where the work is for."""
SAME_BEFORE, SAME_AFTER = 160, 64
"""Code points around a place that must be the same; those of the type-through cache."""
LEAVES_BLOCK = ("return", "pass", "raise", "break", "continue")
USUAL_INDENT = 4


Place = tuple[Snapshot, Position]
"""A text and the cursor in it."""


@dataclass(slots=True)
class AheadCounts:
    """What was done in idle time: generations begun, texts kept, texts that a person came to, prompts read ahead; and
    how often there was something to do, but the machine or the person did not allow it."""

    begun: int = 0
    kept: int = 0
    used: int = 0
    prewarmed: int = 0
    declined: int = 0


class Ahead:
    """At most one piece of work at a time; the newest takes the place of the one before.

    `make` generates at a place and keeps the text in the cache; it raises CancelledError when something more urgent
    took the worker. `read` reads the prompt of a place, `idle` returns when nothing is computed, `may` says whether the
    machine and the person allow work.
    """

    def __init__(
        self,
        make: Callable[[Running], Awaitable[Chosen]],
        read: Callable[[Snapshot, Position], Awaitable[None]],
        idle: Callable[[], Awaitable[None]],
        may: Callable[[], bool],
    ) -> None:
        self.counts = AheadCounts()
        self._make, self._read, self._idle, self._may = make, read, idle, may
        self._task: asyncio.Task[None] | None = None
        self._running: Running | None = None
        self._goal: Place | None = None

    def shown(self, snapshot: Snapshot, position: Position, completion: str, chance: float) -> None:
        """A completion stands on the screen, and will be taken with this probability."""
        if chance < LEAST_CHANCE:
            return
        if self._goal is not None and _same_place(self._goal, after_accepting(snapshot, position, completion)):
            return  # typed a little further into it
        if not self._may():
            self.counts.declined += 1
            return

        async def work() -> None:
            goal = self._goal = after_accepting(snapshot, position, completion)
            if goal is not None:
                await self._go_on(goal, chance)

        self._replace(work)

    def rested(self, snapshot: Snapshot, position: Position) -> None:
        """A key came at which nothing is asked."""
        if not self._may():
            self.counts.declined += 1
            return
        self._replace(lambda: self._prewarm(snapshot, position))

    def moved(self, snapshot: Snapshot, position: Position) -> None:
        """The cursor was put here, and nothing is asked yet. One on the way to a text being made leaves that alone."""
        if self._goal is None or not _leads_to((snapshot, position), self._goal):
            self.stop()
            self.rested(snapshot, position)

    def matching(self, snapshot: Snapshot, position: Position) -> Running | None:
        """The generation under way if it is for exactly this place and what was typed there since."""
        running = self._running
        if running is None or running.task is None or running.task.done():
            return None
        typed = running.typed_since(snapshot, position)
        return running if typed is not None and running.still_matches(typed) else None

    def came(self, snapshot: Snapshot, position: Position) -> None:
        """A person's request: what does not lie on the way from here is given up."""
        if self._goal is None or not _leads_to((snapshot, position), self._goal):
            self.stop()

    def stop(self) -> None:
        """End what is being done."""
        task, self._task, self._running, self._goal = self._task, None, None, None
        if task is not None:
            task.cancel()

    def _replace(self, work: Callable[[], Awaitable[None]]) -> None:
        self.stop()

        async def guarded() -> None:
            try:
                await asyncio.sleep(SETTLE_S)
                await work()
            except BackendError as error:
                log.debug("idle work ended: %s", error)
            except Exception:
                log.exception("bug in idle work")

        self._task = asyncio.ensure_future(guarded())

    async def _prewarm(self, snapshot: Snapshot, position: Position) -> None:
        self.counts.prewarmed += 1
        await self._read(snapshot, position)

    async def _go_on(self, goal: Place, chance: float) -> None:
        """Line after line, as if each were accepted, while that is likely enough."""
        for _ in range(MOST_LINES):
            chosen = await self._one(*goal)
            if chosen is None or not isinstance(chosen.result, str):
                return
            self.counts.kept += 1
            chance *= math.exp(chosen.logprobs.mean) if chosen.logprobs.mean is not None else 0.0
            following = after_accepting(*goal, chosen.result)
            if chance < LEAST_CHANCE or following is None or not self._may():
                return
            goal = self._goal = following

    async def _one(self, snapshot: Snapshot, position: Position) -> Chosen | None:
        for _ in range(MOST_TRIES):
            await self._idle()
            self.counts.begun += 1
            running = Running(snapshot, position)
            running.task = asyncio.ensure_future(self._make(running))
            self._running = running
            try:
                await asyncio.wait({running.task})
            finally:
                # A key that came to this very place waits for it.
                if not running.task.done() and not running.waiting:
                    running.task.cancel()
            if not running.task.cancelled():
                return running.task.result()
        return None


def after_accepting(snapshot: Snapshot, position: Position, completion: str) -> Place | None:
    """The text and the cursor when a completion was accepted and, at a line's end, the next line begun.

    None where that is not worth guessing: after a statement that leaves its block the indentation is anybody's.
    """
    line = snapshot.line(position.line)
    end = "\r\n" if snapshot.line_with_end(position.line).endswith("\r\n") else "\n"
    last = (line[: position.column] + completion).rpartition("\n")[2]
    inserted = completion.replace("\r\n", "\n")
    if not line[position.column :].strip():
        if not last.strip() or last.split()[0] in LEAVES_BLOCK:
            return None
        indent = last[: len(last) - len(last.lstrip())]
        inserted += "\n" + indent + (_step(snapshot, indent) if opens_block(snapshot.language, last) else "")
    document = Document(snapshot.text(), snapshot.path, snapshot.language, -snapshot.version - 1)
    document.apply(Edit(position, position, inserted.replace("\n", end)))
    offset = snapshot.offset_at(position) + len(inserted.replace("\n", end))
    future = document.snapshot()
    return future, future.position_at(offset)


def _step(snapshot: Snapshot, indent: str) -> str:
    """One level of indentation as this file has it."""
    if "\t" in indent:
        return "\t"
    widths = set()
    for number in range(min(snapshot.line_count, 400)):
        line = snapshot.line(number)
        if line.startswith("\t"):
            return "\t"
        width = len(line) - len(line.lstrip(" "))
        if width > 1 and line.strip():
            widths.add(width)
    return " " * min(widths, default=USUAL_INDENT)


def _around(place: Place) -> tuple[str, str, str]:
    snapshot, position = place
    at = snapshot.offset_at(position)
    return snapshot.path, snapshot.slice(max(0, at - SAME_BEFORE), at), snapshot.slice(at, at + SAME_AFTER)


def _same_place(one: Place, other: Place | None) -> bool:
    return other is not None and _around(one) == _around(other)


def _leads_to(here: Place, goal: Place) -> bool:
    """Whether typing on from `here` can make the text of `goal`."""
    path, before, after = _around(here)
    future, position = goal
    at, now = future.offset_at(position), here[0].offset_at(here[1])
    return (
        path == future.path
        and 0 <= at - now <= ON_THE_WAY
        and future.slice(max(0, now - SAME_BEFORE), now) == before
        and future.slice(at, at + SAME_AFTER) == after
    )
