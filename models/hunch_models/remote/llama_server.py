"""llama.cpp's own server: `/infill` builds the prompt over there, from the FIM tokens of its model.

Field names and behaviour as in llama.cpp of llama-cpp-python 0.3.36 (`tools/server`).
"""

from __future__ import annotations

import msgspec

from hunch_models.backend import Finish, GenerationRequest, ModelInfo
from hunch_models.remote.dialect import Get, Piece, Post, clip_prefix, clip_suffix, decode, known
from hunch_models.remote.failures import ServerFailure, shown

INFILL = "/infill"


class _Probability(msgspec.Struct):
    logprob: float | None = None


class _Timings(msgspec.Struct):
    cache_n: int = 0
    prompt_n: int = 0
    prompt_ms: float | None = None
    predicted_ms: float | None = None


class _Error(msgspec.Struct):
    message: str = ""
    code: int = 0


class _Event(msgspec.Struct):
    content: str = ""
    stop: bool = False
    stop_type: str = ""
    completion_probabilities: list[_Probability] = []
    timings: _Timings | None = None
    error: _Error | None = None


class _Generation(msgspec.Struct):
    n_ctx: int = 0


class _Props(msgspec.Struct):
    model_alias: str = ""
    model_path: str = ""
    model_ftype: str = ""
    default_generation_settings: _Generation = msgspec.field(default_factory=_Generation)


class _Meta(msgspec.Struct):
    n_params: int = 0


class _Model(msgspec.Struct):
    id: str = ""
    meta: _Meta | None = None


class _Models(msgspec.Struct):
    data: list[_Model] = []


class LlamaServerDialect:
    """`POST /infill`, greedy, with one log-probability per token."""

    path = INFILL
    stop_texts: tuple[str, ...] = ()

    def __init__(self, host: str, model: str = "", chars_per_token: float = 3.0) -> None:
        self._host = host
        self._model = model  # only a server that routes to several models reads it
        self._chars_per_token = chars_per_token

    async def probe(self, get: Get, post: Post) -> ModelInfo:
        """Health, then the model's name and size, then whether it has FIM tokens (an empty `/infill`)."""
        await get("/health")
        props = decode(await get("/props"), _Props, self._host)
        models = decode(await get("/v1/models"), _Models, self._host).data
        await post(INFILL, self._ask("", "", []) | {"n_predict": 0})
        named = props.model_alias if props.model_alias != props.model_path else ""  # unnamed: the file's path
        name = self._model or named or props.model_path.replace("\\", "/").rpartition("/")[2]
        return ModelInfo(
            id=shown(name) or "llama-server",
            params=next((m.meta.n_params for m in models if m.meta is not None), 0),
            quant=shown(props.model_ftype),
            fim="server",
            context_length=props.default_generation_settings.n_ctx,
            chars_per_token=self._chars_per_token,
        )

    def body(self, request: GenerationRequest) -> dict[str, object]:
        """Greedy decoding; the server's own stop texts only save it work, ours decide."""
        stop = list(request.stop.texts)
        if request.stop.single_line:
            stop.append("\n")
        return self._prompt(request) | {
            "n_predict": request.max_tokens,
            # The server minds this only after a line break, so the client keeps its own time as well.
            "t_max_predict_ms": max(1, round(request.time_limit_ms)),
            "n_probs": 1,
            "post_sampling_probs": False,
            "timings_per_token": True,
            "stop": stop,
            "stream": True,
        }

    def warm_body(self, request: GenerationRequest) -> dict[str, object] | None:
        """Evaluates the prompt and generates nothing."""
        return self._prompt(request) | {"n_predict": 0}

    def read(self, event: bytes) -> Piece:
        """One event: a token's text, or the end with its reason."""
        parsed = decode(event, _Event, self._host)
        if parsed.error is not None:
            said = shown(parsed.error.message)
            raise ServerFailure(f"{self._host} failed while answering", said, away=False, status=parsed.error.code)
        timings = parsed.timings or _Timings()
        return Piece(
            text=parsed.content,
            logprobs=tuple(value for p in parsed.completion_probabilities for value in known(p.logprob)),
            finish=_FINISH.get(parsed.stop_type, Finish.LENGTH) if parsed.stop else None,
            reused_tokens=timings.cache_n,
            new_tokens=timings.prompt_n,
            prefill_ms=timings.prompt_ms or 0.0,
            decode_ms=timings.predicted_ms or 0.0,
        )

    def learn(self, failure: ServerFailure) -> bool:
        """Nothing to learn: `/infill` either works or it does not."""
        return False

    def _prompt(self, request: GenerationRequest) -> dict[str, object]:
        prefix = clip_prefix(request.prefix, round(request.budget.prefix * self._chars_per_token))
        suffix = clip_suffix(request.suffix, round(request.budget.suffix * self._chars_per_token))
        left = round(request.budget.extra * self._chars_per_token)
        extra: list[dict[str, str]] = []
        for snippet in reversed(request.extra):  # the last stands nearest to the cursor
            if len(snippet.text) > left:
                break
            left -= len(snippet.text)
            extra.insert(0, {"filename": snippet.path, "text": snippet.text})
        return self._ask(prefix, suffix, extra)

    def _ask(self, prefix: str, suffix: str, extra: list[dict[str, str]]) -> dict[str, object]:
        # The present line goes apart: its tokens then do not depend on where the prefix is cut.
        line = prefix.rfind("\n") + 1
        body: dict[str, object] = {
            "input_prefix": prefix[:line],
            "input_suffix": suffix,
            "prompt": prefix[line:],
            "input_extra": extra,
            "cache_prompt": True,
            "temperature": 0.0,
            "samplers": ["temperature"],
            # The last event would repeat the prompt and all settings.
            "response_fields": ["content", "stop", "stop_type", "timings"],
        }
        if self._model:
            body["model"] = self._model
        return body


_FINISH = {"eos": Finish.END, "word": Finish.STOP, "limit": Finish.LENGTH}
