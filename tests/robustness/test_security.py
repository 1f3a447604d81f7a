"""Who can talk to Hunch, and whom Hunch talks to: nobody, unless a person asked for it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from hunch_server.adapters.editor import server_command
from hunch_server.transport.framing import frame
from tests.e2e.conftest import environment
from tests.robustness.raw_client import RawClient, RunningServer, initialize_params, raw_server

TOKEN = "a-token-that-only-this-test-knows"
CODE = "def total(items):\n    result = 0\n    for item in items:\n        result += "
NOT_ALLOWED = -32002


async def works(client: RawClient, root: Path) -> None:
    """A session: open, ask (the model answers), save."""
    await client.initialize(root, {"completion": {"minLogprob": -100}})
    while True:
        message = await client.receive()
        assert message is not None
        if message.get("method") == "hunch/status" and message["params"]["state"] == "ready":
            break
    uri = (root / "a.py").as_uri()
    item = {"uri": uri, "languageId": "python", "version": 1, "text": CODE}
    await client.notify("textDocument/didOpen", {"textDocument": item})
    place = {"line": 3, "character": 18}
    params = {"textDocument": {"uri": uri}, "position": place, "context": {"triggerKind": 1}}
    answer = await client.request("ask", "textDocument/inlineCompletion", params)
    assert answer["result"]["items"]
    await client.notify("textDocument/didSave", {"textDocument": {"uri": uri}})
    assert await client.still_serves()


def sockets(server: RunningServer) -> list[object]:
    """Internet sockets of the server and everything below it."""
    root = psutil.Process(server.process.pid)
    found = [one for process in (root, *root.children(recursive=True)) for one in process.net_connections(kind="inet")]
    if sys.platform == "win32":
        # Python's event loop wakes itself through a connected pair of loopback sockets there.
        found = [one for one in found if one.status == psutil.CONN_LISTEN or one.raddr.ip != "127.0.0.1"]
    return list(found)


async def test_over_stdio_nothing_listens_and_nothing_connects(tmp_path: Path) -> None:
    async with raw_server(tmp_path / "home") as server:
        await works(server.client, tmp_path)
        assert sockets(server) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Python's event loop itself uses loopback sockets on Windows")
async def test_no_use_of_the_network_is_even_tried(tmp_path: Path) -> None:
    log = tmp_path / "guard.log"
    command = [sys.executable, "-I", str(Path(__file__).with_name("guard.py")), "serve", "--stdio"]
    async with raw_server(tmp_path / "home", command=command, HUNCH_TEST_GUARD=str(log)) as server:
        await works(server.client, tmp_path)
    assert not log.exists(), log.read_text()


@pytest.mark.skipif(sys.platform == "win32", reason="Python's event loop itself uses loopback sockets on Windows")
async def test_the_guard_sees_what_it_should(tmp_path: Path) -> None:
    """A remote model is an explicit act: with one, the guard must have something to report."""
    log = tmp_path / "guard.log"
    command = [sys.executable, "-I", str(Path(__file__).with_name("guard.py")), "serve", "--stdio"]
    more = {"HUNCH_TEST_GUARD": str(log), "HUNCH_REMOTE_URL": "http://127.0.0.1:9"}
    async with raw_server(tmp_path / "home", command=command, **more) as server:
        await server.client.initialize(tmp_path)
        for _ in range(100):
            if log.exists():
                break
            await asyncio.sleep(0.1)
        assert await server.client.still_serves()
    assert re.search(r"127\.0\.0\.1", log.read_text())


@pytest.mark.skipif(not shutil.which("unshare"), reason="unshare takes the network away (Linux)")
async def test_everything_works_without_a_network(tmp_path: Path) -> None:
    cut_off = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-current-user", "--net"]
    probe = await asyncio.create_subprocess_exec(*cut_off, "true", stderr=asyncio.subprocess.DEVNULL)
    if await probe.wait() != 0:
        pytest.skip("this system does not let the test make a network namespace")
    async with raw_server(tmp_path / "home", command=[*cut_off, *server_command()]) as server:
        await works(server.client, tmp_path)


# ---- TCP ----


class Listening:
    """A server that listens, with what it said about where."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, token_file: Path | None) -> None:
        self.process = process
        self.port = port
        self.token_file = token_file

    async def connect(self) -> RawClient:
        return RawClient(*await asyncio.open_connection("127.0.0.1", self.port))


@asynccontextmanager
async def listening(home: Path, **more: str) -> AsyncIterator[Listening]:
    more = {"HUNCH_MODEL_ID": "none.gguf", **more}
    command = [*server_command()[:-1], "--tcp", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment(home, **more), stderr=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.DEVNULL
    )
    assert process.stderr is not None
    try:
        while True:
            line = (await asyncio.wait_for(process.stderr.readline(), 20)).decode()
            assert line, "the server ended before it listened"
            if found := re.search(r"listening on 127\.0\.0\.1:(\d+); its token is in (.*)|that of HUNCH", line):
                break
        kept = Path(found[2].strip()) if found[2] else None
        port = int(found[1] or re.findall(r":(\d+);", line)[0])
        yield Listening(process, port, kept)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def refused(client: RawClient, message: object) -> None:
    """The server answers with an error, or not at all, and hangs up."""
    await client.send(message)
    answer = await client.receive()
    if answer is not None:
        assert answer["error"]["code"] == NOT_ALLOWED
        assert await client.receive() is None
    client.close()


def opening(token: object) -> dict[str, object]:
    params = initialize_params(None, {"token": token} if token is not None else None)
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


async def test_tcp_asks_for_the_token_in_the_users_own_file(tmp_path: Path) -> None:
    async with listening(tmp_path / "home") as server:
        assert server.token_file is not None
        assert server.token_file.is_relative_to(tmp_path / "home")
        if os.name == "posix":
            assert stat.S_IMODE(server.token_file.stat().st_mode) == 0o600
        bound = [one for one in psutil.Process(server.process.pid).net_connections() if one.status == "LISTEN"]
        assert {one.laddr.ip for one in bound} == {"127.0.0.1"}
        token = server.token_file.read_text()
        assert len(token) >= 32
        client = await server.connect()
        answer = await client.request(1, "initialize", initialize_params(None, {"token": token}))
        assert "capabilities" in answer["result"]
        await client.notify("initialized", {})
        # There is one client: the next one is sent away, token or not.
        await refused(await server.connect(), opening(token))
        assert await client.still_serves()
        assert (await client.request("end", "shutdown"))["result"] is None
        await client.notify("exit")
        assert await asyncio.wait_for(server.process.wait(), 10) == 0
        assert not server.token_file.exists()


WRONG = [
    opening(None),
    opening(""),
    opening(TOKEN[:-1]),
    opening(TOKEN + "x"),
    opening([TOKEN]),
    opening("\ud800"),
    {"jsonrpc": "2.0", "id": 1, "method": "hunch/stats"},
    {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"initializationOptions": {"token": TOKEN}}},
    [],
]


async def test_without_the_token_nobody_is_served(tmp_path: Path) -> None:
    async with listening(tmp_path / "home", HUNCH_TCP_TOKEN=TOKEN) as server:
        assert server.token_file is None
        await asyncio.gather(*[refused(await server.connect(), message) for message in WRONG[:4]])
        await asyncio.gather(*[refused(await server.connect(), message) for message in WRONG[4:]])
        # What a web page can send to a local port: a message as the body of a form.
        page = await server.connect()
        body = frame(b'{"jsonrpc":"2.0","id":1,"method":"hunch/stats"}')
        await page.send_bytes(b"POST / HTTP/1.1\r\nHost: x\r\n" + body)
        assert (await page.receive() or {"error": {"code": NOT_ALLOWED}})["error"]["code"] == NOT_ALLOWED
        right = await server.connect()
        await right.send(opening(TOKEN))
        assert "result" in await right.answer_to(1)
        right.close()
        # The client is gone: so is the server.
        assert await asyncio.wait_for(server.process.wait(), 10) == 0


async def test_many_silent_connections_do_not_fill_the_server(tmp_path: Path) -> None:
    async with listening(tmp_path / "home", HUNCH_TCP_TOKEN=TOKEN) as server:
        crowd = [await server.connect() for _ in range(40)]
        ended = await asyncio.gather(*(client.receive() for client in crowd[8:]), return_exceptions=True)
        assert all(end is None or isinstance(end, OSError) for end in ended)
        for client in crowd:
            client.close()
        await asyncio.sleep(0.1)
        client = await server.connect()
        await client.send(opening(TOKEN))
        assert "result" in await client.answer_to(1)


async def test_a_token_that_is_too_short_is_one_line(tmp_path: Path) -> None:
    command = [*server_command()[:-1], "--tcp", "127.0.0.1:0"]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment(tmp_path / "home", HUNCH_TCP_TOKEN="short"),
        stderr=asyncio.subprocess.PIPE,
    )
    _, told = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 2
    assert told.decode().splitlines()[-1].startswith("hunch: HUNCH_TCP_TOKEN is too short")
