"""How fast a model runs on this machine, measured as it works, and what follows from it: chunks and drafts."""

from __future__ import annotations

CHUNK_S = 0.025
"""Longest time one chunk of a prompt should take, in seconds: cancelled work ends within it."""

FIRST_CHUNK, SMALLEST_CHUNK, LARGEST_CHUNK = 32, 16, 256

RATE_WEIGHT = 0.3
"""Weight of the newest measurement in the moving averages of speed."""

LONGEST_DRAFT = 16
"""Most tokens that are verified at once, beside the one that is certain."""


class Pace:
    """Measured speed of this model on this machine."""

    def __init__(self, prefill: float, decode: float) -> None:
        self.prefill = prefill
        """Prompt tokens per second."""
        self.decode = decode
        """Tokens per second when each is evaluated alone."""
        self.extra_s = 1 / max(prefill, 1e-6)
        """Seconds that one more token adds to an evaluation of a few tokens."""
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

    def draft_done(self, drafted: int, seconds: float) -> None:
        """Learn from one certain token that was evaluated together with `drafted` others."""
        if drafted and seconds > 0:
            extra = max(0.0, seconds - 1 / self.decode) / drafted
            # Never dearer than alone: a moment in which something else had the cores is not believed.
            self.extra_s += RATE_WEIGHT * (min(extra, 1 / self.decode) - self.extra_s)

    def draft_length(self, right: float) -> int:
        """How many tokens to draft when each is right with probability `right`, given that those before it are.

        The n-th saves one evaluation with probability right ** n and costs `extra_s` for certain.
        """
        gain, length = right, 0
        least = self.extra_s * self.decode
        while length < LONGEST_DRAFT and gain > least:
            length += 1
            gain *= right
        return length
