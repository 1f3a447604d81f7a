"""The local model as a `Backend`: requests in line, one at a time to the worker, cancelled there when nobody waits."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hunch_models.backend import (
    BackendState,
    BackendStatus,
    Finish,
    GenerationRequest,
    GenerationResult,
    GenerationTiming,
    ModelInfo,
    Snippet,
    TokenBudget,
    Work,
)
from hunch_models.errors import BackendError
from hunch_models.fim import clip_text_start
from hunch_models.llama import speeds, wire
from hunch_models.llama.jobs import Job, JobQueue
from hunch_models.llama.process import WorkerProcess
from hunch_models.llama.settings import LlamaSettings
from hunch_models.llama.speeds import ENOUGH_JOBS, Speeds
from hunch_models.llama.supervisor import Clock, Supervisor

log = logging.getLogger(__name__)

CHARS_PER_TOKEN = 16
"""Text beyond so many code points per token of its budget is cut before it is sent: no code needs as many."""

DEFAULTS = LlamaSettings()

MOST_SCORED, LONGEST_SCORED = 8, 400
"""Texts of one request that are scored, and their code points."""

MOST_LOOKUPS, LONGEST_LOOKUP = 4, 2000
"""Texts of one request in which to look for guesses, and their code points."""

MOST_SNIPPETS = 64
LONGEST_PATH = 1024


class LlamaBackend:
    """A GGUF file run by llama.cpp in a process of its own.

    `state_dir` is a folder of the caller's for remembered measurements; the worker runs in it. Everything must be
    called on one event loop.
    """

    def __init__(
        self,
        path: Path,
        *,
        state_dir: Path,
        model_id: str = "",
        settings: LlamaSettings = DEFAULTS,
        clock: Clock = time.monotonic,
    ) -> None:
        self._path = path.absolute()
        self._id = model_id or path.stem
        self._state_dir = state_dir
        self._settings = settings
        self._clock = clock
        self.work = Work()
        """Since this backend was made, over all its workers."""
        self._status = BackendStatus(BackendState.STOPPED)
        self._info: ModelInfo | None = None
        self._speeds_known = False
        self._listeners: list[Callable[[BackendStatus], None]] = []
        self._settled = asyncio.Event()
        self._settled.set()
        self._jobs = JobQueue()
        self._numbers = 0
        self._worker: WorkerProcess | None = None
        self._asked_stats: deque[asyncio.Future[wire.Stats]] = deque()
        self._supervisor: Supervisor | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def status(self) -> BackendStatus:
        """The current state."""
        return self._status

    @property
    def info(self) -> ModelInfo | None:
        """The loaded model with the speeds measured last; None before loading succeeded."""
        return self._info

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker that answers now."""
        return self._worker.pid if self._worker else None

    def on_status(self, listener: Callable[[BackendStatus], None]) -> None:
        """Call `listener` on every change of state, on the event loop."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Begin to load; returns at once. Called again, it retries a file that has been given up."""
        if self._supervisor is not None:
            self._supervisor.retry()
            return
        self._set_status(BackendStatus(BackendState.STARTING, f"loading {self._path.name}"))
        with contextlib.suppress(OSError):
            self._state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._supervisor = Supervisor(
            self._path, self._settings, self._state_dir, self, self._jobs, self._set_status, self._clock
        )
        self._running = asyncio.create_task(self._supervisor.run(), name="llama-supervisor")
        self._running.add_done_callback(self._supervision_ended)

    async def stop(self) -> None:
        """End the worker and fail what waits. Safe to call twice."""
        running, supervisor = self._running, self._supervisor
        self._running = self._supervisor = None
        if supervisor is not None and self._info is not None:
            info = self._info
            known = Speeds(info.prefill_tokens_per_s or 0.0, info.tokens_per_s or 0.0, self._numbers)
            await asyncio.to_thread(speeds.keep, self._state_dir, supervisor.key, known)
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        self._set_status(BackendStatus(BackendState.STOPPED))

    async def settled(self) -> BackendStatus:
        """The status once it is no longer STARTING: for callers that would rather wait than fail."""
        await self._settled.wait()
        return self._status

    async def generate(
        self, request: GenerationRequest, on_text: Callable[[str], None] | None = None
    ) -> GenerationResult:
        """Generate greedily; see `Backend.generate`.

        A model without fill-in-the-middle tokens answers with an empty text unless the cursor is at the end of its
        line.
        """
        job = self._new_job(request, decode=True, on_text=on_text)
        done = await self._run(job)
        if done is None:  # its time was over while it waited
            waited = (self._clock() - job.asked_at) * 1000
            return GenerationResult("", (), Finish.TIME, GenerationTiming(queue_ms=waited, total_ms=waited))
        queue_ms = (job.sent_at - job.asked_at) * 1000
        first_ms = (job.first_text_at - job.asked_at) * 1000 if job.first_text_at else 0.0
        if not first_ms and done.timing.first_token_ms:
            first_ms = queue_ms + done.timing.first_token_ms
        timing = dataclasses.replace(
            done.timing,
            queue_ms=queue_ms,
            first_token_ms=first_ms,
            total_ms=(self._clock() - job.asked_at) * 1000,
        )
        return GenerationResult(done.text, done.logprobs, done.finish, timing, done.scores)

    async def prewarm(self, request: GenerationRequest) -> None:
        """Evaluate the prompt only. Gives way to `generate` and to a newer `prewarm`; then it returns early."""
        await self._run(self._new_job(request, decode=False))

    async def idle(self) -> None:
        """Return once nothing runs and nothing waits."""
        await self._jobs.idle.wait()

    async def stats(self) -> wire.Stats:
        """The worker's own counts since it started. Raises BackendError."""
        if self._worker is None:
            raise self._away()
        answer: asyncio.Future[wire.Stats] = asyncio.get_running_loop().create_future()
        self._asked_stats.append(answer)
        self._worker.send(wire.AskStats())
        return await answer

    # Jobs

    def _new_job(
        self, request: GenerationRequest, *, decode: bool, on_text: Callable[[str], None] | None = None
    ) -> Job:
        answer: asyncio.Future[wire.Done | None] = asyncio.get_running_loop().create_future()
        length = self._info.context_length if self._info else 0
        return Job(bounded(request, length), decode, answer, self._clock(), on_text)

    async def _run(self, job: Job) -> wire.Done | None:
        if self._worker is None:
            raise self._away()
        if self._jobs.add(job):
            self._cancel_active()
        self._send_next()
        try:
            return await job.answer
        except asyncio.CancelledError:
            if self._jobs.drop(job):
                self._cancel_active()
            raise

    def _cancel_active(self) -> None:
        if self._worker is not None and self._jobs.active is not None:
            self._worker.send(wire.Cancel(self._jobs.active.number))

    def _send_next(self) -> None:
        while self._worker is not None and (job := self._jobs.take()) is not None:
            job.sent_at = self._clock()
            self._numbers += 1
            job.number = self._numbers
            left_ms = job.request.time_limit_ms - (job.sent_at - job.asked_at) * 1000
            if job.decode and left_ms <= 0:
                self._jobs.finished(job.number)
                job.resolve(None)
                continue
            request = dataclasses.replace(job.request, time_limit_ms=left_ms)
            try:
                self._worker.send(wire.Generate(job.number, request, job.on_text is not None, job.decode))
            except wire.WireError as error:
                self._jobs.finished(job.number)
                job.fail(BackendError(f"the request is too large: {error}"))

    # What the supervisor tells

    def worker_ready(self, worker: WorkerProcess, loaded: wire.Loaded) -> None:
        """A model is loaded; jobs can be sent."""
        self._worker = worker
        info = dataclasses.replace(loaded.info, id=self._id, path=str(self._path))
        known = speeds.kept(self._state_dir, self._supervisor.key) if self._supervisor is not None else None
        self._speeds_known = known is not None
        if known is not None:
            info = dataclasses.replace(info, prefill_tokens_per_s=known.prefill, tokens_per_s=known.decode)
        self._info = info

    def worker_message(self, message: wire.Response) -> None:
        """The worker has said something."""
        match message:
            case wire.Text(number, text):
                self._take_text(number, text)
            case wire.Done():
                self._take_done(message)
            case wire.Failed(number, reason):
                job = self._jobs.finished(number)
                if job is not None:
                    job.fail(BackendError(f"the model failed: {reason}"))
                self._send_next()
            case wire.Stats() if self._asked_stats:
                answer = self._asked_stats.popleft()
                if not answer.done():
                    answer.set_result(message)

    def worker_gone(self, reason: str) -> None:
        """The worker is no more; what it was doing is lost."""
        self._worker = None
        error = BackendError(reason, "it is being restarted")
        self._jobs.fail_all(error)
        while self._asked_stats:
            answer = self._asked_stats.popleft()
            if not answer.done():
                answer.set_exception(error)

    def _take_text(self, number: int, text: str) -> None:
        job = self._jobs.active
        if job is None or job.number != number or job.on_text is None or job.answer.done():
            return
        job.first_text_at = job.first_text_at or self._clock()
        try:
            job.on_text(text)
        except Exception:
            # The listener is not ours; one that fails must not take the worker's other messages with it.
            log.exception("a listener for generated text failed")
            job.on_text = None

    def _take_done(self, done: wire.Done) -> None:
        job = self._jobs.finished(done.job)
        if job is not None:
            self.work.add(done.timing, withdrawn=done.finish is Finish.CANCELLED, priority=job.priority)
        info = self._info
        if info is not None:
            info = dataclasses.replace(info, chars_per_token=done.chars_per_token)
            # The first moments of a worker, while all else starts too, tell less than the session before.
            if not self._speeds_known or self._numbers >= ENOUGH_JOBS:
                info = dataclasses.replace(info, tokens_per_s=done.decode_rate, prefill_tokens_per_s=done.prefill_rate)
            self._info = info
        if job is not None:
            job.resolve(done)
        self._send_next()

    # Status

    def _set_status(self, status: BackendStatus) -> None:
        if status.state is BackendState.STARTING:
            self._settled.clear()
        else:
            self._settled.set()
        if status == self._status:
            return
        self._status = status
        for listener in self._listeners:
            listener(status)

    def _away(self) -> BackendError:
        if self._status.state is BackendState.STOPPED:
            return BackendError("the model is not running")
        return BackendError(self._status.detail or "the model is not ready")

    def _supervision_ended(self, task: asyncio.Task[None]) -> None:
        """The supervisor ends by cancellation only; anything else is a bug, said once."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("the supervisor of the model worker failed", exc_info=error)
            self.worker_gone("the model worker's supervisor failed")
            self._set_status(BackendStatus(BackendState.DEGRADED, "an internal error; see the log"))


def bounded(request: GenerationRequest, context_length: int) -> GenerationRequest:
    """The request with every part cut to what its budget and the context can hold, and fit to be sent as UTF-8."""
    wanted = request.budget
    budget = TokenBudget(
        *(max(0, min(tokens, context_length)) for tokens in (wanted.prefix, wanted.suffix, wanted.extra))
    )
    return dataclasses.replace(
        request,
        prefix=encodable(clip_text_start(request.prefix, budget.prefix * CHARS_PER_TOKEN)),
        suffix=encodable(request.suffix[: budget.suffix * CHARS_PER_TOKEN]),
        path=encodable(request.path[-LONGEST_PATH:]),
        extra=tuple(_bounded_snippets(request.extra, budget.extra * CHARS_PER_TOKEN)),
        budget=budget,
        score=tuple(encodable(text[:LONGEST_SCORED]) for text in request.score[:MOST_SCORED]),
        worth=request.worth if len(request.score) <= MOST_SCORED else None,
        lookup=tuple(encodable(text[:LONGEST_LOOKUP]) for text in request.lookup[:MOST_LOOKUPS]),
        stop=dataclasses.replace(request.stop, texts=tuple(map(encodable, request.stop.texts))),
    )


def _bounded_snippets(snippets: Iterable[Snippet], room: int) -> Iterator[Snippet]:
    """The first snippets, of at most `room` code points together."""
    for snippet in itertools.islice(snippets, MOST_SNIPPETS):
        if room <= 0:
            return
        text = snippet.text[:room]
        room -= len(text)
        yield Snippet(encodable(snippet.path[-LONGEST_PATH:]), encodable(text))


def encodable(text: str) -> str:
    """`text` with lone surrogates, which editors can send in JSON and UTF-8 cannot hold, replaced by `?`."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text
