"""A client that says whatever a test wants, byte by byte: nothing here corrects or orders messages."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from hunch_server.adapters.editor import server_command
from hunch_server.transport.framing import Broken, Framer, frame
from tests.e2e.conftest import environment

PATIENCE_S = 20.0


class RawClient:
    """Writes bytes, reads whole messages. `told`: everything that came and was not waited for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._framer = Framer()
        self._ready: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []

    async def send_bytes(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def send(self, message: object) -> None:
        """Any JSON value, as one message."""
        await self.send_bytes(frame(json.dumps(message).encode()))

    async def notify(self, method: str, params: object = None) -> None:
        await self.send({"jsonrpc": "2.0", "method": method, "params": params})

    async def receive(self) -> dict[str, Any] | None:
        """The next message; None at the end of the stream."""
        while not self._ready:
            data = await asyncio.wait_for(self._reader.read(1 << 16), PATIENCE_S)
            if not data:
                return None
            for body in self._framer.feed(data):
                assert not isinstance(body, Broken), body
                message = json.loads(body)
                assert message["jsonrpc"] == "2.0"
                self._ready.append(message)
        return self._ready.pop(0)

    async def answer_to(self, request_id: object) -> dict[str, Any]:
        """The answer to one request (`None`: an error that belongs to none); others go to `told`."""
        for index, message in enumerate(self.told):
            if "method" not in message and message.get("id") == request_id:
                return self.told.pop(index)
        while True:
            message_or_end = await self.receive()
            assert message_or_end is not None, "the server has hung up"
            if "method" not in message_or_end and message_or_end.get("id") == request_id:
                return message_or_end
            self.told.append(message_or_end)

    async def request(self, request_id: int | str, method: str, params: object = None) -> dict[str, Any]:
        """Ask and wait for the answer, an error too."""
        await self.send({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})
        return await self.answer_to(request_id)

    async def initialize(self, root: Path | None = None, options: object = None) -> dict[str, Any]:
        answer = await self.request("first", "initialize", initialize_params(root, options))
        await self.notify("initialized", {})
        return answer

    async def still_serves(self) -> bool:
        """Whether a request in good order is answered now."""
        self._numbers = getattr(self, "_numbers", 0) + 1
        answer = await self.request(f"alive-{self._numbers}", "hunch/stats")
        return "result" in answer

    def close(self) -> None:
        self._writer.close()


def initialize_params(root: Path | None, options: object = None) -> dict[str, Any]:
    uri = root.as_uri() if root else None
    folders = [{"uri": uri, "name": "here"}] if uri else None
    return {
        "processId": None,
        "rootUri": uri,
        "capabilities": {},
        "workspaceFolders": folders,
        "initializationOptions": options,
    }


class RunningServer:
    """A server process and the raw client at its standard streams."""

    def __init__(self, process: asyncio.subprocess.Process, client: RawClient) -> None:
        self.process = process
        self.client = client
        self.stderr: list[str] = []

    @property
    def memory_mb(self) -> float:
        """Resident memory of the server process itself."""
        return float(psutil.Process(self.process.pid).memory_info().rss) / 1e6

    @property
    def descriptors(self) -> int:
        """Open files, or handles on Windows."""
        process = psutil.Process(self.process.pid)
        return int(process.num_handles() if sys.platform == "win32" else process.num_fds())

    def bugs(self) -> list[str]:
        """What the log tells of bugs, each with its traceback's last lines."""
        found = [number for number, line in enumerate(self.stderr) if "bug in" in line]
        return ["\n".join(self.stderr[number : number + 40]) for number in found]


@asynccontextmanager
async def raw_server(home: Path, *, command: list[str] | None = None, **more: str) -> AsyncIterator[RunningServer]:
    """A real server process that is ended in every case; `command` starts it in another way than editors do."""
    command = command or server_command()
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment(home, **more), limit=1 << 20
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    server = RunningServer(process, RawClient(process.stdout, process.stdin))
    stderr = process.stderr

    async def drain() -> None:
        while line := await stderr.readline():
            server.stderr.append(line.decode("utf-8", "replace").rstrip())

    draining = asyncio.create_task(drain())
    try:
        yield server
    finally:
        server.client.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError("the server did not end with its client") from None
        finally:
            await draining
