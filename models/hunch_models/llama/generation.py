"""One job: finds what the KV cache already holds, evaluates the rest in small chunks, picks tokens, scores texts.

Cancellation and the time limit are looked at between chunks and between tokens, never inside llama.cpp: this
works on every kind of device (llama.cpp's abort callback works on CPUs only).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hunch_models.backend import Finish, GenerationRequest, GenerationTiming
from hunch_models.fim import PLAIN, PromptTokens, build_prompt
from hunch_models.llama.decoding import Guesses, Lookahead
from hunch_models.llama.drafting import Drafter
from hunch_models.llama.engine import Engine
from hunch_models.llama.output import GeneratedText
from hunch_models.llama.pace import Pace
from hunch_models.llama.scoring import Scorer
from hunch_models.llama.warm import WarmStates

NOTHING = -1
"""Stands between texts that do not follow each other."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one job gave. Times in `timing` count from the start of the job in the worker."""

    text: str
    logprobs: tuple[float, ...]
    finish: Finish
    timing: GenerationTiming
    scores: tuple[tuple[float, ...], ...] = ()


@dataclass(slots=True)
class _Answer:
    """What one generation has come to."""

    output: GeneratedText
    first_ms: float = 0.0
    picked: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    ending: float | None = None
    """Log-probability of the text's end, where the model itself ended it."""


class Generator:
    """Runs one job at a time on one engine."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.pace = Pace(engine.prefill_rate, engine.decode_rate)
        self.guesses = Guesses(enabled=engine.settings.drafts and engine.goes_back)
        self.warm = WarmStates(engine)
        self.read_chars = 0
        self.read_tokens = 0
        """Code points and tokens of prompt text so far: their ratio is the model's code points per token."""
        self.engine = engine
        self._clock = clock

    def prompt(self, request: GenerationRequest) -> tuple[list[int], bytes]:
        """The token list of a request, with room for what is to be generated, and how the answer must begin."""
        prompt, start, _ = self._prompt(request)
        return prompt, start

    def _prompt(self, request: GenerationRequest) -> tuple[list[int], bytes, list[int]]:
        """The same, and the tokens before the cursor alone."""
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
        return build_prompt(form, parts, request.budget, capacity, engine.ends_line), start, prefix

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
        prompt, start, before = self._prompt(request)
        prompt = prompt or engine.tokenize("\n")
        tokenized = clock()
        self.warm.prepare(prompt)
        reused = engine.reuse(prompt)
        finish, rest = self._prefill(prompt, deadline, cancelled, decode=decode)
        answer = _Answer(GeneratedText(request.stop))
        scores: tuple[tuple[float, ...], ...] = ()
        scored = drafted = accepted = 0
        new = len(engine.tokens) - reused
        prefilled = ended = clock()
        if finish is None and decode:
            late: Callable[[], bool] = lambda: cancelled() or clock() >= deadline  # noqa: E731
            scorer = Scorer(engine, request.score, request.worth, start, len(prompt), self.pace.chunk, late)
            # The prompt last: what stands there now is likelier to be meant than what was deleted.
            corpus = [token for text in request.lookup for token in (*engine.tokenize(text), NOTHING)] + prompt
            drafter = Drafter(scorer.tokens, corpus, before)
            look = Lookahead(
                engine, self.pace, self.guesses, drafter, self._cutter(request, len(prompt), answer), clock
            )
            among = engine.beginning_with(start) if start else None
            first = scorer.first() if self.guesses.enabled else []
            if rest and len(rest) + len(first) > self.pace.chunk:
                self._evaluate(rest)  # by itself: what is withdrawn ends within a chunk
                new, rest = new + len(rest), []
            rows = look.begin(rest, first, among)
            prefilled = clock()
            new += len(rest)
            if request.score:
                scorer.note(rows, first)

            def show(text: str) -> None:
                if text:
                    answer.first_ms = answer.first_ms or (clock() - started) * 1000
                    if emit is not None:
                        emit(text)

            finish = self._decode(request, look, answer, start, deadline, cancelled, show)
            show(answer.output.finish())
            drafted, accepted = look.drafted, look.accepted
            ended = clock()
            if request.score and finish is not Finish.CANCELLED:
                scorer.note_own(answer.output.text, answer.picked, answer.logprobs, answer.ending)
                scores, scored = scorer.scores(answer.output.text)
        done = clock()
        timing = GenerationTiming(
            tokenize_ms=(tokenized - started) * 1000,
            prefill_ms=(prefilled - tokenized) * 1000,
            first_token_ms=answer.first_ms,
            decode_ms=(ended - prefilled) * 1000,
            total_ms=(done - started) * 1000,
            reused_tokens=reused,
            new_tokens=new,
            decoded_tokens=len(answer.picked),
            scored_tokens=scored,
            score_ms=(done - ended) * 1000,
            drafted_tokens=drafted,
            accepted_tokens=accepted,
        )
        return Outcome(answer.output.text, answer.output.logprobs(), finish or Finish.END, timing, scores)

    def _prefill(
        self, prompt: list[int], deadline: float, cancelled: Callable[[], bool], *, decode: bool
    ) -> tuple[Finish | None, list[int]]:
        """Append what is missing of `prompt`; what was evaluated stays, even when this ends early.

        With `decode`, the last chunk is left for the first look at what follows, and returned.
        """
        engine, clock = self.engine, self._clock
        while rest := prompt[len(engine.tokens) :]:
            if cancelled():
                return Finish.CANCELLED, rest
            now = clock()
            if decode and now >= deadline:
                return Finish.TIME, rest
            if decode and len(rest) <= self.pace.chunk:
                return None, rest
            self._evaluate(rest[: self.pace.chunk])
        return None, []

    def _evaluate(self, chunk: list[int]) -> None:
        began = self._clock()
        self.engine.evaluate(chunk)
        self.pace.chunk_done(len(chunk), self._clock() - began)

    def _cutter(self, request: GenerationRequest, prompt: int, answer: _Answer) -> Callable[[list[int]], list[int]]:
        """Shortens a draft: not beyond the text's end, the request's most tokens and the model's context."""
        engine = self.engine
        most = min(self._token_limit(request), engine.context_length - prompt)
        single = request.stop.single_line

        def cut(tokens: list[int]) -> list[int]:
            kept = tokens[: max(0, most - len(answer.picked) - 1)]
            for place, token in enumerate(kept):
                if token == NOTHING or engine.is_end(token) or (single and b"\n" in engine.piece(token)):
                    return kept[:place]
            return kept

        return cut

    def _decode(
        self,
        request: GenerationRequest,
        look: Lookahead,
        answer: _Answer,
        start: bytes,
        deadline: float,
        cancelled: Callable[[], bool],
        show: Callable[[str], None],
    ) -> Finish:
        """Pick tokens until something ends it, and say what.

        The first begins with the bytes `start`, which stand before the cursor and are no part of the text.
        The tokens stay in the KV cache: when a person types what was generated, nothing is evaluated again.
        """
        engine, clock, output = self.engine, self._clock, answer.output
        limit = self._token_limit(request)
        room = engine.context_length - len(engine.tokens) + look.ahead
        while True:
            if cancelled():
                look.leave()
                return Finish.CANCELLED
            if request.max_tokens <= 0:
                return Finish.LENGTH
            token, logprob = look.pick(engine.beginning_with(start) if start else None)
            if engine.is_end(token):
                answer.ending = look.ending()
                look.end(token)
                return Finish.END
            answer.picked.append(token)
            answer.logprobs.append(logprob)
            piece = engine.piece(token)[len(start) :]
            if piece:
                show(output.add(piece, logprob))
            else:
                limit += 1  # only says again what stands before the cursor
            start = b""
            if output.ended:
                answer.ending = look.ending()
            if output.ended or len(answer.picked) >= limit or len(answer.picked) > room:
                look.end(token)
                return Finish.STOP if output.ended else Finish.LENGTH
            if clock() >= deadline:
                look.leave()
                return Finish.TIME
            look.go_on(token, answer.picked)


def rest_of_line(suffix: str) -> str:
    """What of `suffix` stands on the cursor's own line."""
    return suffix.replace("\r", "\n").partition("\n")[0]
