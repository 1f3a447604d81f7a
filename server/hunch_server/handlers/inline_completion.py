"""`textDocument/inlineCompletion`: a position in, ghost text out."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from hunch_features.completion import Candidate, CompletionQuery
from hunch_features.text import Document
from hunch_server import convert

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

ACCEPT_COMMAND = "hunch.didAccept"


async def inline_completion(server: HunchServer, params: lsp.InlineCompletionParams) -> lsp.InlineCompletionList:
    """Candidates at a position; an empty list when Hunch is silent. Positions out of range are clamped."""
    started = perf_counter()
    found = server.session.document_at(params.text_document.uri)
    engine = server.session.engine
    if found is None or engine is None:
        return lsp.InlineCompletionList(items=[])
    opened, document = found
    offset = document.offset_at(convert.position_from_lsp(document, params.position))
    selected = params.context.selected_completion_info
    query = CompletionQuery(
        snapshot=document.snapshot(),
        offset=offset,
        explicit=params.context.trigger_kind == lsp.InlineCompletionTriggerKind.Invoked,
        selected_text=selected.text if selected else None,
        last_edit=opened.last_edit,
    )
    version = document.version
    outcome = await engine.complete(query)
    counters = server.session.counters
    counters.note(outcome, (perf_counter() - started) * 1000)
    if server.recording is not None:
        server.recording.answered(query, outcome, server.recording.workspace_of(opened.path), engine.surroundings)
    if document.version != version:
        # Typed on meanwhile: offsets of this answer belong to a text that is gone.
        return lsp.InlineCompletionList(items=[])
    return lsp.InlineCompletionList(items=[to_item(document, item) for item in outcome.items if item.shown])


def to_item(document: Document, candidate: Candidate) -> lsp.InlineCompletionItem:
    """The LSP item; its command reports acceptance, its arguments are `[id, source]`."""
    return lsp.InlineCompletionItem(
        insert_text=candidate.text,
        range=convert.range_to_lsp(document, candidate.start, candidate.end),
        command=lsp.Command(
            title="Hunch: accepted", command=ACCEPT_COMMAND, arguments=[candidate.id, str(candidate.source)]
        ),
    )
