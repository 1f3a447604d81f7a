"""One client over TCP on the loopback interface, after it has shown the token.

Other people's processes and web pages can reach a loopback port too: the token, which only this user can read, goes
into `initializationOptions.token` of the first message. Nothing else is answered before.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import logging
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from hunch_models.errors import HunchError
from hunch_server.transport.framing import Broken, Framer, frame

log = logging.getLogger(__name__)

TOKEN_VARIABLE = "HUNCH_TCP_TOKEN"  # noqa: S105 - the name of it
LEAST_TOKEN = 16
CHUNK = 1 << 16
FIRST_MESSAGE_BYTES = 1 << 20
FIRST_MESSAGE_S = 10.0
WRONG_TOKEN_PAUSE_S = 0.5
MAX_WAITING = 8
"""Connections that have not shown a token yet."""
MAX_UNREAD_BYTES = 256 << 20
NOT_ALLOWED = -32002
"""LSP's ServerNotInitialized: nobody has initialised it who may."""

Session = Callable[[AsyncIterator[bytes], "StreamWriter"], Awaitable[None]]


class StreamWriter:
    """A connection's writing end as pygls wants it."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        """Put bytes in line; a client that reads none of them is left."""
        if self._writer.is_closing():
            return
        self._writer.write(data)
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            log.error("the client does not read its answers: giving up")
            self._writer.transport.abort()

    def close(self) -> None:
        """Write what is in line and hang up."""
        self._writer.close()


def token_for(home: Callable[[], Path], port: int) -> tuple[str, Path | None]:
    """The token and the file where the user finds it (0600); None where the environment names the token.

    Raises HunchError when it cannot be kept from others.
    """
    given = os.environ.get(TOKEN_VARIABLE, "")
    if given:
        if len(given) < LEAST_TOKEN:
            raise HunchError(f"{TOKEN_VARIABLE} is too short", f"at least {LEAST_TOKEN} characters")
        return given, None
    path = home() / f"tcp-token-{port}"
    token = secrets.token_urlsafe(32)
    try:
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(token)
    except OSError as error:
        raise HunchError(f"cannot write the token to {path}: {error.strerror or error}") from error
    return token, path


class Door:
    """Lets one client in: the first that shows the token."""

    def __init__(self, token: str, session: Session) -> None:
        self._token = token
        self._session = session
        self._waiting = 0
        self._taken = False
        self.ended = asyncio.Event()
        """Set when the client that was let in is gone."""

    async def knock(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One new connection."""
        if self._waiting >= MAX_WAITING:
            writer.transport.abort()
            return
        self._waiting += 1
        try:
            first = await self._allowed(reader, writer)
        finally:
            self._waiting -= 1
        if first is None:
            return
        self._taken = True
        try:
            await self._session(_from(first, reader), StreamWriter(writer))
        finally:
            writer.close()
            self.ended.set()

    async def _allowed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
        """The bytes so far of a client that may come in; others are sent away."""
        seen, body = b"", b""
        framer = Framer()
        try:
            async with asyncio.timeout(FIRST_MESSAGE_S):
                while not body:
                    data = await reader.read(CHUNK)
                    seen += data
                    found = next(framer.feed(data), None)
                    if not data or isinstance(found, Broken) or len(seen) > FIRST_MESSAGE_BYTES:
                        writer.transport.abort()
                        return None
                    body = found or b""
        except (TimeoutError, OSError):
            writer.transport.abort()
            return None
        request, shown = _token_in(body)
        right = hmac.compare_digest(shown.encode("utf-8", "replace"), self._token.encode("utf-8", "replace"))
        if right and not self._taken:
            return seen
        why = "another client is connected" if right else "the token is missing or wrong"
        log.warning("a client was sent away: %s", why)
        await asyncio.sleep(WRONG_TOKEN_PAUSE_S)
        error = {"code": NOT_ALLOWED, "message": f"{why}; see `hunch serve --help`"}
        with contextlib.suppress(OSError):
            writer.write(frame(json.dumps({"jsonrpc": "2.0", "id": request, "error": error}).encode()))
            writer.close()
        return None


def _token_in(body: bytes) -> tuple[int | str | None, str]:
    """The first request's id and the token in it."""
    try:
        message = json.loads(body)
        request = message.get("id")
        token = message["params"]["initializationOptions"]["token"] if message["method"] == "initialize" else ""
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None, ""
    known = isinstance(request, int | str)
    return (request if known else None), (token if isinstance(token, str) else "")


async def _from(first: bytes, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    yield first
    while data := await reader.read(CHUNK):
        yield data
