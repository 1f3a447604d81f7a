"""Runs a server for one client: messages in their order, one step of the event loop each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from hunch_server.transport import stdio, tcp
from hunch_server.transport.framing import Broken, Framer

if TYPE_CHECKING:
    from hunch_server.protocol import HunchProtocol

log = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 5.0


class Writer(Protocol):
    """What pygls writes to."""

    def write(self, data: bytes) -> None:
        """Put bytes in line."""
        ...

    def close(self) -> None:
        """Write what is in line and end."""
        ...


async def converse(source: AsyncIterator[bytes], writer: Writer, protocol: HunchProtocol) -> None:
    """Take in messages until the client is gone or says `exit`."""
    protocol.set_writer(writer)
    framer = Framer()
    async for data in source:
        for message in framer.feed(data):
            if isinstance(message, Broken):
                protocol.refuse(message.why)
            else:
                protocol.receive(message)
            if protocol.exited:
                return
            # A request takes its snapshot of the text in its first step: before the next message changes the text.
            await asyncio.sleep(0)


def serve_stdio(source: BinaryIO, sink: BinaryIO, protocol: HunchProtocol, close: Callable[[], Awaitable[None]]) -> int:
    """Serve one client over a pair of streams; returns the exit code that LSP asks for."""

    async def main() -> None:
        current = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.call_soon_threadsafe(_cancel, current)

        writer = stdio.ThreadedWriter(sink, gone)
        try:
            await converse(stdio.chunks(source), writer, protocol)
        except asyncio.CancelledError:
            log.error("the connection to the client is lost")
        finally:
            await _closed(close)
            await asyncio.to_thread(writer.close)

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
    return protocol.exit_code


def serve_tcp(
    host: str,
    port: int,
    home: Callable[[], Path],
    protocol: HunchProtocol,
    close: Callable[[], Awaitable[None]],
) -> int:
    """Serve one client over TCP; returns the exit code that LSP asks for. Raises HunchError when it cannot listen."""

    async def main() -> None:
        async def session(source: AsyncIterator[bytes], writer: tcp.StreamWriter) -> None:
            try:
                with contextlib.suppress(OSError):
                    await converse(source, writer, protocol)
            finally:
                await _closed(close)

        doors: list[tcp.Door] = []

        async def knock(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await doors[0].knock(reader, writer)

        listening = await asyncio.start_server(knock, host, port)
        bound = listening.sockets[0].getsockname()[1]
        token, kept_in = tcp.token_for(home, bound)
        doors.append(tcp.Door(token, session))
        where = f"its token is in {kept_in}" if kept_in else f"its token is that of {tcp.TOKEN_VARIABLE}"
        print(f"hunch: listening on {host}:{bound}; {where}", file=sys.stderr, flush=True)
        try:
            await doors[0].ended.wait()
        finally:
            listening.close()
            if kept_in is not None:
                kept_in.unlink(missing_ok=True)

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
    return protocol.exit_code


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await close()
    except TimeoutError:
        log.warning("not everything could be ended in time")
    except Exception:
        log.exception("bug while ending")


def _cancel(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
