"""`hunch/didMoveCursor`: where the cursor was put without typing, which LSP itself does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from lsprotocol import types as lsp

from hunch_server import convert
from hunch_server.handlers.why import LspPosition

if TYPE_CHECKING:
    from hunch_server.app import HunchServer


class TextDocument(msgspec.Struct):
    """The document, as LSP names it."""

    uri: str


class MovedCursor(msgspec.Struct, rename="camel"):
    """Where the cursor is now."""

    text_document: TextDocument
    position: LspPosition


def moved(server: HunchServer, params: MovedCursor) -> None:
    """The prompt of that place is read in idle time. A document that is not open is no error: messages cross."""
    found = server.session.document_at(params.text_document.uri)
    engine = server.session.engine
    if found is None or engine is None:
        return
    document = found[1]
    at = lsp.Position(line=params.position.line, character=params.position.character)
    engine.moved(document.snapshot(), convert.position_from_lsp(document, at))


def edited(server: HunchServer, uri: str) -> None:
    """The text was changed other than by typing: the cursor is there, and some editors ask for nothing then."""
    found = server.session.document_at(uri)
    engine = server.session.engine
    if found is None or engine is None or found[0].typed or found[0].edited_at is None:
        return
    snapshot = found[1].snapshot()
    engine.moved(snapshot, snapshot.position_at(found[0].edited_at))
