"""What the two kinds of completion server have in common: a request body out, pieces of text in."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from hunch_models.backend import Finish, GenerationRequest, ModelInfo
from hunch_models.errors import BackendError
from hunch_models.remote.failures import ServerFailure

LOWEST_LOGPROB = -100.0
"""Servers write minus infinity as null, as -9999 or as the lowest float; a mean must survive that."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One event of an answer. `logprobs` belong to the tokens of `text`, in order.

    Counts are the server's own, so far; times are ms. What it does not tell is 0.
    """

    text: str = ""
    logprobs: tuple[float, ...] = ()
    finish: Finish | None = None
    reused_tokens: int = 0
    new_tokens: int = 0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0


T = TypeVar("T")

Get = Callable[[str], Awaitable[bytes]]
"""GET a path: the body of a 200 answer, else ServerFailure."""
Post = Callable[[str, dict[str, object]], Awaitable[bytes]]
"""POST JSON to a path: the body of a 200 answer, else ServerFailure."""


class Dialect(Protocol):
    """How one kind of server is spoken to. Holds what was learnt about the server, but no connection."""

    @property
    def path(self) -> str:
        """Where generation requests go."""
        ...

    @property
    def stop_texts(self) -> tuple[str, ...]:
        """Texts that end the output besides the request's own."""
        ...

    async def probe(self, get: Get, post: Post) -> ModelInfo:
        """Find out whether the server can answer, and with which model. Raises ServerFailure if not."""
        ...

    def body(self, request: GenerationRequest) -> dict[str, object]:
        """The JSON body that asks for `request`. Raises ServerFailure when this server cannot be asked."""
        ...

    def warm_body(self, request: GenerationRequest) -> dict[str, object] | None:
        """The JSON body that only evaluates the prompt, or None where that cannot be had for free."""
        ...

    def read(self, event: bytes) -> Piece:
        """One event of the answer. Raises ServerFailure for an error event, BackendError for garbage."""
        ...

    def learn(self, failure: ServerFailure) -> bool:
        """After a refusal: True when the next `body` avoids its cause, so that one more try makes sense."""
        ...


def decode(data: bytes, kind: type[T], host: str) -> T:
    """JSON from a server as a typed value. Raises BackendError for anything else."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise BackendError(f"{host} sent something that is no answer", "check remote.url and remote.kind") from None


def known(logprob: float | None) -> tuple[float, ...]:
    """A server's log-probability, made finite, as none or one value."""
    if logprob is None or math.isnan(logprob):
        return ()
    return (min(0.0, max(LOWEST_LOGPROB, logprob)),)


def clip_prefix(text: str, limit: int) -> str:
    """The end of `text` within `limit` code points, beginning with a line where one begins near.

    The cut moves in steps of a quarter of the limit: while a person types, the prompt's start stays, and with
    it what the server has cached.
    """
    excess = len(text) - limit
    if excess <= 0:
        return text
    step = max(1, limit // 4)
    start = min(-(-excess // step) * step, len(text))
    line = text.find("\n", start - 1, start + step) + 1
    return text[line or start :]


def clip_suffix(text: str, limit: int) -> str:
    """The beginning of `text` within `limit` code points, ending with a whole line where one ends near."""
    if len(text) <= limit:
        return text
    line = text.rfind("\n", limit - limit // 4, limit) + 1
    return text[: line or limit]
