"""The HTTP connection to one completion server: bounded reads, streams that end when they are left.

Closing a stream is how the server is told to stop computing.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager, suppress

import httpx

from hunch_models.errors import BackendError
from hunch_models.remote.events import EventReader
from hunch_models.remote.failures import (
    MAX_ERROR_BYTES,
    ServerFailure,
    explain_status,
    shown,
)
from hunch_models.remote.options import Address, RemoteOptions

DRAIN_S = 0.05
MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
"""`/v1/models` of a server with very many models, `/props` with a long chat template."""


class Connection:
    """One client with one server. All methods raise ServerFailure or BackendError, never httpx's own."""

    def __init__(self, address: Address, options: RemoteOptions) -> None:
        self._host = address.host
        headers = {"Accept-Encoding": "identity", "User-Agent": "hunch"}
        if options.api_key:
            headers["Authorization"] = f"Bearer {options.api_key}"
        self._client = httpx.AsyncClient(
            base_url=address.base,
            headers=headers,
            timeout=httpx.Timeout(options.read_timeout_ms / 1000, connect=options.connect_timeout_ms / 1000),
            # Reading the certificate store takes tens of ms; plain http never needs it, since redirects are
            # not followed.
            verify=_trusted() if address.encrypted else False,
            follow_redirects=False,
            trust_env=not address.loopback,  # a proxy for the web must not catch requests to this machine
        )

    async def get(self, path: str) -> bytes:
        """The body of a 200 answer."""
        return await self._document("GET", path, None)

    async def post(self, path: str, body: dict[str, object]) -> bytes:
        """The body of a 200 answer to a JSON document."""
        return await self._document("POST", path, encode(body))

    @asynccontextmanager
    async def events(self, path: str, body: dict[str, object]) -> AsyncGenerator[AsyncGenerator[bytes, None], None]:
        """POST `body` and give the data of each server-sent event as it comes. Leaving closes the stream."""
        try:
            async with self._client.stream("POST", path, content=encode(body), headers=_JSON) as response:
                await self._expect_200(response, path)
                kind = response.headers.get("content-type", "")
                if not kind.startswith("text/event-stream"):
                    raise BackendError(
                        f"{self._host} answered {path} with {shown(kind) or 'nothing'} instead of a stream",
                        "check remote.url and remote.kind",
                    )
                async with aclosing(_events(response)) as events:
                    yield events
        except httpx.HTTPError as error:
            raise _explained(error, host=self._host) from error

    async def drain(self, events: AsyncGenerator[bytes, None]) -> None:
        """Read a stream to its end, if that comes at once: a stream read whole leaves its connection open."""
        with suppress(TimeoutError, httpx.HTTPError, BackendError):
            async with asyncio.timeout(DRAIN_S):
                async for _ in events:
                    pass

    async def close(self) -> None:
        """Close every connection; requests under way fail."""
        await self._client.aclose()

    async def _document(self, method: str, path: str, content: bytes | None) -> bytes:
        try:
            async with self._client.stream(method, path, content=content, headers=_JSON) as response:
                await self._expect_200(response, path)
                return await self._read(response, MAX_DOCUMENT_BYTES)
        except httpx.HTTPError as error:
            raise _explained(error, host=self._host) from error

    async def _expect_200(self, response: httpx.Response, path: str) -> None:
        if response.status_code == 200:
            return
        body = await self._read(response, MAX_ERROR_BYTES, cut=True)
        location = response.headers.get("location", "")
        raise explain_status(response.status_code, body, host=self._host, path=path, location=location)

    async def _read(self, response: httpx.Response, limit: int, *, cut: bool = False) -> bytes:
        body = bytearray()
        # Raw: a compressed answer was not asked for, and could unpack to any size.
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > limit:
                if cut:
                    break
                raise ServerFailure(f"{self._host} sent more than {limit // 1024} KiB", away=True)
        return bytes(body[:limit])


def _trusted() -> ssl.SSLContext:
    """Public authorities, or those in SSL_CERT_FILE, and the machine's own (a company's, for example)."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


_JSON = {"Content-Type": "application/json"}


def encode(body: dict[str, object]) -> bytes:
    """A request body as UTF-8 JSON. Unpaired surrogates, which servers refuse, become question marks."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


async def _events(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    reader = EventReader()
    async for chunk in response.aiter_raw():
        for event in reader.feed(chunk):
            yield event


def _explained(error: httpx.HTTPError, *, host: str) -> ServerFailure:
    """Turn a failure to connect, write or read into one line."""
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return ServerFailure(
            f"the TLS certificate of {host} is not trusted",
            "set SSL_CERT_FILE to your authority's file",
            away=True,
        )
    if isinstance(error, httpx.ConnectTimeout):
        return ServerFailure(f"{host} cannot be reached: no answer in time", away=True)
    if isinstance(error, httpx.ConnectError):
        return ServerFailure(f"{host} cannot be reached", shown(text), away=True)
    if isinstance(error, httpx.TimeoutException):
        return ServerFailure(f"{host} stopped answering", away=True)
    return ServerFailure(f"the connection to {host} broke", shown(text), away=True)
