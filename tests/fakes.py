"""Named fakes, for tests that must control time. Where the real worker can run, tests use that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hunch_models.backend import (
    BackendState,
    BackendStatus,
    Finish,
    GenerationRequest,
    GenerationResult,
    GenerationTiming,
    ModelInfo,
)


class FakeBackend:
    """Says what it is told to say, character by character, each when `step` is called (or at once).

    `answers` maps the end of a prefix to the text that follows; the longest matching end wins.
    """

    def __init__(
        self,
        answers: dict[str, str],
        *,
        logprob: float = -0.1,
        stepped: bool = False,
        likes: dict[str, float] | None = None,
    ) -> None:
        """`likes`: text → log-probability of its one token, when asked to score; None: it cannot score."""
        self.answers = answers
        self.likes = likes
        self.logprob = logprob
        self.requests: list[GenerationRequest] = []
        self.cancelled = 0
        self.error: Exception | None = None
        self.current = BackendStatus(BackendState.READY)
        self._steps: asyncio.Semaphore | None = asyncio.Semaphore(0) if stepped else None

    @property
    def status(self) -> BackendStatus:
        return self.current

    @property
    def info(self) -> ModelInfo | None:
        return ModelInfo(id="fake", context_length=2048)

    def on_status(self, listener: Callable[[BackendStatus], None]) -> None:
        """Never changes by itself."""

    async def start(self) -> None:
        """Ready from the beginning."""

    async def stop(self) -> None:
        """Nothing to end."""

    async def prewarm(self, request: GenerationRequest) -> None:
        """Nothing to warm."""

    async def idle(self) -> None:
        """Idle at once."""

    def step(self, characters: int = 1) -> None:
        """Let so many more characters come."""
        assert self._steps is not None
        for _ in range(characters):
            self._steps.release()

    async def generate(
        self, request: GenerationRequest, on_text: Callable[[str], None] | None = None
    ) -> GenerationResult:
        self.requests.append(request)
        ends = [end for end in self.answers if request.prefix.endswith(end)]
        answer = self.answers[max(ends, key=len)] if ends else ""
        try:
            for char in answer:
                if self._steps is not None:
                    await self._steps.acquire()
                if self.error is not None:
                    raise self.error
                if on_text is not None:
                    on_text(char)
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        timing = GenerationTiming(new_tokens=1, decoded_tokens=max(1, len(answer)))
        scores: tuple[tuple[float, ...], ...] = ()
        if self.likes is not None and request.score:
            scores = tuple((self.likes.get(text, -9.0), -0.1) for text in (*request.score, answer))
        return GenerationResult(answer, (self.logprob,) * max(1, len(answer)), Finish.END, timing, scores)
