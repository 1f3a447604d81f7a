"""Picks tokens greedily, and evaluates several at once where a guess at them is at hand.

The guess is verified: a token that is not the likeliest after those before it is cut out of the KV cache again. So the
text is the one that plain decoding gives, in fewer evaluations. Where two tokens are so close that the rounding of a
larger batch could decide between them, what was evaluated in such batches is evaluated anew as plain decoding does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from hunch_models.llama.drafting import Acceptance, Draft, Drafter, Kind
from hunch_models.llama.engine import Engine, Logits
from hunch_models.llama.pace import LONGEST_DRAFT, Pace

TIE = 0.13
"""Logits closer than this may change places with the size of the batch: at 100 close places (bundled model, Q8_0,
batches of 2 to 16 tokens) the lead of the likeliest moved by at most 0.064, but for one of 0.12 and one of 0.25; as a
rule it does not move at all."""

MOST_AGAIN = 8
"""Tokens that are evaluated anew at such a place; of a longer text only the last, which leaves a rounding in what is
kept of those before it, as large as that of a prompt read in chunks of another size."""

Among = npt.NDArray[np.int64] | None


class Guesses:
    """What one engine has learnt of its drafts, kept from one generation to the next. `enabled`: whether to draft."""

    def __init__(self, *, enabled: bool) -> None:
        self.enabled = enabled
        self._kinds = {kind: Acceptance() for kind in Kind}

    def length(self, kind: Kind, pace: Pace) -> int:
        """Tokens worth drafting now."""
        return self._kinds[kind].length(pace) if self.enabled else 0

    def note(self, kind: Kind, drafted: int, accepted: int) -> None:
        """Of `drafted` tokens the first `accepted` were right."""
        self._kinds[kind].note(drafted, accepted)

    def note_again(self, kind: Kind, tokens: int) -> None:
        """So many tokens had to be evaluated again after a guess of this kind: each weighs as a wrong one."""
        for _ in range(tokens):
            self._kinds[kind].note(1, 0)


class Lookahead:
    """The logits at the place where the next token is picked, and what the KV cache holds beyond it.

    `cut`: shortens a draft to what may be of use. `among`, everywhere: the only tokens that the next can be, if given.
    """

    def __init__(
        self,
        engine: Engine,
        pace: Pace,
        guesses: Guesses,
        drafter: Drafter | None,
        cut: Callable[[list[int]], list[int]],
        clock: Callable[[], float],
    ) -> None:
        self.drafted = self.accepted = 0
        """Tokens evaluated as guesses, and those of them that were right."""
        self._engine, self._pace, self._guesses = engine, pace, guesses
        self._drafter, self._cut, self._clock = drafter, cut, clock
        self._rows: list[Logits] = []
        self._ahead: list[int] = []
        self._place = 0
        self._kind: Kind | None = None
        self._blamed: Kind | None = None
        self._rest: list[int] = []
        self._plain = 0
        """How much of the KV cache is as plain decoding leaves it: from there on it is a rounding away."""

    def begin(self, rest: list[int], text: list[int], among: Among) -> list[Logits]:
        """Evaluate the last chunk of a prompt, and with it a whole `text` that may follow or a guess.

        `rest` is empty when the logits after the prompt are at hand. Returns the logits before each token of `text`
        and after its last, good until the next evaluation.
        """
        engine = self._engine
        draft = Draft(Kind.RECALLED, text) if text else self._proposal([], among) if rest else None
        ahead = draft.tokens if draft is not None else []
        before = [] if rest else [engine.next_logits()]
        self._plain, self._rest = len(engine.tokens), rest if ahead else []
        if rest or ahead:
            self._evaluate(rest, ahead)
        self._rows = [*before, *engine.logits_of(len(rest) + len(ahead), len(ahead) + bool(rest))]
        if not ahead:
            self._plain = len(engine.tokens)
        self._watch(draft)
        return self._rows

    def pick(self, among: Among) -> tuple[int, float]:
        """The likeliest token here and its natural-log probability; both among these only, if given."""
        engine, row = self._engine, self._rows[self._place]
        token, logprob = engine.greedy(among, row)
        here = len(engine.tokens) - self.ahead
        if here > self._plain and _tied(row, token, among):
            self.leave()
            if here - self._plain - len(self._rest) > MOST_AGAIN:
                self._plain, self._rest = here - 1, []
            if self._blamed is not None:
                self._guesses.note_again(self._blamed, here - self._plain - len(self._rest))
            self._again(engine.tokens[self._plain : here])
            token, logprob = engine.greedy(among, self._rows[0])
        return token, logprob

    def _again(self, tokens: list[int]) -> None:
        """Evaluate `tokens`, the last before this place, as plain decoding does: the prompt's end, then one by one."""
        engine, rest = self._engine, len(self._rest)
        engine.keep(self._plain)
        for chunk in [tokens[:rest], *([token] for token in tokens[rest:])]:
            if chunk:
                engine.evaluate(chunk)
                self._rows = engine.logits_of(len(chunk), 1)
        self._ahead, self._place, self._rest = [], 0, []
        self._plain = len(engine.tokens)

    def ending(self) -> float:
        """Natural-log probability that the text or the line ends here."""
        return self._engine.ending(self._rows[self._place])

    def go_on(self, token: int, generated: list[int]) -> None:
        """`token` was picked and is the last of `generated`: make sure that it is evaluated."""
        if self.ahead and self._ahead[self._place] == token:
            self._place += 1
            return
        engine = self._engine
        engine.keep(len(engine.tokens) - self.ahead)
        self._judge()
        draft = self._proposal(generated, None)
        ahead = draft.tokens if draft is not None else []
        self._plain += not ahead and self._plain == len(engine.tokens)
        self._evaluate([token], ahead)
        self._rows = engine.logits_of(1 + len(ahead), 1 + len(ahead))
        self._watch(draft)

    @property
    def ahead(self) -> int:
        """Tokens in the KV cache beyond the place where the next one is picked."""
        return len(self._ahead) - self._place

    def end(self, token: int) -> None:
        """`token` was picked here and is the last."""
        if self.ahead and self._ahead[self._place] == token:
            self._place += 1
            self.leave()
        else:
            self._judge()

    def leave(self) -> None:
        """The rest of the guess is left without a word on whether it is right."""
        if self._kind is not None:
            self.accepted += self._place
            self._guesses.note(self._kind, self._place, self._place)
        self._kind = None

    def _judge(self) -> None:
        """Learn from the guess; where there is more of it, the model has chosen another token."""
        if self._kind is not None:
            self.accepted += self._place
            self._guesses.note(self._kind, self._place + bool(self.ahead), self._place)
        self._kind = None

    def _watch(self, draft: Draft | None) -> None:
        self._ahead = draft.tokens if draft is not None else []
        self._kind = draft.kind if draft is not None else None
        self._blamed = self._kind or self._blamed
        self._place = 0
        self.drafted += len(self._ahead)

    def _proposal(self, generated: list[int], among: Among) -> Draft | None:
        """A guess as long as it pays, if there is any."""
        if self._drafter is None or not self._guesses.enabled:
            return None
        draft = self._drafter.propose(generated)
        if draft is None or (among is not None and draft.tokens[0] not in among):
            return None
        tokens = self._cut(draft.tokens[:LONGEST_DRAFT])
        if tokens:
            tokens = tokens[: self._guesses.length(draft.kind, self._pace)]
        return Draft(draft.kind, tokens) if tokens else None

    def _evaluate(self, certain: list[int], ahead: list[int]) -> None:
        started = self._clock()
        self._engine.evaluate([*certain, *ahead], len(ahead) + bool(certain))
        seconds = self._clock() - started
        if len(certain) != 1:
            self._pace.chunk_done(len(certain) + len(ahead), seconds)
        elif ahead:
            self._pace.draft_done(len(ahead), seconds)
        else:
            self._pace.token_done(seconds)


def _tied(row: Logits, token: int, among: Among) -> bool:
    """Whether another token is as likely as the likeliest, but for rounding."""
    near = (row if among is None else row[among]) > row[token] - TIE
    return int(np.count_nonzero(near)) > 1
