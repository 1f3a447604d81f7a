"""pygls with our own document store and error boundary.

pygls splits lines on characters that LSP does not count as line ends (form feed, U+2028, …), which shifts every
position below them, and rebuilds the whole text on each change. So `didOpen`, `didChange` and `didClose` go
straight to the session's documents, and pygls's workspace stays empty.
"""

from __future__ import annotations

import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.protocol import LanguageServerProtocol, lsp_method

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

log = logging.getLogger(__name__)


class HunchProtocol(LanguageServerProtocol):
    """Document messages to the session; everything else as pygls does it."""

    _server: HunchServer

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(self, params: lsp.InitializeParams) -> Any:
        """Answer with our capabilities. UTF-16 always: every client must support it, and it is tested here."""
        if params.capabilities.general is not None:
            params.capabilities.general.position_encodings = None
        self._server.begin(params)
        result = yield from super().lsp_initialize(params)
        result.capabilities.experimental = self._server.experimental_capabilities()
        return result

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """Keep the document."""
        item = params.text_document
        self._server.session.open_document(item.uri, item.language_id, item.version, item.text)
        self._server.check_rules(item.uri)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """Apply the changes in order, and note how long the event loop was held."""
        started = perf_counter()
        document = params.text_document
        self._server.session.change_document(document.uri, document.version, params.content_changes)
        self._server.session.counters.did_change_ms.append((perf_counter() - started) * 1000)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """Forget the document."""
        self._server.session.close_document(params.text_document.uri)
        self._server.rules.closed(params.text_document.uri)

    @lsp_method(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def lsp_workspace__did_change_workspace_folders(self, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        """Follow the workspace's folders; their settings files count from now on."""
        self._server.session.change_roots(
            added=[folder.uri for folder in params.event.added],
            removed=[folder.uri for folder in params.event.removed],
        )

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Only whole messages are typed: an object inside one that has a `jsonrpc` key is just data."""
        if not data.get("method") and "id" not in data:
            return data
        return super().structure_message(data)

    def _handle_cancel_notification(self, msg_id: int | str) -> None:
        # A request that was answered meanwhile is no longer known; that is normal and not worth a log line.
        if msg_id in self._request_futures:
            super()._handle_cancel_notification(msg_id)
