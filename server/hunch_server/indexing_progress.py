"""`window/workDoneProgress` while a repository is indexed for the first time: shown only when it takes a while."""

from __future__ import annotations

import asyncio
import logging
import uuid
from time import monotonic
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

log = logging.getLogger(__name__)

SHOWN_FROM_BYTES = 4_000_000
"""About half a second of indexing."""
EVERY_S = 0.2


class IndexingProgress:
    """Called from the indexing thread; tells the client on the event loop."""

    def __init__(self, server: HunchServer) -> None:
        self._server = server
        self._loop = asyncio.get_running_loop()
        self._token = ""
        self._told = 0.0

    def __call__(self, name: str, done: int, total: int) -> None:
        """Bytes done of all; `done == total` ends it."""
        capabilities = self._server.client_capabilities.window
        if capabilities is None or not capabilities.work_done_progress:
            return
        if done >= total:
            if self._token:
                self._say(self._end, self._token)
                self._token = ""
        elif not self._token and total >= SHOWN_FROM_BYTES:
            self._token = f"hunch-index-{uuid.uuid4().hex[:8]}"
            self._say(self._begin, self._token, name)
        elif self._token and monotonic() - self._told > EVERY_S:
            self._told = monotonic()
            self._say(self._report, self._token, done, total)

    def _say(self, what: object, *arguments: object) -> None:
        self._loop.call_soon_threadsafe(what, *arguments)  # type: ignore[arg-type]

    def _begin(self, token: str, name: str) -> None:
        async def create() -> None:
            await self._server.work_done_progress.create_async(token)
            self._server.work_done_progress.begin(
                token, lsp.WorkDoneProgressBegin(title="Hunch", message=f"reading {name}", percentage=0)
            )

        self._server.in_background(create())

    def _report(self, token: str, done: int, total: int) -> None:
        percentage = min(99, 100 * done // max(total, 1))
        self._server.work_done_progress.report(token, lsp.WorkDoneProgressReport(percentage=percentage))

    def _end(self, token: str) -> None:
        self._server.work_done_progress.end(token, lsp.WorkDoneProgressEnd())
