"""Settings that change while the server runs: the editor's, and the workspace's files."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from hunch_server import convert
from hunch_server.adapters.editor_values import plain
from hunch_server.rule_checks import is_instruction_file
from hunch_server.settings_sources import PRIVATE_FILE, PROJECT_FILE

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

SETTINGS_FILES = (PRIVATE_FILE, PROJECT_FILE)
AFTER_CHECK_S = 0.05
"""So long nothing else begins: to read a long file again would hold back the diagnostics on their way to the editor."""


def changed(server: HunchServer, params: lsp.DidChangeConfigurationParams) -> None:
    """`workspace/didChangeConfiguration`: the editor's settings, as a whole or under `hunch`."""
    sent = plain(params.settings)
    if isinstance(sent, dict) and "hunch" in sent:
        sent = sent["hunch"]
    if sent is not None:
        server.session.editor_options = sent
    server.apply_settings()


def files_changed(server: HunchServer, params: lsp.DidChangeWatchedFilesParams) -> None:
    """`workspace/didChangeWatchedFiles`: read the settings again when one of their files changed."""
    if any(change.uri.rsplit("/", 1)[-1] in SETTINGS_FILES for change in params.changes):
        server.apply_settings()
    paths = [path for change in params.changes if (path := convert.path_from_uri(change.uri)) is not None]
    for path in paths:
        if server.memories is not None:
            server.memories.changed(path)
    if any(is_instruction_file(path) for path in paths):
        _rules_changed(server)


def saved(server: HunchServer, params: lsp.DidSaveTextDocumentParams) -> None:
    """`textDocument/didSave`: on record, checked against the rules; and settings files count at once."""
    path = convert.path_from_uri(params.text_document.uri)
    found = server.session.document_at(params.text_document.uri)
    if found is not None and server.recording is not None:
        document = found[1]
        server.recording.saved(
            server.recording.workspace_of(path), document.path, document.language, document.line_count
        )
    if path is not None and path.name in SETTINGS_FILES and path.parent in server.session.roots:
        server.apply_settings()
    if server.memories is not None and path is not None:
        server.memories.changed(path)
    if path is not None and is_instruction_file(path):
        _rules_changed(server)
    server.in_background(_checked_and_remembered(server, params.text_document.uri))


def _rules_changed(server: HunchServer) -> None:
    server.rules.forget()
    for uri in server.session.documents:
        server.check_rules(uri)


async def _checked_and_remembered(server: HunchServer, uri: str) -> None:
    """Rules first: the person waits for what they say, and for the memory nobody does."""
    opened = server.session.documents.get(uri)
    if opened is None or opened.document is None:
        return
    snapshot = opened.document.snapshot()
    try:
        await server.rules.check(opened, server.session.roots)
    finally:
        if server.memories is not None:
            await asyncio.sleep(AFTER_CHECK_S)
            await server.memories.document_changed(snapshot)
