"""An editor without a screen: a real LSP client over stdio that the demo and the benchmarks type with.

It starts the server exactly as an editor does (isolated, its own process) and keeps its own copy of the text.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient
from pygls.protocol import LanguageServerProtocol

from hunch_features.text import Document, Edit
from hunch_models.errors import HunchError
from hunch_server import __version__, convert
from hunch_server.adapters.editor_values import plain

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 10.0
STDERR_LINES = 200


def server_command() -> list[str]:
    """How editors start this installation's server: isolated, by absolute path."""
    launcher = Path(__file__).resolve().parents[1] / "launcher.py"
    return [sys.executable, "-I", str(launcher), "serve", "--stdio"]


class _Protocol(LanguageServerProtocol):
    """pygls' protocol, but an answer that nobody waits for any more is no error: Ctrl-C cancels what was asked."""

    def _handle_response(self, msg_id: Any, result: Any = None, error: Any = None) -> None:
        waiting = self._request_futures.get(msg_id)
        if waiting is not None and waiting.done():
            del self._request_futures[msg_id]
        else:
            super()._handle_response(msg_id, result, error)


class Editor:
    """One connection and the documents open in it. Positions are code points, as everywhere inside."""

    def __init__(self) -> None:
        self._client = LanguageClient("hunch-editor", __version__, protocol_cls=_Protocol)
        self.documents: dict[str, Document] = {}
        self.states: list[str] = []
        self.details: list[str] = []
        self.recording: dict[str, Any] = {}
        self.notices: list[str] = []
        self.diagnostics: dict[str, list[lsp.Diagnostic]] = {}
        self.offers: list[dict[str, Any]] = []
        self.withdrawn: list[str] = []
        self.shown_documents: list[lsp.ShowDocumentParams] = []
        self.stderr: deque[str] = deque(maxlen=STDERR_LINES)
        self._state_changed = asyncio.Event()
        self._drain: asyncio.Task[None] | None = None
        self.capabilities: lsp.ServerCapabilities | None = None
        self._requests = 0
        self._register()

    def _register(self) -> None:
        # pygls sets attributes on what it registers, which bound methods do not allow.
        self._client.feature("hunch/status")(lambda params: self._on_status(params))  # noqa: PLW0108
        self._client.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(lambda params: self._on_diagnostics(params))  # noqa: PLW0108
        self._client.feature("hunch/offer")(lambda params: self.offers.append(plain(params)))
        self._client.feature("hunch/offerWithdrawn")(lambda params: self.withdrawn.append(plain(params)["id"]))
        self._client.feature(lsp.WINDOW_SHOW_DOCUMENT)(lambda params: self._on_show_document(params))  # noqa: PLW0108
        self._client.feature(lsp.WINDOW_SHOW_MESSAGE)(lambda params: self._on_message(params))  # noqa: PLW0108
        self._client.feature(lsp.WINDOW_LOG_MESSAGE)(lambda params: self._on_message(params))  # noqa: PLW0108

    def _on_status(self, params: Any) -> None:
        message = plain(params)
        self.states.append(message["state"])
        self.details.append(message["detail"])
        self.recording = message.get("recording", {})
        self._state_changed.set()

    def _on_diagnostics(self, params: lsp.PublishDiagnosticsParams) -> None:
        self.diagnostics[params.uri] = list(params.diagnostics)
        self._state_changed.set()

    def _on_show_document(self, params: lsp.ShowDocumentParams) -> lsp.ShowDocumentResult:
        self.shown_documents.append(params)
        return lsp.ShowDocumentResult(success=True)

    def _on_message(self, params: Any) -> None:
        self.notices.append(params.message)

    async def start(
        self,
        root: Path,
        *,
        options: object = None,
        environment: Mapping[str, str] | None = None,
        experimental: object = None,
    ) -> None:
        """Start the server for the folder `root` and wait until it answers `initialize`.

        `experimental` are the client's capabilities beyond the standard, `{"hunch": {"offers": True}}` for offers.
        """
        command = server_command()
        env = dict(environment) if environment is not None else None
        await self._client.start_io(command[0], *command[1:], cwd=str(root), env=env)
        self._drain = asyncio.create_task(self._read_stderr())
        uri = convert.uri_from_path(root.resolve())
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                result = await self._client.initialize_async(
                    lsp.InitializeParams(
                        capabilities=lsp.ClientCapabilities(
                            text_document=lsp.TextDocumentClientCapabilities(
                                inline_completion=lsp.InlineCompletionClientCapabilities()
                            ),
                            experimental=experimental,
                        ),
                        root_uri=uri,
                        workspace_folders=[lsp.WorkspaceFolder(uri=uri, name=root.name)],
                        initialization_options=options,
                    )
                )
        except (TimeoutError, RuntimeError) as error:
            last = self.stderr[-1] if self.stderr else "it said nothing"
            raise HunchError(f"the language server did not start: {last}", "try `hunch doctor`") from error
        self.capabilities = result.capabilities
        self._client.initialized(lsp.InitializedParams())

    async def _read_stderr(self) -> None:
        # pygls pipes stderr and never reads it; a full pipe would stop the server.
        server = self._client._server
        if server is None or server.stderr is None:
            return
        while line := await server.stderr.readline():
            self.stderr.append(line.decode("utf-8", "replace").rstrip())

    @property
    def process_id(self) -> int | None:
        """The server's process."""
        server = self._client._server
        return server.pid if server else None

    async def wait_for_state(self, *wanted: str, timeout_s: float = START_TIMEOUT_S) -> str:
        """Wait until the newest `hunch/status` is one of `wanted`; raises HunchError when that takes too long."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self.states or self.states[-1] not in wanted:
                    self._state_changed.clear()
                    await self._state_changed.wait()
        except TimeoutError:
            state = self.states[-1] if self.states else "silent"
            raise HunchError(
                f"the server is {state} after {timeout_s:.0f} s, not {' or '.join(wanted)}",
                "try `hunch doctor`",
            ) from None
        return self.states[-1]

    def open(self, path: Path, language: str, text: str) -> str:
        """Open a document; returns its URI."""
        uri = convert.uri_from_path(path)
        self.documents[uri] = Document(text)
        self._client.text_document_did_open(lsp.DidOpenTextDocumentParams(lsp.TextDocumentItem(uri, language, 1, text)))
        return uri

    def save(self, uri: str) -> None:
        """Tell that a document was saved; writing the file is the caller's."""
        self._client.text_document_did_save(lsp.DidSaveTextDocumentParams(lsp.TextDocumentIdentifier(uri)))

    def close(self, uri: str) -> None:
        """Close a document."""
        del self.documents[uri]
        self._client.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(uri)))

    def replace(self, uri: str, start: int, end: int, text: str) -> None:
        """Change the code points `start`…`end` into `text`, here and in the server."""
        document = self.documents[uri]
        lsp_range = convert.range_to_lsp(document, start, end)
        document.apply(Edit(document.position_at(start), document.position_at(end), text))
        self._client.text_document_did_change(
            lsp.DidChangeTextDocumentParams(
                lsp.VersionedTextDocumentIdentifier(document.version, uri),
                [lsp.TextDocumentContentChangePartial(range=lsp_range, text=text)],
            )
        )

    def complete(self, uri: str, offset: int, *, explicit: bool = False) -> tuple[str, asyncio.Future[Any]]:
        """Ask for inline completions at `offset`; returns the request's id (for `cancel`) and its answer."""
        document = self.documents[uri]
        kind = lsp.InlineCompletionTriggerKind.Invoked if explicit else lsp.InlineCompletionTriggerKind.Automatic
        params = lsp.InlineCompletionParams(
            context=lsp.InlineCompletionContext(trigger_kind=kind),
            text_document=lsp.TextDocumentIdentifier(uri),
            position=convert.position_to_lsp(document, document.position_at(offset)),
        )
        self._requests += 1
        request_id = f"complete-{self._requests}"
        future = self._client.protocol.send_request_async(
            lsp.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=request_id
        )
        return request_id, future

    async def save_and_wait(self, uri: str, timeout_s: float) -> list[lsp.Diagnostic]:
        """Save a document and wait for what is told of it; nothing when nothing is told in time."""
        self.diagnostics.pop(uri, None)
        self.save(uri)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while uri not in self.diagnostics:
                    self._state_changed.clear()
                    await self._state_changed.wait()
        return self.diagnostics.get(uri, [])

    async def code_actions(self, uri: str, line: int) -> list[lsp.CodeAction | lsp.Command]:
        """What is offered for a line; lsprotocol reads an action without an edit as a bare command."""
        width = len(self.documents[uri].line(line))
        found = await self._client.text_document_code_action_async(
            lsp.CodeActionParams(
                text_document=lsp.TextDocumentIdentifier(uri),
                range=lsp.Range(lsp.Position(line, 0), lsp.Position(line, 2 * width)),
                context=lsp.CodeActionContext(diagnostics=[]),
            )
        )
        return list(found or [])

    async def members(self, uri: str, line: int, character: int) -> list[lsp.CompletionItem]:
        """What the list after a dot would show, in its order."""
        answer = await self._client.text_document_completion_async(
            lsp.CompletionParams(lsp.TextDocumentIdentifier(uri), lsp.Position(line, character))
        )
        items = answer.items if isinstance(answer, lsp.CompletionList) else answer or ()
        return sorted(items, key=lambda item: item.sort_text or item.label)

    def cancel(self, request_id: str) -> None:
        """Withdraw a request."""
        self._client.cancel_request(lsp.CancelParams(request_id))

    async def request(self, method: str, params: Any = None) -> Any:
        """Any other request; returns plain JSON data."""
        return plain(await self._client.protocol.send_request_async(method, params))

    def notify(self, method: str, params: Any) -> None:
        """Any notification."""
        self._client.protocol.notify(method, msgspec.to_builtins(params))

    async def accept(self, item: lsp.InlineCompletionItem) -> None:
        """Run the item's command, as every client does after inserting it."""
        if item.command is not None:
            await self._client.workspace_execute_command_async(
                lsp.ExecuteCommandParams(command=item.command.command, arguments=item.command.arguments)
            )

    async def run_command(self, command: lsp.Command) -> None:
        """Run a command of the server."""
        await self._client.workspace_execute_command_async(
            lsp.ExecuteCommandParams(command=command.command, arguments=command.arguments)
        )

    def hang_up(self) -> None:
        """Close the connection without a word, as a crashed editor does."""
        server = self._client._server
        if server is not None and server.stdin is not None:
            server.stdin.close()

    async def stop(self) -> None:
        """Shut down by protocol; kill the process when it does not follow."""
        server = self._client._server
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                if server is not None and server.returncode is None:
                    await self._client.shutdown_async(None)
                    self._client.exit(None)
                    await server.wait()
        except (TimeoutError, RuntimeError, ConnectionError):
            if server is not None and server.returncode is None:
                server.kill()
        await self._client.stop()  # type: ignore[no-untyped-call]
        if self._drain is not None:
            await self._drain


@asynccontextmanager
async def editor_session(
    root: Path,
    *,
    options: object = None,
    environment: Mapping[str, str] | None = None,
    experimental: object = None,
) -> AsyncIterator[Editor]:
    """A started editor that is stopped in every case."""
    editor = Editor()
    try:
        await editor.start(root, options=options, environment=environment, experimental=experimental)
        yield editor
    finally:
        await editor.stop()
