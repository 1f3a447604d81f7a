"""What waits for the engine and what runs on it: one job at a time, generation before prewarming."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hunch_models.backend import GenerationRequest
from hunch_models.llama import wire


@dataclass(eq=False, slots=True)
class Job:
    """One request. Times are in seconds of the owner's clock; `number` is 0 until it is sent to the worker."""

    request: GenerationRequest
    decode: bool
    answer: asyncio.Future[wire.Done | None]
    asked_at: float
    on_text: Callable[[str], None] | None = None
    number: int = 0
    sent_at: float = 0.0
    first_text_at: float = 0.0

    def resolve(self, done: wire.Done | None) -> None:
        """Give the answer; nobody may be waiting any more. None: superseded before it ran."""
        if not self.answer.done():
            self.answer.set_result(done)

    def fail(self, error: Exception) -> None:
        """End it with an error."""
        if not self.answer.done():
            self.answer.set_exception(error)


class JobQueue:
    """Generations in order of arrival; of prewarms only the newest, and only when no generation waits."""

    def __init__(self) -> None:
        self.active: Job | None = None
        """What the worker has been told to do and has not answered yet."""
        self.busy = asyncio.Event()
        """Set while there is an active job."""
        self.idle = asyncio.Event()
        """Set while nothing runs and nothing waits."""
        self.idle.set()
        self._generations: deque[Job] = deque()
        self._prewarm: Job | None = None

    def add(self, job: Job) -> bool:
        """Put a job in line; whether the active one should give way to it."""
        if job.decode:
            self._generations.append(job)
        else:
            if self._prewarm is not None:
                self._prewarm.resolve(None)
            self._prewarm = job
        self.idle.clear()
        return self.active is not None and not self.active.decode

    def take(self) -> Job | None:
        """Make the next job the active one, if none is."""
        if self.active is not None:
            return None
        if self._generations:
            self.active = self._generations.popleft()
        else:
            self.active, self._prewarm = self._prewarm, None
        self._note()
        return self.active

    def finished(self, number: int) -> Job | None:
        """The worker has answered this job; None when it is not the active one."""
        job = self.active
        if job is None or job.number != number:
            return None
        self.active = None
        self._note()
        return job

    def drop(self, job: Job) -> bool:
        """Nobody waits for this job any more; whether it runs already and has to be cancelled there."""
        if job is self.active:
            return True
        if job is self._prewarm:
            self._prewarm = None
        elif job in self._generations:
            self._generations.remove(job)
        self._note()
        return False

    def fail_all(self, error: Exception) -> None:
        """The engine is gone: nothing runs, and nobody waits on."""
        jobs = [job for job in (self.active, *self._generations, self._prewarm) if job is not None]
        self.active = self._prewarm = None
        self._generations.clear()
        self._note()
        for job in jobs:
            job.fail(error)

    def _note(self) -> None:
        if self.active is not None:
            self.busy.set()
            return
        self.busy.clear()
        if not self._generations and self._prewarm is None:
            self.idle.set()
