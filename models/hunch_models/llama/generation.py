"""The decode loop: finds what the KV cache already holds, evaluates the rest in small chunks, then picks tokens.

Cancellation and the time limit are looked at between chunks and between tokens, never inside llama.cpp: this
works on every kind of device (llama.cpp's abort callback works on CPUs only).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hunch_models.backend import Finish, GenerationRequest, GenerationTiming
from hunch_models.fim import PLAIN, PromptTokens, build_prompt
from hunch_models.llama.engine import Engine
from hunch_models.llama.output import GeneratedText

CHUNK_S = 0.025
"""Longest time one chunk of a prompt should take, in seconds: cancelled work ends within it."""

FIRST_CHUNK, SMALLEST_CHUNK, LARGEST_CHUNK = 32, 16, 256

LONGEST_SCORED = 48
"""Tokens of a text that are looked at when it is scored."""

RATE_WEIGHT = 0.3
"""Weight of the newest measurement in the moving averages of speed."""

Clock = Callable[[], float]


class Pace:
    """Measured speed of this model on this machine, and the chunk size that follows from it."""

    def __init__(self, prefill: float, decode: float) -> None:
        self.prefill = prefill
        """Prompt tokens per second."""
        self.decode = decode
        """Generated tokens per second."""
        self.chunk_s = 0.0
        """Time of the slowest chunk lately, in seconds."""
        self._chunk = FIRST_CHUNK

    @property
    def chunk(self) -> int:
        """Prompt tokens to evaluate at once."""
        return self._chunk

    def chunk_done(self, tokens: int, seconds: float) -> None:
        """Learn from one evaluated chunk; short ones say little about speed."""
        self.chunk_s = max(seconds, 0.9 * self.chunk_s)
        if tokens < SMALLEST_CHUNK or seconds <= 0:
            return
        self.prefill += RATE_WEIGHT * (tokens / seconds - self.prefill)
        self._chunk = min(LARGEST_CHUNK, max(SMALLEST_CHUNK, int(self.prefill * CHUNK_S)))

    def token_done(self, seconds: float) -> None:
        """Learn from one evaluated token."""
        if seconds > 0:
            self.decode += RATE_WEIGHT * (1 / seconds - self.decode)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one job gave. Times in `timing` count from the start of the job in the worker."""

    text: str
    logprobs: tuple[float, ...]
    finish: Finish
    timing: GenerationTiming
    scores: tuple[tuple[float, ...], ...] = ()


class Generator:
    """Runs one job at a time on one engine."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.pace = Pace(engine.prefill_rate, engine.decode_rate)
        self.read_chars = 0
        self.read_tokens = 0
        """Code points and tokens of prompt text so far: their ratio is the model's code points per token."""
        self.engine = engine
        self._clock = clock

    def prompt(self, request: GenerationRequest) -> tuple[list[int], bytes]:
        """The token list of a request, with room for what is to be generated, and how the answer must begin."""
        engine, form = self.engine, self.engine.form
        tokenize = engine.tokenize
        prefix, start = self._healed(request.prefix)
        parts = PromptTokens(
            prefix=prefix,
            suffix=tokenize(request.suffix),
            path=tokenize(f"{request.path}\n") if request.path else (),
            repository=tokenize(form.repository_text),
            extra=[
                (tokenize(snippet.path + "\n"), tokenize(snippet.text.rstrip("\n") + "\n")) for snippet in request.extra
            ]
            if request.budget.extra > 0
            else (),
        )
        self.read_chars += len(request.prefix)
        self.read_tokens += len(parts.prefix)
        capacity = engine.context_length - self._token_limit(request)
        return build_prompt(form, parts, request.budget, capacity, engine.ends_line), start

    def _healed(self, text: str) -> tuple[list[int], bytes]:
        """Tokens of the text before the cursor without its last one, and the bytes with which to begin instead.

        A cursor seldom stands where a token ends: after `x = ` the tokenizer would join the space to the next word,
        and a model that has never seen them apart guesses badly. Of white space only one space is taken back; a line
        end stays. (Token healing, as in `guidance`.)
        """
        engine = self.engine
        if text.endswith(" ") and len(engine.beginning_with(b" ")):
            return engine.tokenize(text[:-1]), b" "
        tokens = engine.tokenize(text)
        start = engine.piece(tokens[-1]) if tokens else b""
        if not start or text.endswith((" ", "\n", "\r")):
            return tokens, b""
        return tokens[:-1], start

    def _token_limit(self, request: GenerationRequest) -> int:
        return max(1, min(request.max_tokens, self.engine.context_length // 2))

    def run(
        self,
        request: GenerationRequest,
        *,
        cancelled: Callable[[], bool],
        emit: Callable[[str], None] | None = None,
        decode: bool = True,
    ) -> Outcome:
        """Evaluate the prompt and, if `decode`, generate. Raises EngineError.

        `cancelled` is asked between evaluations. `emit` gets each piece of text as soon as no stop rule can take
        it back.
        """
        engine, clock = self.engine, self._clock
        started = clock()
        deadline = started + request.time_limit_ms / 1000
        if engine.form.layout == PLAIN and rest_of_line(request.suffix).strip():
            # Without the suffix in sight the model would write on over what stands there already.
            return Outcome("", (), Finish.END, GenerationTiming(total_ms=(clock() - started) * 1000))
        prompt, start = self.prompt(request)
        prompt = prompt or engine.tokenize("\n")
        tokenized = clock()
        reused = engine.reuse(prompt)
        finish = self._prefill(prompt, deadline if decode else float("inf"), cancelled)
        prefilled = clock()
        new = len(engine.tokens) - reused
        output = GeneratedText(request.stop)
        first_ms, decoded = 0.0, 0

        def show(text: str) -> None:
            nonlocal first_ms
            if text:
                first_ms = first_ms or (clock() - started) * 1000
                if emit is not None:
                    emit(text)

        scored = request.score if finish is None and decode else ()
        after = engine.next_logits() if scored else None
        if finish is None and decode:
            finish, decoded = self._decode(request, output, start, deadline, cancelled, show)
        if decode:
            show(output.finish())
        ended = clock()
        scores: tuple[tuple[float, ...], ...] = ()
        if after is not None and finish is not Finish.CANCELLED:
            scores = self._score(len(prompt), after, start, (*scored, output.text), deadline, cancelled)
        timing = GenerationTiming(
            tokenize_ms=(tokenized - started) * 1000,
            prefill_ms=(prefilled - tokenized) * 1000,
            first_token_ms=first_ms,
            decode_ms=(ended - prefilled) * 1000,
            total_ms=(clock() - started) * 1000,
            reused_tokens=reused,
            new_tokens=new,
            decoded_tokens=decoded,
            scored_tokens=sum(max(0, len(one) - 1) for one in scores),
            score_ms=(clock() - ended) * 1000,
        )
        return Outcome(output.text, output.logprobs(), finish or Finish.END, timing, scores)

    def _score(
        self,
        prompt: int,
        after: npt.NDArray[np.float32],
        start: bytes,
        texts: tuple[str, ...],
        deadline: float,
        cancelled: Callable[[], bool],
    ) -> tuple[tuple[float, ...], ...]:
        """How likely each text is after the first `prompt` tokens; nothing where there was no time for all of them.

        `after`: the logits there, `start`: the bytes before the cursor that the answer had to begin with.
        """
        engine = self.engine
        among = engine.beginning_with(start) if start else None
        lead = start.decode("utf-8", "replace")
        found: list[tuple[float, ...]] = []
        for text in texts:
            tokens = engine.tokenize(lead + text)[:LONGEST_SCORED]
            if cancelled() or self._clock() >= deadline or prompt + len(tokens) > engine.context_length:
                return ()
            if not text or not tokens:
                found.append(())
                continue
            if engine.keep(prompt) != prompt:
                return ()  # a recurrent model cannot go back
            found.append(engine.likelihood(after, tokens, among))
        return tuple(found)

    def _prefill(self, prompt: list[int], deadline: float, cancelled: Callable[[], bool]) -> Finish | None:
        """Append what is missing of `prompt`. What was evaluated stays, even when this ends early."""
        engine, clock = self.engine, self._clock
        while len(engine.tokens) < len(prompt):
            if cancelled():
                return Finish.CANCELLED
            now = clock()
            if now >= deadline:
                return Finish.TIME
            start = len(engine.tokens)
            chunk = prompt[start : start + self.pace.chunk]
            engine.evaluate(chunk)
            self.pace.chunk_done(len(chunk), clock() - now)
        return None

    def _decode(
        self,
        request: GenerationRequest,
        output: GeneratedText,
        start: bytes,
        deadline: float,
        cancelled: Callable[[], bool],
        show: Callable[[str], None],
    ) -> tuple[Finish, int]:
        """Pick tokens until something ends it; return why, and how many were picked.

        The first begins with the bytes `start`, which stand before the cursor and are no part of the text.
        The tokens stay in the KV cache: when a person types what was generated, nothing is evaluated again.
        """
        engine, clock = self.engine, self._clock
        limit = self._token_limit(request)
        decoded = 0
        while True:
            if cancelled():
                return Finish.CANCELLED, decoded
            if request.max_tokens <= 0:
                return Finish.LENGTH, decoded
            token, logprob = engine.greedy(engine.beginning_with(start) if start else None)
            if engine.is_end(token):
                return Finish.END, decoded
            decoded += 1
            piece = engine.piece(token)[len(start) :]
            if piece:
                show(output.add(piece, logprob))
            else:
                limit += 1  # only says again what stands before the cursor
            start = b""
            if output.ended:
                return Finish.STOP, decoded
            if decoded >= limit or len(engine.tokens) >= engine.context_length:
                return Finish.LENGTH, decoded
            now = clock()
            if now >= deadline:
                return Finish.TIME, decoded
            engine.evaluate([token])
            self.pace.token_done(clock() - now)


def rest_of_line(suffix: str) -> str:
    """What of `suffix` stands on the cursor's own line."""
    return suffix.replace("\r", "\n").partition("\n")[0]
