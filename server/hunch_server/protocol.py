"""pygls with our own document store, error boundary, and reading of messages.

`receive` checks what pygls takes on trust: JSON, the form of a message, the order of a session, and parameters. Every
request is answered, with the specification's error codes. Nothing of a message is logged.

pygls splits lines on characters that LSP does not count as line ends (form feed, U+2028, …), which shifts every
position below them, and rebuilds the whole text on each change. So `didOpen`, `didChange` and `didClose` go
straight to the session's documents, and pygls's workspace stays empty.
"""

from __future__ import annotations

import json
import logging
from time import perf_counter
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp
from pygls.protocol import LanguageServerProtocol, lsp_method

from hunch_server.handlers import cursor

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

log = logging.getLogger(__name__)

# pygls looks these up in a table without a look at what they are.
WITH_KEY = {lsp.CANCEL_REQUEST: "id", lsp.WINDOW_WORK_DONE_PROGRESS_CANCEL: "token"}
LONGEST_ID = 256
LONGEST_METHOD = 256
PARSE_ERROR = lsp.ErrorCodes.ParseError
INVALID_REQUEST = lsp.ErrorCodes.InvalidRequest
NOT_INITIALIZED = lsp.ErrorCodes.ServerNotInitialized


class HunchProtocol(LanguageServerProtocol):
    """Document messages to the session; everything else as pygls does it."""

    _server: HunchServer
    exited = False
    """Whether the client has said `exit`."""
    _initialized = False

    @property
    def exit_code(self) -> int:
        """1 when the client said `exit` before `shutdown`, as LSP wants it, else 0."""
        return 1 if self.exited and not self._shutdown else 0

    # ---- messages in ----

    def receive(self, body: bytes) -> None:
        """Take in one message. Never raises: whatever is wrong with it is answered or logged in one line."""
        try:
            data = json.loads(body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            self._refuse(None, PARSE_ERROR, f"not JSON: {' '.join(str(error).split())[:200]}")
            return
        if not isinstance(data, dict):
            self._refuse(None, INVALID_REQUEST, "a message is one JSON object")
            return
        known = _id_of(data)
        method = data.get("method")
        if data.get("jsonrpc") != "2.0" or ("id" in data and known is None and "error" not in data):
            self._refuse(known, INVALID_REQUEST, 'a message has "jsonrpc": "2.0", and its id is a number or a string')
        elif method is None:
            self._take_response(data, known)
        elif not isinstance(method, str) or len(method) > LONGEST_METHOD:
            self._refuse(known, INVALID_REQUEST, "a method is a short string")
        elif "id" in data:
            self._take_request(data, known, method)
        else:
            self._take_notification(data, method)

    def refuse(self, why: str) -> None:
        """Answer bytes that are no message."""
        self._refuse(None, PARSE_ERROR, why)

    def _take_request(self, data: dict[str, Any], request_id: int | str | None, method: str) -> None:
        why = ""
        if self._shutdown:
            why = "the server was shut down"
        elif method == lsp.INITIALIZE and self._initialized:
            why = "initialized already"
        elif request_id in self._request_futures:
            why = "this id is in use"
        if why:
            self._refuse(request_id, INVALID_REQUEST, why)
        elif not self._initialized and method != lsp.INITIALIZE:
            self._refuse(request_id, NOT_INITIALIZED, "`initialize` comes first")
        elif not self._knows(method):
            self._refuse(request_id, lsp.ErrorCodes.MethodNotFound, f"unknown method: {method}")
        else:
            self._take(data, request_id)

    def _take_notification(self, data: dict[str, Any], method: str) -> None:
        if method == lsp.EXIT:
            self.exited = True
        elif self._shutdown or not self._initialized or not (method == lsp.CANCEL_REQUEST or self._knows(method)):
            log.debug("ignored: %s", method)
        elif method in WITH_KEY and _id_of(data.get("params"), WITH_KEY[method]) is None:
            log.warning("%s: wrong parameters", method)
        else:
            self._take(data, None)

    def _take_response(self, data: dict[str, Any], known: int | str | None) -> None:
        # Only to what was asked here: pygls keeps requests of both directions in one table.
        if known in self._result_types and ("result" in data or "error" in data):
            self._take(data, None)

    def _take(self, data: dict[str, Any], request_id: int | str | None) -> None:
        """Give a message to pygls."""
        # A message may leave out parameters; pygls's fallback types insist on the field.
        if "method" in data:
            data.setdefault("params", None)
        try:
            message = super().structure_message(data)
            if isinstance(message, dict):
                raise TypeError("no message")
        except Exception as error:
            if request_id is not None:
                self._refuse(request_id, lsp.ErrorCodes.InvalidParams, f"wrong parameters for {data.get('method')}")
            else:
                log.warning("%s: wrong parameters (%s)", data.get("method") or "a response", type(error).__name__)
            return
        running = len(self._request_futures)
        try:
            self.handle_message(message)
        except Exception:
            log.exception("bug in handling %s", data.get("method") or "a response")
        if len(self._request_futures) > running:
            # pygls keeps what some of its own handlers and commands have ended in.
            self._request_futures = {key: future for key, future in self._request_futures.items() if not future.done()}

    def _knows(self, method: str) -> bool:
        if method.startswith("notebookDocument/"):
            return False  # never announced, and pygls would keep the texts
        return method in self.fm.builtin_features or method in self.fm.features

    def _refuse(self, request_id: int | str | None, code: int, why: str) -> None:
        log.info("refused a message: %s", why)
        error = lsp.ResponseError(code=int(code), message=why)
        self._send_data(lsp.ResponseErrorMessage(id=request_id, error=error))

    def _send_response(self, msg_id: Any, result: Any | None = None, error: lsp.ResponseError | None = None) -> None:
        """Answers carry no traceback: pygls puts it into `data`."""
        if error is not None:
            error.data = None
        super()._send_response(msg_id, result, error)

    # ---- the life of a session and its documents ----

    @lsp_method(lsp.INITIALIZE)
    def lsp_initialize(self, params: lsp.InitializeParams) -> Any:
        """Answer with our capabilities. UTF-16 always: every client must support it, and it is tested here."""
        if params.capabilities.general is not None:
            params.capabilities.general.position_encodings = None
        self._server.begin(params)
        result = yield from super().lsp_initialize(params)
        result.capabilities.experimental = self._server.experimental_capabilities()
        self._initialized = True
        return result

    @lsp_method(lsp.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: lsp.DidOpenTextDocumentParams) -> None:
        """Keep the document."""
        item = params.text_document
        self._server.session.open_document(item.uri, item.language_id, item.version, item.text)
        self._server.check_rules(item.uri)
        if self._server.memories is not None:
            self._server.in_background(self._server.memories.document_opened(item.uri))

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: lsp.DidChangeTextDocumentParams) -> None:
        """Apply the changes in order, and note how long the event loop was held."""
        started = perf_counter()
        document = params.text_document
        self._server.session.change_document(document.uri, document.version, params.content_changes)
        cursor.edited(self._server, document.uri)
        self._server.session.counters.did_change_ms.append((perf_counter() - started) * 1000)

    @lsp_method(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: lsp.DidCloseTextDocumentParams) -> None:
        """Forget the document."""
        self._server.session.close_document(params.text_document.uri)
        self._server.document_closed(params.text_document.uri)

    @lsp_method(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def lsp_workspace__did_change_workspace_folders(self, params: lsp.DidChangeWorkspaceFoldersParams) -> None:
        """Follow the workspace's folders; their settings files count from now on."""
        self._server.session.change_roots(
            added=[folder.uri for folder in params.event.added],
            removed=[folder.uri for folder in params.event.removed],
        )

    def _handle_cancel_notification(self, msg_id: int | str) -> None:
        # A request that was answered meanwhile is no longer known; that is normal and not worth a log line.
        if msg_id in self._request_futures:
            super()._handle_cancel_notification(msg_id)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _id_of(data: object, key: str = "id") -> int | str | None:
    """An object's id where it is one that can be used: a number or a short string."""
    found = data.get(key) if isinstance(data, dict) else None
    if isinstance(found, bool) or not isinstance(found, int | str):
        return None
    return found if len(str(found)) <= LONGEST_ID else None
