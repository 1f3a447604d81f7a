"""A server elsewhere as an `Instructor`: `/v1/chat/completions`, with the grammar in the form that the server knows.

llama.cpp's server takes GBNF in `grammar`; other servers take the JSON schema in `response_format`. One that takes
neither says so, or answers with what then cannot be read: either way there is an error and no answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from hunch_models.backend import Finish
from hunch_models.errors import BackendError
from hunch_models.instruct import InstructRequest, InstructResult, choice_logprobs
from hunch_models.remote.dialect import decode, known
from hunch_models.remote.failures import shown
from hunch_models.remote.options import RemoteOptions, parse_address

if TYPE_CHECKING:
    from hunch_models.remote.connection import Connection

CHAT = "/v1/chat/completions"
MOST_ALTERNATIVES = 20
"""OpenAI's own limit of `top_logprobs`."""
MAX_CHARS = 64 * 1024
"""Longest answer that is looked at."""


class _Alternative(msgspec.Struct):
    token: str = ""
    logprob: float | None = None


class _Token(msgspec.Struct):
    token: str = ""
    logprob: float | None = None
    top_logprobs: list[_Alternative] = []


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    logprobs: _Logprobs | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    completion_tokens: int = 0


class _Answer(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None


class _Model(msgspec.Struct):
    id: str = ""


class _Models(msgspec.Struct):
    data: list[_Model] = []


class RemoteInstructor:
    """One server. Raises SettingsError for unusable options. `clock` returns seconds and never goes back."""

    def __init__(self, options: RemoteOptions, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._options = options
        self._address = parse_address(options.url)
        self._clock = clock
        self._model = options.model
        self._connection: Connection | None = None

    @property
    def name(self) -> str:
        """The model and where it runs."""
        return f"{shown(self._model)} on {self._address.host}" if self._model else self._address.host

    async def start(self) -> None:
        """Ask for the list of models. Raises BackendError when the server cannot be reached or has none."""
        from hunch_models.remote.connection import Connection  # noqa: PLC0415 - httpx takes 150 ms to import

        self._connection = Connection(self._address, self._options)
        try:
            models = decode(await self._connection.get("/v1/models"), _Models, self._address.host).data
        except BackendError:
            await self.stop()
            raise
        if not self._model and models:
            self._model = models[0].id

    async def ask(self, request: InstructRequest) -> InstructResult:
        """Answer. Raises BackendError; time over is an answer that is not finished."""
        if self._connection is None:
            raise BackendError("the connection to the server is closed")
        started = self._clock()
        try:
            async with asyncio.timeout(request.time_limit_ms / 1000):
                body = await self._connection.post(CHAT, self._body(request))
        except TimeoutError:
            return InstructResult("", Finish.TIME, 0, (self._clock() - started) * 1000)
        answer = decode(body, _Answer, self._address.host)
        if not answer.choices or answer.choices[0].message is None:
            raise BackendError(f"{self._address.host} sent an answer without a text")
        choice = answer.choices[0]
        text = choice.message.content if choice.message else None
        return InstructResult(
            (text or "")[:MAX_CHARS],
            Finish.END if choice.finish_reason == "stop" else Finish.LENGTH,
            answer.usage.completion_tokens if answer.usage else 0,
            (self._clock() - started) * 1000,
            _choice_logprobs(request, choice.logprobs),
        )

    async def stop(self) -> None:
        """Close the connection. Safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    def _body(self, request: InstructRequest) -> dict[str, object]:
        body: dict[str, object] = {
            "model": self._model,
            "messages": [
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.prompt},
            ],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
            "stream": False,
        }
        if request.choices:
            body |= {"logprobs": True, "top_logprobs": MOST_ALTERNATIVES}
        if self._options.kind == "llama":
            return body | {"grammar": request.grammar}
        if request.schema:
            schema = msgspec.json.decode(request.schema, type=dict[str, Any])
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "answer", "strict": True, "schema": schema},
            }
        return body


def _choice_logprobs(request: InstructRequest, found: _Logprobs | None) -> tuple[float, ...]:
    """From the first token that stands for some text, and what else could have stood there."""
    if not request.choices or found is None:
        return ()
    for token in found.content or []:
        if not token.token.strip():
            continue
        alternatives = token.top_logprobs or [_Alternative(token.token, token.logprob)]
        pairs = ((one.token, value) for one in alternatives for value in known(one.logprob))
        return choice_logprobs(request.choices, pairs)
    return ()
