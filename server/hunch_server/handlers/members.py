"""`textDocument/completion`: members of the repository's own classes and modules after a dot and in imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsprotocol import types as lsp

from hunch_features.memory.members import Member
from hunch_server import convert

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

KINDS = {
    "class": lsp.CompletionItemKind.Class,
    "constant": lsp.CompletionItemKind.Constant,
    "enum": lsp.CompletionItemKind.Enum,
    "field": lsp.CompletionItemKind.Field,
    "function": lsp.CompletionItemKind.Function,
    "interface": lsp.CompletionItemKind.Interface,
    "method": lsp.CompletionItemKind.Method,
    "module": lsp.CompletionItemKind.Module,
    "type": lsp.CompletionItemKind.Class,
}
TRIGGERS = [".", ">", ":"]


async def members(server: HunchServer, params: lsp.CompletionParams) -> lsp.CompletionList:
    """What may stand here, likeliest first; empty where the repository has nothing to say."""
    found = server.session.document_at(params.text_document.uri)
    if found is None or server.memories is None or not server.session.settings.memory.members:
        return lsp.CompletionList(is_incomplete=False, items=[])
    document = found[1]
    position = convert.position_from_lsp(document, params.position)
    listed = await server.memories.members(document.snapshot(), position)
    return lsp.CompletionList(is_incomplete=False, items=[to_item(member, rank) for rank, member in enumerate(listed)])


def to_item(member: Member, rank: int) -> lsp.CompletionItem:
    """The LSP item, sorted by rank."""
    where = f"{member.path}: {member.container}" if member.container else member.path
    return lsp.CompletionItem(
        label=member.name,
        label_details=lsp.CompletionItemLabelDetails(description=where.rsplit("/", 1)[-1]),
        kind=KINDS.get(member.kind, lsp.CompletionItemKind.Text),
        detail=member.signature,
        documentation=lsp.MarkupContent(
            kind=lsp.MarkupKind.PlainText, value=f"{member.doc}\n{where}" if member.doc else where
        ),
        sort_text=f"{rank:04d}",
    )
