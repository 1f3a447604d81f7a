"""Places that a person comes back to: what the model has read there is kept beside the present, in memory.

A person goes to and fro between a few places of a few files. Each is another prompt from its first token on, so that
the KV cache alone would be evaluated anew at every return. Reading 544 tokens takes the bundled model 177 ms of CPU
time; copying what it has read (4.2 MB) takes 0.5 ms there and 0.5 ms back.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from hunch_models.llama.engine import Engine, common

LEAST_TOKENS = 64
"""Fewer are read anew faster than they are worth keeping."""
MOST_BYTES = 16 << 20
"""All kept states together: four places of the bundled model, beside the present one."""


class WarmStates:
    """The states of the places worked at lately, up to `MOST_BYTES`; the one longest unused goes first."""

    def __init__(self, engine: Engine, most_bytes: int = MOST_BYTES) -> None:
        self.restored = 0
        """How often a state was of use."""
        self._engine = engine
        self._most = most_bytes
        self._states: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._bytes = 0

    def prepare(self, prompt: Sequence[int]) -> None:
        """Before `prompt` takes the place of what the KV cache holds: keep that, and bring back what fits better."""
        engine = self._engine
        shared = common(engine.tokens, prompt)
        if len(prompt) - shared < LEAST_TOKENS:
            return
        if len(engine.tokens) - shared >= LEAST_TOKENS:
            self._keep()
        best, most = None, shared + LEAST_TOKENS - 1
        for tokens in self._states:
            fits = common(tokens, prompt)
            if fits > most:
                best, most = tokens, fits
        if best is None:
            return
        self._states.move_to_end(best)
        if engine.restore(best, self._states[best]):
            self.restored += 1
        else:
            self._forget(best)

    def _keep(self) -> None:
        engine = self._engine
        present = tuple(engine.tokens)
        size = engine.state_size()
        if size > self._most:
            return
        # One place grows while a person types there: only its latest state is of use.
        for tokens in [tokens for tokens in self._states if len(tokens) - common(tokens, present) < LEAST_TOKENS]:
            self._forget(tokens)
        state = engine.state(size)
        if state is None:
            return
        self._states[present] = state
        self._bytes += len(state)
        while self._bytes > self._most:
            self._forget(next(iter(self._states)))

    def _forget(self, tokens: tuple[int, ...]) -> None:
        self._bytes -= len(self._states.pop(tokens))
