"""A completion server elsewhere as a `Backend`: one request at a time, status kept up in the background.

The server is asked whether it can answer at the start and after every failure, with growing pauses; requests
are only sent while it can.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING

from hunch_models.backend import (
    BackendState,
    BackendStatus,
    Finish,
    GenerationRequest,
    GenerationResult,
    ModelInfo,
)
from hunch_models.errors import BackendError, SettingsError
from hunch_models.remote.answer import Answer
from hunch_models.remote.dialect import Dialect
from hunch_models.remote.failures import ServerFailure
from hunch_models.remote.fim_text import fim_text
from hunch_models.remote.llama_server import LlamaServerDialect
from hunch_models.remote.openai_server import OpenAiDialect
from hunch_models.remote.options import RemoteOptions, parse_address

if TYPE_CHECKING:
    from hunch_models.remote.connection import Connection

log = logging.getLogger(__name__)

PROBE_TIMEOUT_S = 20.0
SLOW_AFTER = 3
"""So many requests in a row without any text before their time limit, and the status says so."""


class RemoteBackend:
    """Implements `hunch_models.backend.Backend` over HTTP. Raises SettingsError for unusable options.

    `clock` returns seconds and never goes back.
    """

    def __init__(self, options: RemoteOptions, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._options = options
        self._clock = clock
        self._address = parse_address(options.url)
        self._dialect = _dialect(options, self._address.host)
        self._status = BackendStatus(BackendState.STARTING, f"reaching {self._address.host}")
        self._listeners: list[Callable[[BackendStatus], None]] = []
        self._info: ModelInfo | None = None
        self._connection: Connection | None = None
        self._watching: asyncio.Task[None] | None = None
        self._probed = asyncio.Event()  # the first probe has ended, either way
        self._look_again = asyncio.Event()
        self._turn = asyncio.Lock()
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._warming: asyncio.Task[None] | None = None
        self._silent = 0  # requests in a row without text in time

    @property
    def status(self) -> BackendStatus:
        """The current state; READY with a detail when something about the connection should be known."""
        return self._status

    @property
    def info(self) -> ModelInfo | None:
        """The server's model, or None before it was reached."""
        return self._info

    def on_status(self, listener: Callable[[BackendStatus], None]) -> None:
        """Call `listener` on every change of state or detail, on the event loop."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Begin to reach the server; returns at once. Failures show in `status`."""
        # httpx takes 150 ms to import: only those who use a server pay for it.
        from hunch_models.remote.connection import Connection  # noqa: PLC0415

        if self._watching is None and self._status.state is not BackendState.STOPPED:
            self._connection = Connection(self._address, self._options)
            self._watching = asyncio.create_task(self._watch(self._connection), name="remote-backend-watch")

    async def stop(self) -> None:
        """Close the connection; a request under way ends with BackendError. Safe to call twice."""
        self._set(BackendState.STOPPED, "")
        self._probed.set()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None
        self._stop_warming()
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def generate(
        self, request: GenerationRequest, on_text: Callable[[str], None] | None = None
    ) -> GenerationResult:
        """Generate; see `Backend.generate`. The time limit counts from when the request is sent."""
        received = self._clock()
        self._stop_warming()
        async with self._turn:
            limit_s = request.time_limit_ms / 1000
            connection = await self._ready(limit_s)
            answer = Answer(request, self._dialect.stop_texts, on_text, self._clock)
            for last_try in (False, False, True):
                try:
                    await self._guarded(self._stream(connection, request, answer, limit_s))
                    break
                except ServerFailure as failure:
                    if last_try or not self._learnt_from(failure):
                        raise
                    answer = Answer(request, self._dialect.stop_texts, on_text, self._clock)
            self._notice_silence(answer)
            return answer.result(received=received)

    async def prewarm(self, request: GenerationRequest) -> None:
        """Let the server evaluate the prompt. Does nothing while it is busy or where that is not free."""
        if self._turn.locked() or self._status.state is not BackendState.READY or self._connection is None:
            return
        body = self._dialect.warm_body(request)
        if body is None:
            return
        self._warming = asyncio.create_task(self._warm(self._connection, body), name="remote-backend-warm")
        task = self._warming
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()

    async def idle(self) -> None:
        """Return once no request of ours is open. What the server still does with a closed one is its own."""
        await self._quiet.wait()

    async def _stream(self, connection: Connection, request: GenerationRequest, answer: Answer, limit_s: float) -> None:
        """Send the request and feed `answer` until it is over."""
        body = self._dialect.body(request)
        try:
            async with asyncio.timeout(limit_s), connection.events(self._dialect.path, body) as events:
                async for event in events:
                    if answer.take(self._dialect.read(event)):
                        break
                if answer.finish is not None and answer.finish is not Finish.STOP:
                    await connection.drain(events)
        except TimeoutError:
            if answer.finish is None:
                answer.end(Finish.TIME)
        if answer.finish is None:
            raise ServerFailure(f"{self._address.host} ended the stream before the answer", away=False)

    async def _warm(self, connection: Connection, body: dict[str, object]) -> None:
        async with self._turn:
            try:
                await self._guarded(connection.post(self._dialect.path, body))
            except BackendError as error:
                log.debug("prewarm failed: %s", error.one_line())

    def _stop_warming(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
            self._warming = None

    async def _ready(self, limit_s: float) -> Connection:
        """The connection, once the first probe has ended well. BackendError while the server is away."""
        if self._status.state is BackendState.STARTING:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await self._probed.wait()
        if self._connection is None or self._status.state is not BackendState.READY:
            raise BackendError(self._status.detail or "the connection to the completion server is closed")
        return self._connection

    async def _guarded(self, exchange: Coroutine[None, None, object]) -> None:
        """Run one exchange with the server; a failure that means it is away changes the status."""
        self._quiet.clear()
        try:
            await exchange
        except ServerFailure as failure:
            if failure.away:
                self._lost(failure)
            raise
        finally:
            self._quiet.set()

    def _learnt_from(self, failure: ServerFailure) -> bool:
        try:
            return self._dialect.learn(failure)
        except ServerFailure as lasting:
            self._lost(lasting)
            raise

    def _lost(self, failure: ServerFailure) -> None:
        if self._status.state is not BackendState.STOPPED:
            self._set(BackendState.DEGRADED, failure.one_line())
            self._look_again.set()

    def _notice_silence(self, answer: Answer) -> None:
        """A server that never answers in time is looked at again, and the status says that it is slow."""
        self._silent = self._silent + 1 if answer.silent and answer.finish is Finish.TIME else 0
        if self._silent:
            self._look_again.set()
        elif self._status.state is BackendState.READY:
            self._set(BackendState.READY, self._address.warning)

    async def _watch(self, connection: Connection) -> None:
        """Keep the status true: probe now, after each failure at once, and then with growing pauses."""
        first, longest = self._options.retry_ms
        pause = first
        while True:
            self._look_again.clear()
            detail = await self._probe(connection)
            self._set(BackendState.DEGRADED if detail else BackendState.READY, detail or self._ready_detail())
            self._probed.set()
            if detail:
                await asyncio.sleep(pause / 1000)
                pause = min(2 * pause, longest)
            else:
                pause = first
                await self._look_again.wait()

    async def _probe(self, connection: Connection) -> str:
        """Ask the server whether it can answer. Returns one line about why not; empty when it can."""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                self._info = await self._dialect.probe(connection.get, connection.post)
        except BackendError as error:
            return error.one_line()
        except TimeoutError:
            return f"{self._address.host} does not answer"
        except Exception:
            log.exception("probing the completion server failed")
            return f"probing {self._address.host} failed; the log has the details"
        return ""

    def _ready_detail(self) -> str:
        if self._silent >= SLOW_AFTER:
            return f"{self._address.host} is slow: no text in time for the last {self._silent} requests"
        return self._address.warning

    def _set(self, state: BackendState, detail: str) -> None:
        status = BackendStatus(state, detail)
        if status == self._status or self._status.state is BackendState.STOPPED:
            return
        self._status = status
        for listener in self._listeners:
            try:
                listener(status)
            except Exception:  # must not end the task that keeps the status true
                log.exception("a listener failed on %s", status)


def _dialect(options: RemoteOptions, host: str) -> Dialect:
    if options.kind == "llama":
        return LlamaServerDialect(host, options.model)
    fim = fim_text(options.fim_template) if options.fim_template else None
    if fim is None and not options.send_suffix:
        raise SettingsError("without `suffix` a prompt form is needed", "set remote.fim_template")
    return OpenAiDialect(host, options.model, fim, send_suffix=options.send_suffix)
