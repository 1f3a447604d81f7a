"""`textDocument/codeAction` for broken rules, and the command that opens a rule where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from hunch_server import convert
from hunch_server.errors import InvalidParams

if TYPE_CHECKING:
    from hunch_server.app import HunchServer


async def code_action(server: HunchServer, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """Fix, ignore here with a reason, open the rule."""
    return server.rules.actions(params.text_document.uri, params.range)


async def open_rule(server: HunchServer, arguments: tuple[Any, ...]) -> None:
    """Show an instruction file at a line. Only files inside the workspace's folders are shown."""
    match arguments:
        case (str() as uri, str() as path, int() as line) if line > 0:
            pass
        case _:
            raise InvalidParams("hunch.openRule needs a document, a path and a line")
    document = convert.path_from_uri(uri)
    for root in server.session.roots:
        target = (root / path).resolve()
        if document is not None and document.is_relative_to(root) and target.is_relative_to(root.resolve()):
            at = lsp.Position(line - 1, 0)
            await server.window_show_document_async(
                lsp.ShowDocumentParams(uri=convert.uri_from_path(target), take_focus=True, selection=lsp.Range(at, at))
            )
            return
    raise InvalidParams(f"{path} is in no folder of the workspace")
