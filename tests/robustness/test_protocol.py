"""Whatever bytes come, the server answers with the specification's error codes and serves on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from hunch_server.transport.framing import MAX_MESSAGE_BYTES, frame
from tests.robustness.raw_client import RunningServer, initialize_params, raw_server

PARSE_ERROR, INVALID_REQUEST, NOT_FOUND, INVALID_PARAMS, NOT_INITIALIZED = -32700, -32600, -32601, -32602, -32002
NO_MODEL = {"HUNCH_MODEL_ID": "none-of-these-tests-needs-a-model.gguf"}
URI = "file:///nowhere/a.py"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningServer]:
    """One initialised server without a model for all that this file does to it."""
    async with raw_server(tmp_path_factory.mktemp("home"), **NO_MODEL) as running:
        await running.client.initialize()
        yield running
        assert await running.client.still_serves()
        assert running.bugs() == []


MALFORMED = [
    (b"Content-Length: 2\r\n\r\n{]", PARSE_ERROR),
    (b"Content-Length: 3\r\n\r\n\xff\xfe\xfd", PARSE_ERROR),
    (frame(b'{"a": NaN}'), PARSE_ERROR),
    (frame(b"[" * 100_000), PARSE_ERROR),
    (frame(b'{"a":' * 50_000 + b"1" + b"}" * 50_000), PARSE_ERROR),
    (frame(b"9" * 10_000), PARSE_ERROR),
    (frame(b""), PARSE_ERROR),
    (frame(b"\0" * 100), PARSE_ERROR),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", PARSE_ERROR),
    (b"Content-Type: text/plain\r\n\r\n", PARSE_ERROR),
    (b"Content-Length: -5\r\n\r\n", PARSE_ERROR),
    (b"Content-Length: five\r\n\r\n", PARSE_ERROR),
    (b"Content-Length: 99999999999999999999\r\n\r\n", PARSE_ERROR),
    (b"x" * 20_000 + b"\r\n\r\n", PARSE_ERROR),
    (frame(b"[]"), INVALID_REQUEST),
    (frame(b"17"), INVALID_REQUEST),
    (frame(b"null"), INVALID_REQUEST),
    (frame(b'"text"'), INVALID_REQUEST),
    (frame(b'[{"jsonrpc":"2.0","id":1,"method":"hunch/stats"}]'), INVALID_REQUEST),
    (frame(b'{"id":null,"method":"hunch/stats"}'), INVALID_REQUEST),
    (frame(b'{"jsonrpc":"2.0","id":null,"method":"hunch/stats"}'), INVALID_REQUEST),
    (frame(b'{"jsonrpc":"2.0","id":{},"method":"hunch/stats"}'), INVALID_REQUEST),
    (frame(b'{"jsonrpc":"2.0","id":true,"method":"hunch/stats"}'), INVALID_REQUEST),
    (frame(b'{"jsonrpc":"2.0","id":1.5,"method":"hunch/stats"}'), INVALID_REQUEST),
    (frame(b'{"jsonrpc":"2.0","id":"' + b"i" * 5000 + b'","method":"hunch/stats"}'), INVALID_REQUEST),
]


@pytest.mark.parametrize(("data", "code"), MALFORMED, ids=[repr(case[0][:48]) for case in MALFORMED])
async def test_malformed_bytes_are_refused_and_the_next_message_is_served(
    server: RunningServer, data: bytes, code: int
) -> None:
    client = server.client
    await client.send_bytes(data)
    answer = await client.answer_to(None)
    assert answer["error"]["code"] == code
    assert "\n" not in answer["error"]["message"]
    assert await client.still_serves()


BAD_REQUESTS: list[tuple[dict[str, Any], int]] = [
    ({"jsonrpc": "1.0", "id": 1, "method": "hunch/stats"}, INVALID_REQUEST),
    ({"id": 1, "method": "hunch/stats"}, INVALID_REQUEST),
    ({"jsonrpc": "2.0", "id": 1, "method": 5}, INVALID_REQUEST),
    ({"jsonrpc": "2.0", "id": 1, "method": "m" * 300}, INVALID_REQUEST),
    ({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize_params(None)}, INVALID_REQUEST),
    ({"jsonrpc": "2.0", "id": 1, "method": ""}, NOT_FOUND),
    ({"jsonrpc": "2.0", "id": 1, "method": "no/such"}, NOT_FOUND),
    ({"jsonrpc": "2.0", "id": 1, "method": "$/no/such"}, NOT_FOUND),
    ({"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": {}}, NOT_FOUND),
    ({"jsonrpc": "2.0", "id": 1, "method": "textDocument/inlineCompletion"}, INVALID_PARAMS),
    ({"jsonrpc": "2.0", "id": 1, "method": "textDocument/inlineCompletion", "params": [1]}, INVALID_PARAMS),
    ({"jsonrpc": "2.0", "id": 1, "method": "textDocument/inlineCompletion", "params": {"position": 3}}, INVALID_PARAMS),
    ({"jsonrpc": "2.0", "id": 1, "method": "workspace/executeCommand", "params": {"command": "rm"}}, INVALID_PARAMS),
    ({"jsonrpc": "2.0", "id": 1, "method": "workspace/executeCommand", "params": {}}, INVALID_PARAMS),
    ({"jsonrpc": "2.0", "id": 1, "method": "hunch/why", "params": {"uri": 5}}, INVALID_PARAMS),
    ({"jsonrpc": "2.0", "id": 1, "method": "hunch/why"}, INVALID_PARAMS),
    ({"jsonrpc": "2.0", "id": 1, "method": "hunch/consent", "params": {"level": "everything"}}, INVALID_PARAMS),
]


@pytest.mark.parametrize(("message", "code"), BAD_REQUESTS, ids=[str(case[0])[17:90] for case in BAD_REQUESTS])
async def test_bad_requests_get_the_specifications_codes(
    server: RunningServer, message: dict[str, Any], code: int
) -> None:
    await server.client.send(message)
    error = (await server.client.answer_to(1))["error"]
    assert error["code"] == code, error
    assert "Traceback" not in str(error)
    assert "data" not in error or error["data"] is None


SILENT: list[dict[str, Any]] = [
    {"jsonrpc": "2.0", "method": "no/such", "params": {}},
    {"jsonrpc": "2.0", "method": "textDocument/didChange"},
    {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {"textDocument": {"uri": URI}}},
    {"jsonrpc": "2.0", "method": "textDocument/didClose", "params": {"textDocument": {"uri": URI}}},
    {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": "never asked"}},
    {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {}},
    {"jsonrpc": "2.0", "method": "initialized", "params": {}},
    {"jsonrpc": "2.0", "method": "hunch/didRejectCompletion", "params": {"item": 3}},
    {"jsonrpc": "2.0", "method": "hunch/didMoveCursor", "params": {"textDocument": {"uri": "file:///x"}}},
    {"jsonrpc": "2.0", "id": "never asked", "result": {}},
    {"jsonrpc": "2.0", "id": None, "error": {"code": 1, "message": "x"}},
    {"jsonrpc": "2.0", "id": 7},
]


async def test_notifications_and_stray_answers_are_never_answered(server: RunningServer) -> None:
    for message in SILENT:
        await server.client.send(message)
    assert await server.client.still_serves()
    assert [message for message in server.client.told if "method" not in message] == []


async def test_nothing_is_served_before_initialize_nor_after_shutdown(tmp_path: Path) -> None:
    async with raw_server(tmp_path / "home", **NO_MODEL) as server:
        client = server.client
        early = await client.request(1, "hunch/stats")
        assert early["error"]["code"] == NOT_INITIALIZED
        await client.notify("textDocument/didOpen", {"nonsense": 1})
        assert (await client.request(2, "shutdown"))["error"]["code"] == NOT_INITIALIZED
        assert "capabilities" in (await client.initialize())["result"]
        assert (await client.request(3, "shutdown"))["result"] is None
        assert (await client.request(4, "hunch/stats"))["error"]["code"] == INVALID_REQUEST
        await client.notify("exit")
        assert await asyncio.wait_for(server.process.wait(), 10) == 0


async def test_exit_without_shutdown_ends_with_one(tmp_path: Path) -> None:
    async with raw_server(tmp_path / "home", **NO_MODEL) as server:
        await server.client.initialize()
        await server.client.notify("exit")
        assert await asyncio.wait_for(server.process.wait(), 10) == 1


async def test_an_id_in_use_is_refused(tmp_path: Path) -> None:
    async with raw_server(tmp_path / "home") as server:
        await server.client.initialize()
        for _ in range(2):
            await server.client.send({"jsonrpc": "2.0", "id": 5, "method": "hunch/idle"})
        answers = [await server.client.answer_to(5) for _ in range(2)]
    refused = [answer for answer in answers if "error" in answer]
    assert [answer["error"]["code"] for answer in refused] in ([INVALID_REQUEST], [])


POSITIONS = [(0, 10**6), (10**6, 0), (2**31 - 1, 2**31 - 1), (1, 1), (0, 1), (2, 0)]


@pytest.mark.parametrize(("line", "character"), POSITIONS)
async def test_positions_out_of_range_are_clamped(server: RunningServer, line: int, character: int) -> None:
    client = server.client
    item = {"uri": URI, "languageId": "python", "version": 1, "text": "x = '😀'\ny = 1"}
    await client.notify("textDocument/didOpen", {"textDocument": item})
    place = {"line": line, "character": character}
    change = {"range": {"start": place, "end": place}, "text": "z"}
    document = {"uri": URI, "version": 2}
    await client.notify("textDocument/didChange", {"textDocument": document, "contentChanges": [change]})
    params = {"textDocument": {"uri": URI}, "position": place, "context": {"triggerKind": 2}}
    assert "result" in await client.request(1, "textDocument/inlineCompletion", params)
    assert "result" in await client.request(2, "textDocument/completion", params | {"context": {"triggerKind": 1}})
    assert "result" in await client.request(3, "hunch/why", {"uri": URI, "position": place})


@pytest.mark.parametrize(("line", "character"), [(-1, 0), (0, -1), (2**40, 0), ("0", 0), (None, 0), (0.5, 0)])
async def test_positions_that_are_none_are_refused(server: RunningServer, line: object, character: object) -> None:
    params = {
        "textDocument": {"uri": URI},
        "position": {"line": line, "character": character},
        "context": {"triggerKind": 2},
    }
    answer = await server.client.request(1, "textDocument/inlineCompletion", params)
    assert "result" in answer or answer["error"]["code"] == INVALID_PARAMS


async def test_a_message_beyond_the_limit_is_skipped_without_being_kept(server: RunningServer) -> None:
    before = server.memory_mb
    size = MAX_MESSAGE_BYTES + 1
    await server.client.send_bytes(b"Content-Length: %d\r\n\r\n" % size)
    piece = b" " * (1 << 20)
    for _ in range(size // len(piece)):
        await server.client.send_bytes(piece)
    await server.client.send_bytes(b" " * (size % len(piece)))
    answer = await server.client.answer_to(None)
    assert answer["error"]["code"] == PARSE_ERROR
    assert await server.client.still_serves()
    assert server.memory_mb - before < 40


async def test_a_large_document_is_taken(server: RunningServer) -> None:
    text = "value = 12345678\n" * 250_000  # 4.25 M characters: below the limit of what is followed
    item = {"uri": URI, "languageId": "python", "version": 1, "text": text}
    await server.client.notify("textDocument/didOpen", {"textDocument": item})
    assert await server.client.still_serves()


async def test_one_byte_at_a_time(server: RunningServer) -> None:
    for byte in frame(b'{"jsonrpc":"2.0","id":9,"method":"hunch/stats"}'):
        await server.client.send_bytes(bytes([byte]))
        await asyncio.sleep(0)
    assert "result" in await server.client.answer_to(9)


async def test_a_client_that_reads_nothing_does_not_stop_the_server(tmp_path: Path) -> None:
    """20,000 answers that nobody reads fill every pipe; afterwards they are all there."""
    async with raw_server(tmp_path / "home", **NO_MODEL) as server:
        await server.client.initialize()
        for number in range(20_000):
            await server.client.send({"jsonrpc": "2.0", "id": number, "method": "hunch/idle"})
        for number in range(20_000):
            assert "error" not in await server.client.answer_to(number)
