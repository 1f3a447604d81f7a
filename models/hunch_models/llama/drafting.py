"""Guesses at the next tokens, for the model to verify several at once: texts recalled by memory, and repetition.

A guess never changes what is generated. It only decides what is evaluated together.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from hunch_models.llama.pace import Pace

SHORT_MATCH, CLEAR_MATCH = 2, 4
"""So many tokens must have stood before in the same order to guess at all, and to be more sure of it."""

FIRST_RATE, WEIGHT, LOWEST = 0.5, 0.08, 0.05
"""Share of drafted tokens taken to be right at first, the weight of the newest, and what it never falls below."""

TRY_EVERY = 24
"""A kind of guess that does not pay is tried once in so many times, with one token, for it may pay again."""


class Kind(enum.Enum):
    """Where a guess comes from; each has its own rate of being right."""

    RECALLED = "recalled"
    CLEAR = "clear"
    SHORT = "short"


class Acceptance:
    """How often the tokens of one kind of guess were right lately, and so how many are worth guessing."""

    def __init__(self) -> None:
        self.rate = FIRST_RATE
        self._declined = 0

    def note(self, drafted: int, accepted: int) -> None:
        """Of `drafted` tokens the first `accepted` were right; what came after the first wrong one says nothing."""
        for _ in range(accepted):
            self.rate += WEIGHT * (1 - self.rate)
        if accepted < drafted:
            self.rate = max(LOWEST, self.rate * (1 - WEIGHT))

    def length(self, pace: Pace) -> int:
        """Tokens worth drafting now."""
        length = pace.draft_length(self.rate)
        if length:
            self._declined = 0
            return length
        self._declined += 1
        return 1 if self._declined % TRY_EVERY == 0 else 0


@dataclass(slots=True)
class Draft:
    """A guess: its tokens and where they come from."""

    kind: Kind
    tokens: list[int]


class Drafter:
    """Guesses during one generation.

    `recalled`: texts that may be the whole answer, as tokens. `corpus`: tokens in which to look for what stood here
    before. `context`: the tokens right before the first one to generate.
    """

    def __init__(self, recalled: Sequence[Sequence[int]], corpus: Sequence[int], context: Sequence[int]) -> None:
        self._recalled = [list(tokens) for tokens in recalled if len(tokens)]
        self._corpus = list(corpus)
        self._context = list(context[-CLEAR_MATCH:])
        self._places: dict[int, dict[tuple[int, ...], int]] = {}

    def propose(self, generated: list[int]) -> Draft | None:
        """The likeliest way on after `generated`."""
        for tokens in self._recalled:
            if len(tokens) > len(generated) and tokens[: len(generated)] == generated:
                return Draft(Kind.RECALLED, tokens[len(generated) :])
        tail = (*self._context, *generated[-CLEAR_MATCH:])
        place = self._after(tail[-SHORT_MATCH:], SHORT_MATCH)
        if place is None:
            return None
        clear = self._after(tail[-CLEAR_MATCH:], CLEAR_MATCH)
        if clear is not None:
            return Draft(Kind.CLEAR, self._corpus[clear:])
        return Draft(Kind.SHORT, self._corpus[place:])

    def _after(self, tail: tuple[int, ...], length: int) -> int | None:
        """Where what followed `tail` the last time begins; None where so many tokens never stood in this order."""
        places = self._places.get(length)
        if places is None:
            corpus = self._corpus
            grams = zip(*(corpus[start:] for start in range(length)), strict=False)
            # Later ones take the place of earlier ones; the very last has nothing after it.
            places = self._places[length] = dict(zip(grams, range(length, len(corpus)), strict=False))
        return places.get(tail)
