"""The language server: the closed list of messages, and the life of the engine behind them."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, BinaryIO, TypeVar

import msgspec
from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer

from hunch_features.completion import CompletionEngine
from hunch_features.completion.filters import Drop
from hunch_features.completion.ranking import forest
from hunch_features.completion.recall import Recalled
from hunch_features.text import Position, Snapshot
from hunch_models.backend import Backend, BackendState, BackendStatus, Snippet
from hunch_models.errors import HunchError
from hunch_server import __version__
from hunch_server.adapters.editor_values import plain
from hunch_server.adapters.engines import NoBackend, make_backend
from hunch_server.adapters.home import ensure_home, hunch_home
from hunch_server.adapters.logs import configure_logging
from hunch_server.adapters.machine import Spare
from hunch_server.errors import InvalidParams, notification_boundary, request_boundary
from hunch_server.gating import SessionGate
from hunch_server.handlers import (
    code_action,
    configuration,
    cursor,
    inline_completion,
    members,
    offers,
    outcomes,
    stats,
    traces,
    why,
)
from hunch_server.indexing_progress import IndexingProgress
from hunch_server.memories import Memories
from hunch_server.offering import messages as offer_messages
from hunch_server.offering.offering import Offering
from hunch_server.protocol import HunchProtocol
from hunch_server.recording import Recording, open_recording
from hunch_server.rule_checks import OPEN_RULE, RuleChecks
from hunch_server.session import Session
from hunch_server.settings import Settings
from hunch_server.settings_sources import Resolved, resolve
from hunch_server.transport import connection

log = logging.getLogger(__name__)
T = TypeVar("T", bound=msgspec.Struct)

THINKING_AFTER_S = 0.2
"""A status that comes and goes with every key would be noise."""

MESSAGES: dict[str, int] = {
    "textDocument/didShowCompletion": 1,
    "textDocument/didPartiallyAcceptCompletion": 1,
    "hunch/didRejectCompletion": 1,
    "hunch/didMoveCursor": 1,
    "hunch/why": 1,
    "hunch/status": 1,
    "hunch/stats": 1,
    "hunch/idle": 1,
    "hunch/event": 1,
    "hunch/consent": 1,
    "hunch/report": 1,
    "hunch/offer": 1,
    "hunch/offerOutcome": 1,
    "hunch/offerWithdrawn": 1,
    "hunch/offers": 1,
}


class HunchServer(LanguageServer):
    """One connection to one editor."""

    protocol: HunchProtocol

    def __init__(self) -> None:
        super().__init__("hunch", __version__, protocol_cls=HunchProtocol)
        self.session = Session()
        self.backend: Backend | None = None
        self.recording: Recording | None = None
        self.memories: Memories | None = None
        self.gate = SessionGate(Settings().gate)
        self.rules = RuleChecks(self._publish_diagnostics)
        self.offering = Offering(self)
        self._published: dict[str, list[lsp.Diagnostic]] = {}
        self._last_status: dict[str, Any] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._switching = asyncio.Lock()
        self._spare = Spare()
        self._begun = False
        self._register()

    # ---- the closed list: message -> handler -> where it runs (all on the event loop, none of them blocks) ----

    def _register(self) -> None:
        self._on_notification(lsp.INITIALIZED, HunchServer._initialized, None)
        self._on_request(lsp.SHUTDOWN, HunchServer._shut_down, None)
        self._on_request(
            lsp.TEXT_DOCUMENT_INLINE_COMPLETION,
            inline_completion.inline_completion,
            None,
            lsp.InlineCompletionOptions(),
        )
        self._on_request(
            lsp.TEXT_DOCUMENT_COMPLETION,
            members.members,
            None,
            lsp.CompletionOptions(trigger_characters=members.TRIGGERS),
        )
        self._on_request(
            lsp.TEXT_DOCUMENT_CODE_ACTION,
            code_action.code_action,
            None,
            lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]),
        )
        self._on_request("hunch/why", why.why, why.WhyParams)
        self._on_request("hunch/stats", stats.stats, None)
        self._on_request("hunch/idle", stats.idle, None)
        self._on_request("hunch/consent", traces.consent, traces.ConsentAnswer)
        self._on_request("hunch/report", traces.report, None)
        self._on_request("hunch/offers", offers.offers, None)
        self._on_notification("hunch/offerOutcome", offers.outcome, offers.OfferOutcome)
        self._on_notification("hunch/event", traces.event, None)
        self._on_notification("textDocument/didShowCompletion", outcomes.shown, outcomes.Shown)
        self._on_notification(
            "textDocument/didPartiallyAcceptCompletion", outcomes.partly_accepted, outcomes.PartlyAccepted
        )
        self._on_notification("hunch/didRejectCompletion", outcomes.rejected, outcomes.Rejected)
        self._on_notification("hunch/didMoveCursor", cursor.moved, cursor.MovedCursor)
        self._on_notification(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION, configuration.changed, None)
        self._on_notification(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, configuration.files_changed, None)
        self._on_notification(lsp.TEXT_DOCUMENT_DID_SAVE, configuration.saved, None)

        @self.command(inline_completion.ACCEPT_COMMAND)
        @request_boundary
        async def did_accept(*arguments: Any) -> None:
            if not arguments or not isinstance(arguments[0], str):
                raise InvalidParams("hunch.didAccept needs the suggestion's id")
            notification_boundary(outcomes.accepted)(self, arguments[0])

        @self.command(OPEN_RULE)
        @request_boundary
        async def open_rule(*arguments: Any) -> None:
            await code_action.open_rule(self, arguments)

        @self.command(offer_messages.TAKE_COMMAND)
        @request_boundary
        async def take_offer(*arguments: Any) -> bool:
            return await offers.take(self, arguments)

        @self.command(offer_messages.ANSWER_COMMAND)
        @request_boundary
        async def answer_offer(*arguments: Any) -> None:
            offers.answer(self, arguments)

    def _on_request(
        self,
        method: str,
        handler: Callable[[HunchServer, Any], Awaitable[Any]],
        params_type: type[msgspec.Struct] | None,
        options: Any = None,
    ) -> None:
        async def run(params: Any) -> Any:
            return await handler(self, _typed(params, params_type))

        run.__name__ = handler.__name__
        self.feature(method, options)(request_boundary(run))

    def _on_notification(
        self,
        method: str,
        handler: Callable[[HunchServer, Any], None],
        params_type: type[msgspec.Struct] | None,
    ) -> None:
        def run(params: Any) -> None:
            handler(self, _typed(params, params_type))

        run.__name__ = handler.__name__
        self.feature(method)(notification_boundary(run))

    # ---- life ----

    def begin(self, params: lsp.InitializeParams) -> None:
        """Take the client's folders and options; called while `initialize` is answered."""
        folders = [folder.uri for folder in params.workspace_folders or []]
        if not folders and params.root_uri:
            folders = [params.root_uri]
        self.session.change_roots(added=folders, removed=[])
        self.session.editor_options = params.initialization_options
        self.offering.announce(params.capabilities)

    def _initialized(self, _params: lsp.InitializedParams) -> None:
        if not self._begun:
            self._begun = True
            self.apply_settings(first=True)

    def apply_settings(self, *, first: bool = False) -> None:
        """Read all sources again and follow what changed; the model is reloaded only when it must be."""
        resolved: Resolved = resolve(self.session.roots, self.session.editor_options)
        for warning in resolved.warnings:
            self.warn(warning)
        before, now = self.session.settings, resolved.settings
        self.session.settings = now
        configure_logging(now.log_level)
        if first:
            self._begin_recording(now)
        if self.recording is not None:
            self.recording.follow(self.session.roots)
        self.gate.configure(now.gate)
        if first:
            self.in_background(self._load_gate())
            self.in_background(asyncio.to_thread(forest))  # before the first key needs it
        self.offering.follow(now.offers)
        self._follow_memory(now)
        if self.rules.follow(now.rules):
            for uri in self.session.documents:
                self.check_rules(uri)
        if first or (before.model, before.remote) != (now.model, now.remote):
            self._replace_engine(now)
        elif self.session.engine is not None and before.completion != now.completion:
            self.session.engine.configure(now.completion)
        self.send_status()

    def _begin_recording(self, settings: Settings) -> None:
        loop = asyncio.get_running_loop()

        def notice(text: str) -> None:
            """From the writer's thread: the person is told on the event loop."""
            loop.call_soon_threadsafe(self.warn, text)

        self.session.watcher = self.recording = open_recording(hunch_home(), settings.traces, notice)

    async def _load_gate(self) -> None:
        recording = self.recording
        recorded = [str(root) for root in self.session.roots if recording is not None and recording.on(str(root))]
        await self.gate.load(hunch_home(), recorded, int(time.time() * 1000))
        if self.gate.warning:
            self.warn(self.gate.warning)

    def _follow_memory(self, settings: Settings) -> None:
        """Open memories for the workspace's folders, or close them when switched off."""
        if not settings.memory.enable:
            memories, self.memories = self.memories, None
            if memories is not None:
                self.in_background(asyncio.to_thread(memories.close))
            return
        if self.memories is None:
            self.memories = Memories(self.session, IndexingProgress(self))
        self.in_background(self.memories.follow(self.session.roots))

    def _replace_engine(self, settings: Settings) -> None:
        old = self.backend
        try:
            self.backend = make_backend(settings, ensure_home())
        except HunchError as error:
            self.backend = NoBackend(error.one_line())
        self.backend.on_status(lambda _status: self.send_status())
        repository = RepositoryContext(self)
        self.session.engine = CompletionEngine(
            self.backend,
            settings.completion,
            context=repository,
            recall=repository,
            on_thinking=self._thinking_changed,
            keep_rules=self._keep_rules,
            gate=self.gate.live,
            machine_free=self._spare,
        )
        self.in_background(self._switch(old, self.backend))

    def _keep_rules(self, snapshot: Snapshot, position: Position, completion: str) -> str | Drop:
        opened = self.session.documents.values()
        path = next((entry.path for entry in opened if entry.document and entry.document.path == snapshot.path), None)
        return self.rules.keep_rules(path, self.session.roots, snapshot, position, completion)

    def _thinking_changed(self) -> None:
        """Most answers are there before anybody could see that they were waited for: only long waits are told."""
        if self.session.engine is not None and self.session.engine.thinking:
            asyncio.get_running_loop().call_later(THINKING_AFTER_S, self.send_status)
        else:
            self.send_status()

    async def _switch(self, old: Backend | None, new: Backend) -> None:
        # One after the other: an engine that is replaced before its turn must not be started after it was stopped.
        async with self._switching:
            if old is not None:
                await old.stop()
            if new is self.backend:
                await new.start()

    def in_background(self, work: Awaitable[object]) -> None:
        """Run `work` beside everything else and log what goes wrong in it."""

        async def guarded() -> None:
            try:
                await work
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("bug in background work")

        task = asyncio.ensure_future(guarded())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _shut_down(self, _params: Any) -> None:
        await self.close()

    async def close(self) -> None:
        """End the engine and write what is still to be recorded; safe to call twice."""
        self.offering.close()
        recording, self.recording, self.session.watcher = self.recording, None, None
        if recording is not None:
            recording.end()
            await asyncio.to_thread(recording.recorder.close)
        memories, self.memories = self.memories, None
        if memories is not None:
            await asyncio.to_thread(memories.close)
        async with self._switching:
            backend, self.backend = self.backend, None
            if backend is not None:
                await backend.stop()

    def check_rules(self, uri: str) -> None:
        """Check an open document against the rules of its folder, beside everything else."""
        opened = self.session.documents.get(uri)
        if opened is not None:
            self.in_background(self.rules.check(opened, self.session.roots))

    def _publish_diagnostics(self, uri: str, found: list[lsp.Diagnostic]) -> None:
        self._published[uri] = found
        self.publish_again(uri)
        self.offering.checked(uri)

    def document_closed(self, uri: str) -> None:
        """Forget what was said of a document."""
        self.rules.closed(uri)
        self.offering.closed(uri)
        self._published.pop(uri, None)

    def publish_again(self, uri: str) -> None:
        """Publish what rules and offers have to say of a document; each publication replaces the one before."""
        found = [*self._published.get(uri, ()), *self.offering.diagnostics(uri)]
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri=uri, diagnostics=found))

    def unstructured(self, value: Any) -> Any:
        """An LSP object as plain JSON data."""
        return self.protocol._converter.unstructure(value)

    # ---- what the server says ----

    def experimental_capabilities(self) -> dict[str, Any]:
        """Every message beyond the standard that this server knows."""
        return {"hunch": {"version": __version__, "messages": sorted(MESSAGES)}}

    def send_status(self) -> None:
        """Tell the client the present state, if it changed."""
        status = self.backend.status if self.backend is not None else BackendStatus(BackendState.STARTING)
        info = self.backend.info if self.backend is not None else None
        state, detail = _state_for_people(status, self.session)
        message: dict[str, Any] = {"state": state, "detail": detail, "model": info.id if info else ""}
        if self.recording is not None:
            message["recording"] = self.recording.state()
        if message != self._last_status:
            self._last_status = message
            self.protocol.notify("hunch/status", message)

    def warn(self, line: str) -> None:
        """One line for the person, in the log and as a message of the editor."""
        log.warning("%s", line)
        self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Warning, f"Hunch: {line}"))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Protocol-level errors: to the log only, never a pop-up."""
        log.error("%s: %s", getattr(source, "__name__", source), error)


class RepositoryContext:
    """The completion engine's view of whatever memories there are at the moment."""

    def __init__(self, server: HunchServer) -> None:
        self._server = server

    def snippets(self, snapshot: Snapshot, position: Position, budget: int) -> Sequence[Snippet]:
        """Snippets of other files for a prompt."""
        memories = self._server.memories
        return memories.snippets(snapshot, position, budget) if memories is not None else ()

    def continuations(self, snapshot: Snapshot, position: Position) -> Sequence[Recalled]:
        """How the line goes on by the repository's own code."""
        memories = self._server.memories
        return memories.continuations(snapshot, position) if memories is not None else ()

    def unknown_call(self, snapshot: Snapshot, position: Position, text: str) -> str:
        """What a completion calls that does not exist, in words."""
        memories = self._server.memories
        return memories.unknown_call(snapshot, position, text) if memories is not None else ""

    def forget(self, path: str) -> None:
        """A document was closed."""
        if self._server.memories is not None:
            self._server.memories.forget(path)


def _typed(params: Any, params_type: type[T] | None) -> Any:
    if params_type is None:
        return params
    try:
        return msgspec.convert(plain(params), params_type)
    except msgspec.ValidationError as error:
        raise InvalidParams(str(error)) from None
    except UnicodeEncodeError:
        raise InvalidParams("half of a surrogate pair where text was expected") from None


def _state_for_people(status: BackendStatus, session: Session) -> tuple[str, str]:
    if status.state is BackendState.DEGRADED:
        return "degraded", status.detail
    if not session.settings.completion.enable:
        return "quiet", "switched off in the settings"
    if session.engine is not None and session.engine.snoozed:
        return "quiet", "snoozed"
    if status.state is not BackendState.READY:
        return "starting", status.detail
    if session.engine is not None and session.engine.thinking:
        return "thinking", status.detail
    return "ready", status.detail


def serve(endpoint: tuple[str, int] | None) -> int:
    """Run until the client goes away, over stdio or on a loopback `(host, port)`; returns the exit code."""
    configure_logging(os.environ.get("HUNCH_LOG_LEVEL", "info"))
    server = HunchServer()
    if endpoint is None:
        return connection.serve_stdio(sys.stdin.buffer, _private_stdout(), server.protocol, server.close)
    host, port = endpoint
    try:
        return connection.serve_tcp(host, port, ensure_home, server.protocol, server.close)
    except OSError as error:
        raise HunchError(f"cannot listen on {host}:{port}: {error.strerror or error}", "give another port") from error


def _private_stdout() -> BinaryIO:
    """The pipe to the client under a new descriptor; stray prints go to stderr and cannot break the protocol."""
    private = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return private
