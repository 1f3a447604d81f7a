"""The remote backend against a stand-in server: what is sent, what comes back, and how failures end."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
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
from hunch_models.remote import RemoteBackend, RemoteOptions
from tests.models.remote.stand_in import Asked, Reply, StandIn, serving

REQUEST = GenerationRequest("def add(a, b):\n    ", "\n\nprint(add(1, 2))\n", path="add.py")
VLLM_SUFFIX = {"error": {"message": "suffix is not currently supported", "type": "BadRequestError", "code": 400}}
OLD_VLLM_SUFFIX = {
    "object": "error",
    "message": "suffix is not currently supported",
    "type": "BadRequestError",
}
LLAMA_SUFFIX = {"error": {"code": 400, "message": "Unsupported param: suffix", "type": "invalid_request_error"}}


async def settled(
    backend: RemoteBackend, state: BackendState, detail: str = "", within_s: float = 5.0
) -> BackendStatus:
    """Wait for a status; the last one seen stands in the failure."""
    until = time.monotonic() + within_s
    while backend.status.state is not state or detail not in backend.status.detail:
        assert time.monotonic() < until, f"still {backend.status}"
        await asyncio.sleep(0.005)
    return backend.status


@asynccontextmanager
async def reaching(stand_in: StandIn, **options: Any) -> AsyncIterator[RemoteBackend]:
    options = {"retry_ms": (20.0, 100.0), "kind": stand_in.kind, **options}
    backend = RemoteBackend(RemoteOptions(stand_in.url, **options))
    await backend.start()
    try:
        yield backend
    finally:
        await backend.stop()


@asynccontextmanager
async def ready(stand_in: StandIn, **options: Any) -> AsyncIterator[RemoteBackend]:
    async with serving(stand_in), reaching(stand_in, **options) as backend:
        await settled(backend, BackendState.READY)
        yield backend


# What is sent and what comes back


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


# Failures: each ends in a clear line, and the backend goes on


def to_posts(status: int, message: str) -> Callable[[Asked], Reply | None]:
    return lambda asked: Reply.error(status, message) if asked.method == "POST" else None


def to_requests(status: int, message: str) -> Callable[[Asked], Reply | None]:
    """Refuses generation, but not the probe."""
    return lambda asked: Reply.error(status, message) if asked.body.get("stream") else None


@pytest.mark.parametrize(
    ("override", "detail"),
    [
        (to_posts(501, "Infill is not supported by this model"), "has no fill-in-the-middle tokens"),
        (lambda _: Reply.error(503, "Loading model"), "is still loading its model"),
        (lambda _: Reply.error(502, "bad gateway"), "is not available (502)"),
        (lambda _: Reply(302, b"", {"Location": "https://elsewhere.example/"}), "redirects /health"),
        (lambda a: Reply(200, b"<html>") if a.path == "/props" else None, "no answer"),
        (lambda a: Reply(200, b"[" * 100_000) if a.path == "/props" else None, "no answer"),
        (lambda a: Reply(200, b"x" * 9_000_000) if a.path == "/props" else None, "more than 8192 KiB"),
        (lambda _: Reply(404, b"\x00\x1b[31mnope" * 9999), "has no /health (404)"),
    ],
    ids=["501", "loading", "502", "redirect", "html", "deep json", "oversize", "404"],
)
async def test_a_server_that_cannot_serve_is_explained_and_retried(
    override: Callable[[Asked], Reply | None], detail: str
) -> None:
    stand_in = StandIn(override=override)
    async with serving(stand_in), reaching(stand_in) as backend:
        status = await settled(backend, BackendState.DEGRADED)
        assert detail in status.detail
        assert status.detail.isprintable()
        with pytest.raises(BackendError):
            await backend.generate(REQUEST)
        stand_in.override = lambda _asked: None
        await settled(backend, BackendState.READY)
        assert (await backend.generate(REQUEST)).text == "return a + b"


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"drop_after": 2}, "broke"),
        ({"raw_events": [b"data: {nonsense\n\n"]}, "no answer"),
        ({"raw_events": [b"data: " + b"[" * 99_999 + b"\n\n"]}, "no answer"),
        ({"raw_events": [b'data: {"content":"\\ud83d","stop":false}\n\n']}, "no answer"),
        ({"raw_events": [b"data: " + b"x" * 700_000] * 2}, "longer than 1024 KiB"),
        ({"raw_events": [b": ping " + b"x" * 500_000 + b"\n"] * 20}, "longer than 4096 KiB"),
        ({"raw_events": [b'data: {"content":"x","stop":false}\n\n']}, "ended the stream before"),
        ({"raw_events": [b'data: {"error":{"code":500,"message":"out\\nof memory"}}\n\n']}, "out of memory"),
        ({"content_type": "text/html"}, "instead of a stream"),
        ({"override": to_requests(400, "request exceeds the context size")}, "exceeds the context size"),
        ({"override": to_requests(429, "")}, "is busy"),
        ({"override": to_requests(500, "")}, "refused the request (500)"),
    ],
    ids=[
        "dropped", "garbage", "deep", "surrogate", "long event", "long stream", "short stream", "error event",
        "html", "400", "429", "500",
    ],
)  # fmt: skip
async def test_a_broken_answer_is_one_error_and_the_next_request_works(broken: dict[str, Any], message: str) -> None:
    stand_in = StandIn()
    healthy = dict(vars(stand_in))
    async with ready(stand_in) as backend:
        for name, value in broken.items():
            setattr(stand_in, name, value)
        with pytest.raises(BackendError) as caught:
            await backend.generate(REQUEST)
        assert message in caught.value.one_line()
        assert caught.value.one_line().isprintable()
        for name in broken:
            setattr(stand_in, name, healthy[name])
        await settled(backend, BackendState.READY)
        assert (await backend.generate(REQUEST)).text == "return a + b"


async def test_a_server_that_goes_and_comes_back() -> None:
    stand_in = StandIn()
    async with serving(stand_in):
        url, port = stand_in.url, int(stand_in.url.rpartition(":")[2])
        backend = RemoteBackend(RemoteOptions(url, retry_ms=(20.0, 100.0)))
        seen: list[BackendStatus] = []
        backend.on_status(seen.append)
        await backend.start()
        assert (await backend.generate(REQUEST)).text  # waits for the first probe
    with pytest.raises(BackendError, match=r"127\.0\.0\.1"):
        await backend.generate(REQUEST)
    assert "cannot be reached" in (await settled(backend, BackendState.DEGRADED, "cannot be reached")).detail
    async with serving(stand_in, port):
        await settled(backend, BackendState.READY)
        assert (await backend.generate(REQUEST)).text == "return a + b"
        await backend.stop()
    states = [status.state for status in seen]
    assert states[0] is BackendState.READY
    assert states[-2:] == [BackendState.READY, BackendState.STOPPED]
    assert BackendState.DEGRADED in states


async def test_pauses_between_attempts_grow_to_the_limit() -> None:
    times: list[float] = []

    def refuse(_asked: Asked) -> Reply:
        times.append(time.monotonic())
        return Reply.error(503, "Loading model")

    stand_in = StandIn(override=refuse)
    async with serving(stand_in), reaching(stand_in, retry_ms=(20.0, 80.0)):
        while len(times) < 6:
            await asyncio.sleep(0.01)
    pauses = [(b - a) * 1000 for a, b in itertools.pairwise(times)]
    assert all(pause >= wanted * 0.9 for pause, wanted in zip(pauses, [20, 40, 80, 80, 80], strict=True))


# Time, cancelling, order


async def test_time_limit_ends_the_stream_with_what_has_come() -> None:
    stand_in = StandIn(delay_s=0.05, tokens=["x"] * 100)
    async with ready(stand_in) as backend:
        result = await backend.generate(GenerationRequest("", "", max_tokens=100, time_limit_ms=240))
        assert result.finish is Finish.TIME
        assert 1 <= len(result.text) <= 4
        while not stand_in.left_early:
            await asyncio.sleep(0.005)


async def test_a_server_without_text_in_time_is_called_slow_and_recovers() -> None:
    stand_in = StandIn(delay_s=10.0)
    async with ready(stand_in) as backend:
        for _ in range(3):
            result = await backend.generate(GenerationRequest("", "", time_limit_ms=30))
            assert (result.text, result.finish) == ("", Finish.TIME)
        await settled(backend, BackendState.READY, "is slow")
        stand_in.delay_s = 0.0
        await backend.generate(REQUEST)
        assert backend.status == BackendStatus(BackendState.READY)


async def test_cancelling_closes_the_stream_at_once() -> None:
    stand_in = StandIn(delay_s=0.02, tokens=["x"] * 1000)
    async with ready(stand_in) as backend:
        pieces: list[str] = []
        request = GenerationRequest("", "", max_tokens=1000, time_limit_ms=60_000)
        task = asyncio.create_task(backend.generate(request, pieces.append))
        while len(pieces) < 3:
            await asyncio.sleep(0.005)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await backend.idle()
        while not stand_in.left_early:
            await asyncio.sleep(0.001)
        assert time.monotonic() - began < 0.2
        assert (await backend.generate(GenerationRequest("", "", max_tokens=2))).text == "xx"
        assert backend.status == BackendStatus(BackendState.READY)


@pytest.mark.parametrize("delay_s", [0.0, 0.001, 0.01, 0.03])
async def test_cancelling_in_any_phase_leaves_the_backend_usable(delay_s: float) -> None:
    stand_in = StandIn(delay_s=0.01)
    async with ready(stand_in) as backend:
        task = asyncio.create_task(backend.generate(REQUEST))
        await asyncio.sleep(delay_s)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await backend.idle()
        assert (await backend.generate(REQUEST)).text == "return a + b"


async def test_one_request_at_a_time_and_a_waiting_one_can_be_cancelled() -> None:
    stand_in = StandIn(delay_s=0.01)
    async with ready(stand_in) as backend:
        tasks = [asyncio.create_task(backend.generate(REQUEST)) for _ in range(20)]
        await asyncio.sleep(0.005)
        for task in tasks[1:19]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    answered = [result for result in results if not isinstance(result, BaseException)]
    assert [result.text for result in answered] == ["return a + b"] * 2
    assert answered[1].timing.queue_ms > 10
    assert stand_in.most_streaming == 1
    assert len(stand_in.generations()) == 2


async def test_stop_ends_a_request_under_way() -> None:
    stand_in = StandIn(delay_s=10.0)
    async with ready(stand_in) as backend:
        task = asyncio.create_task(backend.generate(GenerationRequest("", "", time_limit_ms=60_000)))
        while not stand_in.streaming:
            await asyncio.sleep(0.005)
        await backend.stop()
        with pytest.raises(BackendError):
            await asyncio.wait_for(task, 2)
        await backend.stop()
        assert backend.status.state is BackendState.STOPPED
        with pytest.raises(BackendError):
            await backend.generate(REQUEST)


async def test_prewarm_evaluates_and_yields_to_generate() -> None:
    stand_in = StandIn()
    async with ready(stand_in) as backend:
        await backend.prewarm(REQUEST)
        warm = [a for a in stand_in.asked_for("/infill") if a.body["input_suffix"]]
        assert [(a.body["n_predict"], a.body.get("stream")) for a in warm] == [(0, None)]

        stand_in.warm_delay_s = 60.0
        warming = asyncio.create_task(backend.prewarm(REQUEST))
        while len(stand_in.asked_for("/infill")) < 3:
            await asyncio.sleep(0.002)
        result = await backend.generate(REQUEST)
        await asyncio.wait_for(warming, 2)
        while not stand_in.left_early:
            await asyncio.sleep(0.002)
    assert result.text == "return a + b"


async def test_prewarm_costs_nothing_on_an_openai_server() -> None:
    stand_in = StandIn("openai")
    async with ready(stand_in) as backend:
        await backend.prewarm(REQUEST)
    assert stand_in.asked_for("/v1/completions") == []


async def test_answers_that_end_by_themselves_keep_the_connection() -> None:
    stand_in = StandIn()
    async with ready(stand_in) as backend:
        for _ in range(5):
            await backend.generate(REQUEST)
    assert stand_in.connections == 1


async def test_a_stream_left_open_after_its_end_does_not_hold_up_the_answer() -> None:
    stand_in = StandIn(end_stream=False)
    async with ready(stand_in) as backend:
        result = await backend.generate(REQUEST)
    assert (result.text, result.finish) == ("return a + b", Finish.END)
    assert result.timing.total_ms < 500


async def test_a_certificate_nobody_vouches_for_is_explained(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl program to make a certificate with")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-days",
        "2",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    stand_in = StandIn()
    async with serving(stand_in, tls=context):
        port = stand_in.url.rpartition(":")[2]
        stand_in.url = f"https://localhost:{port}"
        async with reaching(stand_in) as backend:
            status = await settled(backend, BackendState.DEGRADED)
            assert status.detail.startswith("the TLS certificate of localhost is not trusted: set SSL_CERT_FILE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("SSL_CERT_FILE", str(cert))
            async with reaching(stand_in) as backend:
                assert (await backend.generate(REQUEST)).text == "return a + b"
    assert stand_in.generations()
