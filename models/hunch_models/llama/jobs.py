"""What waits for the engine and what runs on it: one job at a time, the most urgent first."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hunch_models.backend import GenerationRequest, Priority
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

    @property
    def priority(self) -> Priority:
        """How urgent it is. Reading ahead without generating is never a person's own request."""
        return self.request.priority if self.decode else max(Priority.PREWARM, self.request.priority)

    def resolve(self, done: wire.Done | None) -> None:
        """Give the answer; nobody may be waiting any more. None: superseded before it ran."""
        if not self.answer.done():
            self.answer.set_result(done)

    def fail(self, error: Exception) -> None:
        """End it with an error."""
        if not self.answer.done():
            self.answer.set_exception(error)


class JobQueue:
    """Jobs by priority, and of one priority in order of arrival; of prewarms only the newest waits."""

    def __init__(self) -> None:
        self.active: Job | None = None
        """What the worker has been told to do and has not answered yet."""
        self.busy = asyncio.Event()
        """Set while there is an active job."""
        self.idle = asyncio.Event()
        """Set while nothing runs and nothing waits."""
        self.idle.set()
        self._waiting: dict[Priority, deque[Job]] = {priority: deque() for priority in Priority}

    def add(self, job: Job) -> bool:
        """Put a job in line; whether the active one should give way to it."""
        line = self._waiting[job.priority]
        if not job.decode:
            for other in [other for other in line if not other.decode]:
                line.remove(other)
                other.resolve(None)
        line.append(job)
        self.idle.clear()
        return self.active is not None and (
            self.active.priority > job.priority or (not self.active.decode and self.active.priority is job.priority)
        )

    def take(self) -> Job | None:
        """Make the next job the active one, if none is."""
        if self.active is not None:
            return None
        self.active = next((line.popleft() for line in self._waiting.values() if line), None)
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
        line = self._waiting[job.priority]
        if job in line:
            line.remove(job)
        self._note()
        return False

    def fail_all(self, error: Exception) -> None:
        """The engine is gone: nothing runs, and nobody waits on."""
        jobs = [job for line in self._waiting.values() for job in line]
        if self.active is not None:
            jobs.insert(0, self.active)
        self.active = None
        for line in self._waiting.values():
            line.clear()
        self._note()
        for job in jobs:
            job.fail(error)

    def _note(self) -> None:
        if self.active is not None:
            self.busy.set()
            return
        self.busy.clear()
        if not any(self._waiting.values()):
            self.idle.set()
