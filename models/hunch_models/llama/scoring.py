"""How likely a model finds texts that somebody else proposes, beside what it writes itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from hunch_models.backend import Worth
from hunch_models.llama.engine import BRANCHES, Engine, Logits, common

LONGEST_SCORED = 48
"""Tokens of a text that are looked at when it is scored."""


class Scorer:
    """How likely each of some texts is after the first `prompt` tokens, each evaluated once at most.

    `worth`: leaves those out that cannot be worth more than one that is known. `start`: the bytes before the cursor
    that the answer has to begin with. `chunk`: tokens to evaluate at once, unless a text has more.
    """

    def __init__(
        self,
        engine: Engine,
        texts: Sequence[str],
        worth: Worth | None,
        start: bytes,
        prompt: int,
        chunk: int,
        late: Callable[[], bool],
    ) -> None:
        self._engine, self._texts, self._prompt, self._chunk, self._late = engine, texts, prompt, chunk, late
        self._worth = worth if worth is not None and len(worth.priors) == len(texts) else None
        self._among = engine.beginning_with(start) if start else None
        self._lead = start.decode("utf-8", "replace")
        self.tokens = [self._tokens(text) for text in texts]
        """Of each text, with `start` before it."""
        self._after: Logits | None = None
        self._known: dict[str, tuple[float, ...]] = {"": ()}

    def _tokens(self, text: str) -> list[int]:
        return self._engine.tokenize(self._lead + text)[:LONGEST_SCORED] if text else []

    def first(self) -> list[int]:
        """The first text's tokens, if there is time and room to evaluate them right after the prompt."""
        tokens = self.tokens[0] if self.tokens else []
        return tokens if not self._late() and self._prompt + len(tokens) <= self._engine.context_length else []

    def note(self, rows: Sequence[Logits], tokens: list[int]) -> None:
        """The logits after the prompt, and after each of the first text's tokens if they were evaluated."""
        self._after = rows[0].copy()
        if tokens:
            self._known[self._texts[0]] = self._engine.likelihood(rows, tokens, self._among)

    def note_own(self, text: str, picked: list[int], logprobs: Sequence[float], ending: float | None) -> None:
        """What was generated needs no evaluation where the model ended it and would read it as the same tokens.

        `picked`: its tokens with their log-probabilities, perhaps one more; `ending`: that of its end, if known.
        """
        tokens = self._tokens(text)
        ended = len(picked) in (len(tokens), len(tokens) + 1)
        if tokens and ended and ending is not None and picked[: len(tokens)] == tokens:
            self._known[text] = (*logprobs[: len(tokens)], ending)

    def scores(self, own: str) -> tuple[tuple[tuple[float, ...], ...], int]:
        """The log-probabilities of each text and last of `own`, and how many tokens were evaluated for them.

        Nothing where there was no time or no room for all of them, or where the model cannot go back; of a text that
        cannot be worth more than another, nothing either.
        """
        texts = (*self._texts, own)
        evaluated = 0
        new = {text: tokens for text in texts if text not in self._known and (tokens := self._tokens(text))}
        while new := self._worth_reading(new, own):
            if self._after is None or self._late() or not self._engine.goes_back:
                return (), evaluated
            some = self._fitting(new)
            if not some:
                return (), evaluated
            rows = self._engine.branch(self._prompt, [new[text] for text in some])
            for text, after in zip(some, rows, strict=True):
                tokens = new.pop(text)
                evaluated += len(tokens)
                self._known[text] = self._engine.likelihood([self._after, *after], tokens, self._among)
        return tuple(self._known.get(text, ()) for text in texts), evaluated

    def _worth_reading(self, texts: dict[str, list[int]], own: str) -> dict[str, list[int]]:
        """Those of the texts that may still become the best. `own` always may: it is judged by its likelihood later."""
        worth = self._worth
        if worth is None:
            return texts
        priors = {own: worth.own, **dict(zip(reversed(self._texts), reversed(worth.priors), strict=True))}
        if own:
            priors[own] += worth.written
        best = max((worth.of(priors[text], score) for text, score in self._known.items() if score), default=-math.inf)
        return {
            text: tokens
            for text, tokens in texts.items()
            if text == own or worth.most(priors[text], len(tokens), self._beginning(tokens)) > best
        }

    def _beginning(self, tokens: list[int]) -> tuple[float, ...]:
        """Log-probabilities of a text's first tokens, as far as they are known without reading it."""
        if self._after is None:
            return ()
        most: tuple[float, ...] = (self._engine.logprob(self._after, tokens[0], self._among),)
        for text, score in self._known.items():
            shared = common(self._tokens(text), tokens)
            if shared > len(most):
                most = score[:shared]
        return most

    def _fitting(self, texts: Mapping[str, list[int]]) -> list[str]:
        """The first texts that can be evaluated together beside what the KV cache holds."""
        engine = self._engine
        longest = engine.context_length - self._prompt
        some: list[str] = []
        used = 0
        for text, tokens in texts.items():
            if used + len(tokens) > longest or len(some) == BRANCHES or (some and used + len(tokens) > self._chunk):
                break
            used += len(tokens)
            some.append(text)
        if len(engine.tokens) + used > engine.context_length:
            engine.keep(self._prompt)  # what was written after it has to make room
        return some
