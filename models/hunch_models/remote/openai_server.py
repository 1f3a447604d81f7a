"""OpenAI-compatible servers: `/v1/completions` with `suffix`, or with a FIM prompt that is built here.

vLLM answers 400 to `suffix` ("suffix is not currently supported"), llama.cpp's server leaves it out without a
word; for them `remote.fim_template` names the model's prompt form.
"""

from __future__ import annotations

import msgspec

from hunch_models.backend import Finish, GenerationRequest, ModelInfo
from hunch_models.remote.dialect import Get, Piece, Post, clip_prefix, clip_suffix, decode, known
from hunch_models.remote.failures import ServerFailure, shown
from hunch_models.remote.fim_text import FimText

COMPLETIONS = "/v1/completions"
DONE = b"[DONE]"


class _Token(msgspec.Struct):
    logprob: float | None = None


class _Logprobs(msgspec.Struct):
    """The old form of the completions API (vLLM) and the chat form (llama.cpp's server)."""

    token_logprobs: list[float | None] | None = None
    content: list[_Token] | None = None


class _Choice(msgspec.Struct):
    text: str | None = None
    logprobs: _Logprobs | None = None
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Error(msgspec.Struct):
    message: str = ""
    code: int | str | None = None


class _Event(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: _Error | str | None = None


class _Model(msgspec.Struct):
    id: str = ""
    owned_by: str | None = None
    max_model_len: int | None = None


class _Models(msgspec.Struct):
    data: list[_Model] = []


class OpenAiDialect:
    """`POST /v1/completions`, greedy. Learns from refusals what this server can do."""

    path = COMPLETIONS

    def __init__(
        self,
        host: str,
        model: str = "",
        fim: FimText | None = None,
        *,
        send_suffix: bool = True,
        chars_per_token: float = 3.0,
    ) -> None:
        self._host = host
        self._model = model
        self._wanted = model
        self._fim = fim
        self._suffix = send_suffix
        self._refused = False  # the server said no to `suffix`
        self._logprobs = True
        self._vllm = False
        self._chars_per_token = chars_per_token

    @property
    def stop_texts(self) -> tuple[str, ...]:
        """The special tokens of the prompt form: a model that begins another file has finished this one."""
        return self._fim.specials if self._fim is not None and not self._suffix else ()

    async def probe(self, get: Get, post: Post) -> ModelInfo:
        """The model list; after a refusal also whether `suffix` is still refused."""
        models = decode(await get("/v1/models"), _Models, self._host).data
        found = next((m for m in models if m.id == self._wanted), None) if self._wanted else next(iter(models), None)
        if found is None:
            offered = ", ".join(shown(m.id) for m in models[:3]) or "none"
            raise ServerFailure(
                f"{self._host} has no model {shown(self._wanted)!r}"
                if self._wanted
                else f"{self._host} lists no model",
                f"it offers: {offered}",
                away=True,
            )
        self._model = found.id
        self._vllm = found.owned_by == "vllm"
        if found.owned_by == "llamacpp" and self._suffix:
            if self._fim is None:
                raise ServerFailure(
                    f"{self._host} is a llama.cpp server, whose /v1/completions ignores `suffix`",
                    "set remote.kind to llama",
                    away=True,
                )
            self._suffix = False
        if self._refused and self._suffix:
            await self._ask_for_suffix(post)
        return ModelInfo(
            id=shown(found.id),
            fim="server" if self._suffix else self._fim.order if self._fim is not None else "none",
            context_length=found.max_model_len or 0,
            chars_per_token=self._chars_per_token,
        )

    def body(self, request: GenerationRequest) -> dict[str, object]:
        """Greedy decoding; the server's own stop texts only save it work, ours decide."""
        if not self._suffix and self._fim is None:
            raise self._no_suffix("")
        prefix = clip_prefix(request.prefix, round(request.budget.prefix * self._chars_per_token))
        suffix = clip_suffix(request.suffix, round(request.budget.suffix * self._chars_per_token))
        stop = [*request.stop.texts, *self.stop_texts]
        if request.stop.single_line:
            stop.insert(0, "\n")
        body: dict[str, object] = {
            "model": self._model,
            "prompt": prefix,
            "max_tokens": request.max_tokens,
            "temperature": 0,
            "stream": True,
        }
        if stop:
            body["stop"] = stop[:4]  # OpenAI's own limit; some servers hold to it
        if self._logprobs:
            body["logprobs"] = 1
        if self._suffix:
            if suffix:
                body["suffix"] = suffix
        elif self._fim is not None:
            room = round(request.budget.extra * self._chars_per_token)
            body["prompt"] = self._fim.render(prefix, suffix, request.path, request.extra, room)
            if self._vllm:  # else vLLM leaves the end-of-file tokens out of the text, and we would read on
                body["skip_special_tokens"] = False
        return body

    def warm_body(self, request: GenerationRequest) -> dict[str, object] | None:
        """Never: the shortest request generates one token, which a shared or paid server pays for."""
        return None

    def read(self, event: bytes) -> Piece:
        """One event: some text, or the end with its reason."""
        if event.strip() == DONE:
            return Piece(finish=Finish.END)
        parsed = decode(event, _Event, self._host)
        if parsed.error is not None:
            said = shown(parsed.error if isinstance(parsed.error, str) else parsed.error.message)
            raise ServerFailure(f"{self._host} failed while answering", said, away=False, said=said)
        reused = new = 0
        if parsed.usage is not None:
            details = parsed.usage.prompt_tokens_details
            reused = (details.cached_tokens or 0) if details is not None else 0
            new = max(0, parsed.usage.prompt_tokens - reused)
        if not parsed.choices:
            return Piece(reused_tokens=reused, new_tokens=new)
        choice = parsed.choices[0]
        finish = None
        if choice.finish_reason:
            # "stop" means the model's end token or a stop text; the two cannot be told apart here.
            finish = Finish.LENGTH if choice.finish_reason == "length" else Finish.END
        return Piece(choice.text or "", _logprobs(choice.logprobs), finish, reused, new)

    def learn(self, failure: ServerFailure) -> bool:
        """Leave out what the server says it does not know, if there is another way."""
        if failure.status not in (400, 422, 500, 501):
            return False
        said = failure.said.lower()
        if self._suffix and "suffix" in said:
            self._refused = True
            if self._fim is None:
                raise self._no_suffix(failure.said)
            self._suffix = False
            return True
        if self._logprobs and ("logprobs" in said or "log prob" in said):
            self._logprobs = False
            return True
        return False

    async def _ask_for_suffix(self, post: Post) -> None:
        body = {"model": self._model, "prompt": "a", "suffix": "b", "max_tokens": 1, "temperature": 0}
        try:
            await post(COMPLETIONS, body)
        except ServerFailure as failure:
            if "suffix" in failure.said.lower():
                raise self._no_suffix(failure.said) from None
            raise
        self._refused = False

    def _no_suffix(self, said: str) -> ServerFailure:
        return ServerFailure(
            f"{self._host} does not support `suffix`" + (f" ({said})" if said else ""),
            "name the model's prompt form in remote.fim_template",
            away=True,
        )


def _logprobs(found: _Logprobs | None) -> tuple[float, ...]:
    if found is None:
        return ()
    values = found.token_logprobs or [token.logprob for token in found.content or []]
    return tuple(finite for value in values for finite in known(value))
