"""`textDocument/codeAction` for broken rules, and the command that opens a rule where it stands."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lsprotocol import types as lsp

from hunch_features.constraints.rule import Rule
from hunch_features.constraints.rules_file import PATH, read_rules_file
from hunch_models.errors import HunchError
from hunch_server import convert
from hunch_server.errors import InvalidParams

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

MAX_SILENCED = 3
NOTE = "silenced in the editor: the rule or its check is wrong"


async def code_action(server: HunchServer, params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
    """Fix, ignore here with a reason, silence a rule that is wrong, open the rule."""
    uri = params.text_document.uri
    actions = [*server.rules.actions(uri, params.range), *server.offering.actions(uri, params.range)]
    root = server.rules.root_of(convert.path_from_uri(uri), server.session.roots)
    if root is None:
        return actions
    for rule, diagnostic in list(server.rules.broken(uri, params.range).values())[:MAX_SILENCED]:
        edit = await _silencing(server, root, rule)
        if edit is not None:
            title = f"This rule is wrong: silence it in {PATH}"
            quick = lsp.CodeActionKind.QuickFix
            actions.append(lsp.CodeAction(title=title, kind=quick, diagnostics=[diagnostic], edit=edit))
    return actions


async def _silencing(server: HunchServer, root: Path, rule: Rule) -> lsp.WorkspaceEdit | None:
    """The edit of the rules file that the person then sees; None where the file cannot be edited safely."""
    from hunch_features.constraints.rules_writing import silenced  # noqa: PLC0415 - tomlkit, rarely needed

    target = root / PATH
    uri = convert.uri_from_path(target)
    found = server.session.document_at(uri)
    version: int | None = None
    if found is not None:
        text, version = found[1].text(), found[1].version
    else:
        text = await asyncio.to_thread(_text_on_disk, root)
    try:
        new = silenced(text, rule, NOTE)
    except HunchError:
        return None
    lines = text.split("\n")
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(len(lines), 0))
    document = lsp.OptionalVersionedTextDocumentIdentifier(uri=uri, version=version)
    change = lsp.TextDocumentEdit(text_document=document, edits=[lsp.TextEdit(whole, new)])
    if text:
        return lsp.WorkspaceEdit(document_changes=[change])
    create = lsp.CreateFile(uri=uri, options=lsp.CreateFileOptions(ignore_if_exists=True))
    return lsp.WorkspaceEdit(document_changes=[create, change])


def _text_on_disk(root: Path) -> str:
    """The rules file as `read_rules_file` would accept it; empty where there is none."""
    if read_rules_file(root).problems:
        return "not = "  # no TOML, which `silenced` refuses
    path = root / PATH
    return path.read_bytes().decode("utf-8-sig") if path.exists() else ""


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
