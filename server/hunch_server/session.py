"""All mutable state of one connection: documents, settings, the engine, counters.

Handlers change it on the event loop only; features get frozen snapshots.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from lsprotocol import types as lsp

from hunch_features.completion import CompletionEngine, EditKind
from hunch_features.text import Document
from hunch_features.traces.changes import Change, describe
from hunch_server import convert
from hunch_server.counters import Counters
from hunch_server.errors import InvalidParams
from hunch_server.settings import Settings

log = logging.getLogger(__name__)

# A larger file is followed by no one: its text is not kept and nothing is offered in it.
MAX_DOCUMENT_CHARS = 5_000_000
PASTE_CHARS = 2  # an insertion of more characters than this at once was not typed


@dataclass(slots=True)
class OpenDocument:
    """A document that the editor has open. `document` is None where it is too large or binary.

    `edited_at`: code-point offset of the end of the last edit; None where that was the whole text.
    """

    uri: str
    path: Path | None
    document: Document | None
    last_edit: EditKind = EditKind.NONE
    edited_at: int | None = None

    @property
    def typed(self) -> bool:
        """Whether the last edit put in what somebody typed, so that a request follows."""
        return self.last_edit is EditKind.INSERT


class Watcher(Protocol):
    """Who else wants to know what happens to documents: the recording."""

    def wants(self, opened: OpenDocument) -> bool:
        """Whether changes of this document matter; asked before each change."""
        ...

    def opened(self, opened: OpenDocument) -> None:
        """A document was opened."""
        ...

    def changed(self, opened: OpenDocument, changes: Sequence[Change], *, whole: bool) -> None:
        """The text was changed."""
        ...

    def closed(self, opened: OpenDocument) -> None:
        """A document was closed."""
        ...


class Session:
    """One client's state. `engine` and `watcher` are set by the application once settings are known."""

    def __init__(self) -> None:
        self.watcher: Watcher | None = None
        self.documents: dict[str, OpenDocument] = {}
        self.roots: tuple[Path, ...] = ()
        self.settings = Settings()
        self.editor_options: object = None
        self.engine: CompletionEngine | None = None
        self.counters = Counters()

    def open_document(self, uri: str, language: str, version: int, text: str) -> None:
        """The editor opened `uri`."""
        shown = convert.shown_path(uri, self.roots)
        document: Document | None = None
        if len(text) <= MAX_DOCUMENT_CHARS and "\0" not in text:
            document = Document(text, path=shown, language=language, version=version)
        else:
            log.info("not followed, too large or binary: %s", shown)
        opened = self.documents[uri] = OpenDocument(uri, convert.path_from_uri(uri), document)
        if self.watcher is not None and document is not None:
            self.watcher.opened(opened)

    def change_document(self, uri: str, version: int, changes: Sequence[lsp.TextDocumentContentChangeEvent]) -> None:
        """Apply changes in order. Raises InvalidParams for a document that is not open."""
        opened = self.documents.get(uri)
        if opened is None:
            raise InvalidParams(f"change of a document that is not open: {uri}")
        document = opened.document
        if document is None:
            return
        watched = self.watcher is not None and self.watcher.wants(opened)
        seen: list[Change] = []
        for change in changes:
            edit = convert.edit_from_lsp(document, change)
            if watched:
                seen.append(describe(document, edit))
            start = document.offset_at(edit.start)
            opened.last_edit = edit_kind(document.offset_at(edit.end) - start, edit.text)
            part = isinstance(change, lsp.TextDocumentContentChangePartial)
            opened.edited_at = start + len(edit.text) if part else None
            document.apply(edit)
        document.version = version
        if seen and self.watcher is not None:
            whole = not isinstance(changes[0], lsp.TextDocumentContentChangePartial)
            self.watcher.changed(opened, seen, whole=whole)
        if document.char_count > MAX_DOCUMENT_CHARS:
            log.info("not followed any more, too large: %s", document.path)
            self.documents[uri].document = None

    def close_document(self, uri: str) -> None:
        """The editor closed `uri`."""
        opened = self.documents.pop(uri, None)
        if opened is None or opened.document is None:
            return
        if self.engine is not None:
            self.engine.document_closed(opened.document.path)
        if self.watcher is not None:
            self.watcher.closed(opened)

    def document_at(self, uri: str) -> tuple[OpenDocument, Document] | None:
        """The open document and its text, or None where there is nothing to work on."""
        opened = self.documents.get(uri)
        if opened is None or opened.document is None:
            return None
        return opened, opened.document

    def change_roots(self, added: Sequence[str], removed: Sequence[str]) -> None:
        """Follow the workspace's folders (URIs)."""
        gone = {convert.path_from_uri(uri) for uri in removed}
        new = [path for uri in added if (path := convert.path_from_uri(uri)) is not None]
        self.roots = tuple(dict.fromkeys([*(root for root in self.roots if root not in gone), *new]))


def edit_kind(removed: int, text: str) -> EditKind:
    """What kind of edit replaced `removed` code points by `text`."""
    if not text:
        return EditKind.DELETE if removed else EditKind.NONE
    if len(text.strip()) > PASTE_CHARS and "\n" in text.strip():
        return EditKind.PASTE
    return EditKind.INSERT
