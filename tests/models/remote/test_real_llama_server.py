"""The remote backend against llama.cpp's own server, running small scripted models.

Needs the `llama-server` program: `.ci/llama-server.sh` builds it, HUNCH_LLAMA_SERVER names another one.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from hunch_models.backend import BackendState, Finish, GenerationRequest, StopRule
from hunch_models.errors import BackendError
from hunch_models.registry import Registry
from hunch_models.remote import RemoteBackend, RemoteOptions
from tests.models.remote.test_remote_backend import settled
from tests.tiny_gguf import vocabulary, write_scripted

MIDDLE, END = "<|fim_middle|>", "<|endoftext|>"
REQUEST = GenerationRequest("import os\n\nclass A:\n    x = ", "\n    y = 2\n", max_tokens=16, time_limit_ms=5000)


@pytest.fixture(scope="session")
def program() -> Path:
    cache = Path(os.environ.get("HUNCH_TEST_CACHE") or Path.home() / ".cache" / "hunch-test")
    found = Path(os.environ.get("HUNCH_LLAMA_SERVER") or cache / "llama-server" / "llama-server")
    if not found.is_file():
        pytest.skip(f"no llama-server at {found}; .ci/llama-server.sh builds it")
    return found


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("gguf")
    line = [[MIDDLE, " self", ".", "name", b"\xc3", b"\xa9", "\n", END]]
    block = [[MIDDLE, "if", " True", ":", "\n", "    ", "open", "(", ")", "\n\n", "x", END]]
    return {
        "line": write_scripted(folder / "line.gguf", line),
        "block": write_scripted(folder / "block.gguf", block),
        "endless": write_scripted(folder / "endless.gguf", [[MIDDLE, "a"]], context=16384),
        "no fim": write_scripted(folder / "no-fim.gguf", [["=", " self"]], words=vocabulary(specials=(END,)), order=""),
    }


@dataclass
class Server:
    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def slot(self) -> dict[str, Any]:
        slots: list[dict[str, Any]] = httpx.get(f"{self.url}/slots").json()
        return slots[0]

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(program: Path, model: Path, *options: str, port: int = 0) -> Server:
    port = port or free_port()
    command = [
        program,
        "-m",
        model,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "-t",
        "1",
        "-np",
        "1",
        "--no-ui",
    ]
    command += ["--no-warmup", "-c", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Server(process, port)


@asynccontextmanager
async def reaching(
    program: Path, model: Path, *arguments: str, **options: Any
) -> AsyncIterator[tuple[RemoteBackend, Server]]:
    server = start(program, model, *arguments)
    backend = RemoteBackend(RemoteOptions(server.url, retry_ms=(50.0, 200.0), **options))
    await backend.start()
    try:
        yield backend, server
    finally:
        await backend.stop()
        server.end()


async def test_a_line_with_its_logprobs_and_timing(program: Path, models: dict[str, Path]) -> None:
    async with reaching(program, models["line"]) as (backend, _):
        await settled(backend, BackendState.READY, within_s=30)
        pieces: list[str] = []
        first = await backend.generate(REQUEST, pieces.append)
        second = await backend.generate(REQUEST)
        info = backend.info
    assert (first.text, first.finish) == (" self.nameé", Finish.STOP)
    assert pieces == [" self", ".", "name", "é"]
    # The server tells one value for a character that takes several tokens.
    assert len(first.token_logprobs) == 4
    assert all(-0.1 < value <= 0 for value in first.token_logprobs)
    assert first.timing.new_tokens > 10
    assert first.timing.decoded_tokens == 4
    assert second.text == first.text
    assert second.timing.new_tokens < first.timing.new_tokens
    assert second.timing.reused_tokens > 10
    assert info is not None
    assert (info.id, info.context_length) == ("line.gguf", 512)
    assert info.params > 100_000


async def test_an_end_token_and_a_block(program: Path, models: dict[str, Path]) -> None:
    async with reaching(program, models["block"]) as (backend, _):
        await settled(backend, BackendState.READY, within_s=30)
        rule = StopRule(single_line=False, max_lines=8)
        whole = await backend.generate(GenerationRequest("a = 1\n", "b\n", stop=rule))
        block = await backend.generate(GenerationRequest("a = 1\n", "b\n", stop=StopRule(False, 8, min_indent=4)))
        word = await backend.generate(GenerationRequest("a = 1\n", "b\n", stop=StopRule(False, 8, texts=("n()",))))
        short = await backend.generate(GenerationRequest("a = 1\n", "b\n", stop=rule, max_tokens=2))
    assert (whole.text, whole.finish) == ("if True:\n    open()\n\nx", Finish.END)
    assert (block.text, block.finish) == ("if True:\n    open()", Finish.STOP)
    assert (word.text, word.finish) == ("if True:\n    ope", Finish.STOP)
    assert (short.text, short.finish, len(short.token_logprobs)) == ("if True", Finish.LENGTH, 2)


async def test_prewarm_leaves_the_prompt_in_the_servers_cache(program: Path, models: dict[str, Path]) -> None:
    async with reaching(program, models["line"]) as (backend, _):
        await settled(backend, BackendState.READY, within_s=30)
        await backend.prewarm(REQUEST)
        result = await backend.generate(REQUEST)
    assert result.timing.new_tokens <= 2
    assert result.timing.reused_tokens > 10


async def test_cancelling_ends_the_servers_compute(program: Path, models: dict[str, Path]) -> None:
    async with reaching(program, models["endless"]) as (backend, server):
        await settled(backend, BackendState.READY, within_s=30)
        pieces: list[str] = []
        request = GenerationRequest("", "", max_tokens=16_000, time_limit_ms=60_000)
        task = asyncio.create_task(backend.generate(request, pieces.append))
        while len(pieces) < 20:
            await asyncio.sleep(0.002)
        began = time.monotonic()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert task.cancelled()
        await backend.idle()
        assert time.monotonic() - began < 0.2
        while server.slot()["is_processing"]:
            assert time.monotonic() - began < 3
            await asyncio.sleep(0.01)
        assert server.slot()["next_token"][0]["n_decoded"] < 15_000
        short = await backend.generate(GenerationRequest("", "", max_tokens=3))
        assert short.text == "aaa"


async def test_a_time_limit_ends_the_servers_compute(program: Path, models: dict[str, Path]) -> None:
    async with reaching(program, models["endless"]) as (backend, server):
        await settled(backend, BackendState.READY, within_s=30)
        request = GenerationRequest("", "", max_tokens=16_000, time_limit_ms=300)
        result = await backend.generate(request)
        assert result.finish is Finish.TIME
        assert len(result.text) >= 10
        assert len(result.token_logprobs) == len(result.text)
        until = time.monotonic() + 3
        while server.slot()["is_processing"]:
            assert time.monotonic() < until
            await asyncio.sleep(0.01)


async def test_a_model_without_fim_tokens_is_explained(program: Path, models: dict[str, Path]) -> None:
    async with reaching(program, models["no fim"]) as (backend, _):
        status = await settled(backend, BackendState.DEGRADED, "fill-in-the-middle", within_s=30)
        assert "prefix token is missing" in status.detail
        with pytest.raises(BackendError):
            await backend.generate(REQUEST)


async def test_completions_with_a_prompt_form(program: Path, models: dict[str, Path]) -> None:
    options = {"kind": "openai", "fim_template": "qwen2.5-coder"}
    async with reaching(program, models["line"], **options) as (backend, _):
        await settled(backend, BackendState.READY, within_s=30)
        result = await backend.generate(REQUEST)
        assert (result.text, len(result.token_logprobs)) == (" self.nameé", 4)
        assert backend.info is not None
        assert backend.info.fim == "psm"


async def test_completions_without_a_prompt_form_point_to_infill(program: Path, models: dict[str, Path]) -> None:
    async with reaching(program, models["line"], kind="openai") as (backend, _):
        await settled(backend, BackendState.DEGRADED, "set remote.kind to llama", within_s=30)


async def test_the_key_is_checked(program: Path, models: dict[str, Path]) -> None:
    async with reaching(program, models["line"], "--api-key", "right", api_key="wrong") as (backend, server):
        await settled(backend, BackendState.DEGRADED, "refuses the API key (401)", within_s=30)
        right = RemoteBackend(RemoteOptions(server.url, api_key="right"))
        await right.start()
        assert (await right.generate(REQUEST)).text == " self.nameé"
        await right.stop()


async def test_a_server_that_dies_and_returns(program: Path, models: dict[str, Path]) -> None:
    async with reaching(program, models["endless"]) as (backend, server):
        await settled(backend, BackendState.READY, within_s=30)
        pieces: list[str] = []
        request = GenerationRequest("", "", max_tokens=16_000, time_limit_ms=60_000)
        task = asyncio.create_task(backend.generate(request, pieces.append))
        while not pieces:
            await asyncio.sleep(0.005)
        server.process.kill()
        server.process.wait(10)
        with pytest.raises(BackendError):
            await asyncio.wait_for(task, 5)
        await settled(backend, BackendState.DEGRADED, "cannot be reached")
        again = start(program, models["line"], port=server.port)
        try:
            await settled(backend, BackendState.READY, within_s=30)
            assert (await backend.generate(REQUEST)).text == " self.nameé"
        finally:
            again.end()


async def test_the_bundled_model_answers_there_too(program: Path, tmp_path: Path) -> None:
    model = Registry(tmp_path).resolve()
    async with reaching(program, model.path) as (backend, _):
        await settled(backend, BackendState.READY, within_s=60)
        rule = StopRule(single_line=False, max_lines=4)
        result = await backend.generate(
            GenerationRequest("import os\n\n\ndef main(", "", stop=rule, time_limit_ms=20_000)
        )
        assert backend.info is not None
        assert backend.info.params == model.params
    assert result.timing.decoded_tokens > 0
    assert result.mean_logprob is not None
    assert result.mean_logprob < 0
