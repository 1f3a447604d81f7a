"""One answer as it arrives: pieces of text through the stop rules, log-probabilities, and where time went."""

from __future__ import annotations

from collections.abc import Callable

from hunch_models.backend import Finish, GenerationRequest, GenerationResult, GenerationTiming, StopRule
from hunch_models.remote.dialect import Piece
from hunch_models.stopping import StopFilter


class Answer:
    """Collects one answer. `clock` returns seconds; `on_text` gets what the stop rules let through."""

    def __init__(
        self,
        request: GenerationRequest,
        stop_texts: tuple[str, ...],
        on_text: Callable[[str], None] | None,
        clock: Callable[[], float],
    ) -> None:
        rule = request.stop
        self._stop = StopFilter(StopRule(rule.single_line, rule.max_lines, rule.min_indent, (*rule.texts, *stop_texts)))
        self._max_tokens = request.max_tokens
        self._on_text = on_text
        self._clock = clock
        self._shown: list[str] = []
        self._fed = 0  # code points received, before the stop rules
        self._logprobs: list[tuple[int, float]] = []  # with the offset at which the token's text begins
        self._waiting: list[float] = []  # of tokens whose text the server holds back
        self._tokens = 0
        self._last = Piece()
        self._first_text: float | None = None
        self.finish: Finish | None = None
        self.started = clock()

    @property
    def silent(self) -> bool:
        """Whether no text came at all."""
        return self._first_text is None

    def take(self, piece: Piece) -> bool:
        """Take one event; True once the answer is over."""
        if piece.new_tokens or piece.reused_tokens:
            self._last = piece
        self._waiting.extend(piece.logprobs)
        if piece.text:
            self._tokens += max(1, len(self._waiting))
            if self._tokens > self._max_tokens:  # a server that does not keep to the limit
                self._tokens = self._max_tokens
                self.end(Finish.LENGTH)
                return True
            if self._first_text is None:
                self._first_text = self._clock()
            self._logprobs.extend((self._fed, value) for value in self._waiting)
            self._waiting.clear()
            self._fed += len(piece.text)
            self._show(self._stop.feed(piece.text))
        if self._stop.stopped:
            self.finish = Finish.STOP
        elif piece.finish is not None:
            self.end(piece.finish)
        return self.finish is not None

    def end(self, finish: Finish) -> None:
        """The answer ends for a reason outside the stop rules; text held back by them comes out."""
        self.finish = finish
        self._show(self._stop.finish())

    def result(self, *, received: float) -> GenerationResult:
        """The whole answer. `received` is when the request came in, on the same clock."""
        text = "".join(self._shown)
        now = self._clock()
        first = self._first_text if self._first_text is not None else now
        return GenerationResult(
            text=text,
            token_logprobs=tuple(value for offset, value in self._logprobs if offset < len(text)),
            finish=self.finish or Finish.END,
            timing=GenerationTiming(
                queue_ms=(self.started - received) * 1000,
                prefill_ms=self._last.prefill_ms,
                first_token_ms=(first - received) * 1000,
                decode_ms=self._last.decode_ms or (now - first) * 1000,
                total_ms=(now - received) * 1000,
                reused_tokens=self._last.reused_tokens,
                new_tokens=self._last.new_tokens,
                decoded_tokens=self._tokens,
            ),
        )

    def _show(self, text: str) -> None:
        if text:
            self._shown.append(text)
            if self._on_text is not None:
                self._on_text(text)
