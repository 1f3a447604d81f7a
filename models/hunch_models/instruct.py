"""Questions to an instruct model, answered under a grammar: what is asked, what comes back, who may answer.

A local GGUF file in a worker process and a remote server implement `Instructor`. Nothing here knows product rules.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hunch_models.backend import Finish


@dataclass(frozen=True, slots=True)
class InstructRequest:
    """One question. `grammar` is GBNF with a rule `root`; `schema` says the same as a JSON schema, as JSON text, for
    servers that know no GBNF (empty: there is none).

    `choices`: the texts that the grammar allows, where it allows only a few and their likelihood is wanted.
    `temperature` 0 always takes the likeliest token; else `seed` decides.
    """

    system: str
    prompt: str
    grammar: str
    schema: str = ""
    choices: tuple[str, ...] = ()
    max_tokens: int = 400
    time_limit_ms: float = 60_000.0
    temperature: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class InstructResult:
    """The answer. `finish` is END only where the grammar was satisfied: anything else is a beginning of an answer.

    `choice_logprobs`: natural-log probability of each of the request's `choices` among them; empty where unknown.
    """

    text: str
    finish: Finish
    tokens: int
    total_ms: float
    choice_logprobs: tuple[float, ...] = ()


class Instructor(Protocol):
    """Answers one question at a time. All methods run on one asyncio loop and never block it."""

    @property
    def name(self) -> str:
        """The model, as it is told to people."""
        ...

    async def start(self) -> None:
        """Load the model, or reach the server. Raises BackendError when it cannot be used."""
        ...

    async def ask(self, request: InstructRequest) -> InstructResult:
        """Answer. Raises BackendError when the engine is away, dies, or does not keep to its time."""
        ...

    async def stop(self) -> None:
        """End the engine and free everything. Safe to call twice."""
        ...


def choice_logprobs(choices: Sequence[str], tokens: Iterable[tuple[str, float]]) -> tuple[float, ...]:
    """Natural-log probability of each choice among them, from those of first tokens; empty when none begins any.

    A token counts for the choice that it begins, or that begins it, if there is just one. Choices without a token
    get what is left: the lowest log-probability seen.
    """
    mass = [0.0] * len(choices)
    lowest = 0.0
    for text, logprob in tokens:
        start = text.strip().lower()
        fits = [
            number
            for number, choice in enumerate(choices)
            if start and (choice.lower().startswith(start) or start == choice.lower())
        ]
        lowest = min(lowest, logprob)
        if len(fits) == 1:
            mass[fits[0]] += math.exp(logprob)
    if not any(mass):
        return ()
    floor = max(math.exp(lowest), 1e-12)
    mass = [one or min(floor, max(mass)) for one in mass]
    total = sum(mass)
    return tuple(math.log(one / total) for one in mass)
