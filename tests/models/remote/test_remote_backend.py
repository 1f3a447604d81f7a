"""The remote backend against a stand-in server: what is sent and what comes back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from hunch_models.backend import (
    BackendState,
    BackendStatus,
    Finish,
    GenerationRequest,
    Snippet,
    StopRule,
    TokenBudget,
)
from hunch_models.errors import BackendError
from hunch_models.remote import RemoteOptions
from tests.models.remote.reaching import REQUEST, reaching, ready, settled
from tests.models.remote.stand_in import Asked, Reply, StandIn, serving

VLLM_SUFFIX = {"error": {"message": "suffix is not currently supported", "type": "BadRequestError", "code": 400}}
OLD_VLLM_SUFFIX = {
    "object": "error",
    "message": "suffix is not currently supported",
    "type": "BadRequestError",
}
LLAMA_SUFFIX = {"error": {"code": 400, "message": "Unsupported param: suffix", "type": "invalid_request_error"}}


async def test_infill_request_and_answer() -> None:
    stand_in = StandIn()
    request = GenerationRequest(
        "import os\ndef add(a, b):\n    ",
        "\n\nprint(add(1, 2))\n",
        extra=(Snippet("lib.py", "X = 1\n"),),
        budget=TokenBudget(extra=64),
        max_tokens=7,
        time_limit_ms=900,
    )
    pieces: list[str] = []
    async with ready(stand_in) as backend:
        result = await backend.generate(request, pieces.append)
        assert backend.info is not None
        assert (backend.info.id, backend.info.quant, backend.info.params) == (
            "tiny-q8_0.gguf",
            "Q8_0",
            10_000_000,
        )
        assert backend.info.context_length == 4096
    assert result.text == "return a + b"
    assert pieces == ["return", " a", " +", " b"]
    assert result.token_logprobs == (-0.25,) * 4
    assert result.finish is Finish.END
    assert (result.timing.reused_tokens, result.timing.new_tokens, result.timing.decoded_tokens) == (
        30,
        10,
        4,
    )
    assert result.timing.prefill_ms == 4.5
    assert 0 < result.timing.first_token_ms <= result.timing.total_ms
    (asked,) = stand_in.generations()
    assert (asked.method, asked.path) == ("POST", "/infill")
    wanted = {
        "input_prefix": "import os\ndef add(a, b):\n",
        "prompt": "    ",
        "input_suffix": "\n\nprint(add(1, 2))\n",
        "input_extra": [{"filename": "lib.py", "text": "X = 1\n"}],
        "n_predict": 7,
        "t_max_predict_ms": 900,
        "cache_prompt": True,
        "temperature": 0.0,
        "n_probs": 1,
        "stream": True,
        "stop": ["\n"],
    }
    assert {key: asked.body.get(key) for key in wanted} == wanted
    assert "authorization" not in asked.headers


async def test_completions_request_and_answer() -> None:
    stand_in = StandIn("openai")
    async with ready(stand_in) as backend:
        result = await backend.generate(REQUEST)
        assert backend.info is not None
        assert (backend.info.id, backend.info.context_length) == ("team/coder", 8192)
    assert (result.text, result.finish, result.token_logprobs) == ("return a + b", Finish.END, (-0.25,) * 4)
    (asked,) = stand_in.generations()
    assert asked.path == "/v1/completions"
    assert asked.body == {
        "model": "team/coder",
        "prompt": REQUEST.prefix,
        "suffix": REQUEST.suffix,
        "max_tokens": 24,
        "temperature": 0,
        "logprobs": 1,
        "stop": ["\n"],
        "stream": True,
    }


async def test_llama_servers_own_completions_events_are_understood() -> None:
    chunk = (
        b'data: {"choices":[{"text":"ab","index":0,"logprobs":{"content":[{"id":5,"token":"ab",'
        b'"bytes":[97,98],"logprob":-0.5,"top_logprobs":[]}]},"finish_reason":null}],"object":"text_completion"}\n\n'
    )
    end = (
        b'data: {"choices":[{"text":"","index":0,"logprobs":null,"finish_reason":"length"}],"usage":'
        b'{"completion_tokens":1,"prompt_tokens":12,"prompt_tokens_details":{"cached_tokens":4}}}\n\n'
    )
    async with ready(StandIn("openai", raw_events=[chunk, end, b"data: [DONE]\n\n"])) as backend:
        result = await backend.generate(REQUEST)
    assert (result.text, result.token_logprobs, result.finish) == ("ab", (-0.5,), Finish.LENGTH)
    assert (result.timing.reused_tokens, result.timing.new_tokens) == (4, 8)


@pytest.mark.parametrize("kind", ["llama", "openai"])
async def test_stop_rules_hold_on_the_client(kind: str) -> None:
    stand_in = StandIn(kind, tokens=["if x:\n", "    y()", "\n\n", "z()", "\n", "w()"])
    request = GenerationRequest("", "", stop=StopRule(False, 9, 4, ("y)",)))
    async with ready(stand_in) as backend:
        result = await backend.generate(request)
    assert (result.text, result.finish) == ("if x:\n    y()", Finish.STOP)
    assert len(result.token_logprobs) == 2


async def test_limits_hold_against_a_server_that_ignores_them() -> None:
    events = [b'data: {"content":"x","stop":false}\n\n'] * 50
    async with ready(StandIn(raw_events=events)) as backend:
        result = await backend.generate(GenerationRequest("", "", max_tokens=5))
    assert (result.text, result.finish) == ("xxxxx", Finish.LENGTH)


async def test_held_back_text_keeps_its_logprobs_and_end_tokens_have_none() -> None:
    def event(content: str, logprob: float | None) -> bytes:
        value = "null" if logprob is None else str(logprob)
        return f'data: {{"content":"{content}","completion_probabilities":[{{"logprob":{value}}}]}}\n\n'.encode()

    end = b'data: {"content":"","stop":true,"stop_type":"eos"}\n\n'
    events = [event("", -1.0), event("ab", -2.0), event("c", None), event("d", -1e38), event("", -9.0), end]
    async with ready(StandIn(raw_events=events)) as backend:
        result = await backend.generate(REQUEST)
    assert (result.text, result.token_logprobs, result.finish) == ("abcd", (-1.0, -2.0, -100.0), Finish.END)


async def test_a_clipped_prefix_begins_at_the_same_place_while_a_person_types() -> None:
    stand_in = StandIn()
    text = "".join(f"line_{n} = {n}\n" for n in range(400))
    budget = TokenBudget(prefix=100, suffix=20)
    async with ready(stand_in) as backend:
        for typed in range(40):
            await backend.generate(GenerationRequest(text + "x" * typed, text, budget=budget))
    bodies = [asked.body for asked in stand_in.generations()]
    assert len({body["input_prefix"] for body in bodies}) <= 2
    assert all(len(body["input_prefix"] + body["prompt"]) <= 300 for body in bodies)
    assert all(body["input_prefix"].startswith("line_") for body in bodies)
    assert {body["input_suffix"] for body in bodies} == {text[: text.rindex("\n", 0, 60) + 1]}


async def test_unpaired_surrogates_do_not_stop_a_request() -> None:
    stand_in = StandIn()
    async with ready(stand_in) as backend:
        assert (await backend.generate(GenerationRequest("a\ud83d", "é😀"))).text
    assert stand_in.generations()[0].body["prompt"] == "a?"
    assert stand_in.generations()[0].body["input_suffix"] == "é😀"


# `suffix` refused


@pytest.mark.parametrize("refusal", [VLLM_SUFFIX, OLD_VLLM_SUFFIX, LLAMA_SUFFIX], ids=["vllm", "old vllm", "llama"])
async def test_suffix_refused_falls_back_to_the_named_prompt_form(refusal: dict[str, Any]) -> None:
    stand_in = StandIn("openai", suffix_error=refusal, owned_by="vllm", tokens=["x", "<|file_sep|>", "y"])
    request = GenerationRequest("a = <|fim_middle|>", "b", path="p.py", stop=StopRule(False, 5))
    async with ready(stand_in, fim_template="qwen2.5-coder") as backend:
        result = await backend.generate(request)
        await backend.generate(request)
        assert backend.status == BackendStatus(BackendState.READY)
    assert (result.text, result.finish) == ("x", Finish.END)
    first, second, third = (asked.body for asked in stand_in.generations())
    assert "suffix" in first
    assert second["prompt"] == "<|fim_prefix|>a = <|fim_suffix|>b<|fim_middle|>"
    assert "suffix" not in second
    assert "<|file_sep|>" in second["stop"]
    assert len(second["stop"]) <= 4
    assert second["skip_special_tokens"] is False
    assert third == second


async def test_suffix_refused_without_a_prompt_form_is_a_lasting_status() -> None:
    stand_in = StandIn("openai", suffix_error=VLLM_SUFFIX)
    async with ready(stand_in) as backend:
        with pytest.raises(BackendError, match=r"does not support `suffix`.*") as caught:
            await backend.generate(REQUEST)
        assert "remote.fim_template" in caught.value.hint
        seen = len(stand_in.asked_for("/v1/models"))
        while len(stand_in.asked_for("/v1/models")) < seen + 3:  # the server is well, but still refuses
            await asyncio.sleep(0.005)
        assert backend.status.state is BackendState.DEGRADED
        assert "fim_template" in backend.status.detail
        stand_in.suffix_error = None
        await settled(backend, BackendState.READY)
        assert (await backend.generate(REQUEST)).text == "return a + b"


async def test_logprobs_refused_are_left_out() -> None:
    def refuse(asked: Asked) -> Reply | None:
        return Reply.error(400, "logprobs is not supported") if "logprobs" in asked.body else None

    stand_in = StandIn("openai", override=refuse)
    async with ready(stand_in) as backend:
        result = await backend.generate(REQUEST)
    assert (result.text, result.token_logprobs, result.mean_logprob) == ("return a + b", (), None)


# Keys and addresses


async def test_the_key_is_sent_and_never_shown(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    key = "sk-very-secret"
    async with ready(StandIn(api_key=key), api_key=key) as backend:
        assert (await backend.generate(REQUEST)).text
    stand_in = StandIn(api_key="another")
    async with serving(stand_in), reaching(stand_in, api_key=key) as backend:
        status = await settled(backend, BackendState.DEGRADED)
        assert "refuses the API key (401)" in status.detail
        with pytest.raises(BackendError) as caught:
            await backend.generate(REQUEST)
    assert stand_in.asked_for("/props")[0].headers["authorization"] == f"Bearer {key}"
    assert key not in caplog.text + status.detail + str(caught.value) + repr(RemoteOptions("x", api_key=key))
