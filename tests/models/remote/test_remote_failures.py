"""The remote backend against a stand-in server that fails or is slow: how each ends, and that answers come again."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hunch_models.backend import (
    BackendState,
    BackendStatus,
    Finish,
    GenerationRequest,
)
from hunch_models.errors import BackendError
from hunch_models.remote import RemoteBackend, RemoteOptions
from tests.models.remote.reaching import REQUEST, reaching, ready, settled
from tests.models.remote.stand_in import Asked, Reply, StandIn, serving

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
