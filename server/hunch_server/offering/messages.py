"""Offers in LSP's terms: the `hunch/offer` message, code actions and the information diagnostic of plain clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp

from hunch_features.offers.deciding import Made
from hunch_features.offers.offer import EditorAction, FileEdit, Offer
from hunch_features.text import Document, Position, Snapshot
from hunch_server import convert
from hunch_server.session import MAX_DOCUMENT_CHARS

TAKE_COMMAND = "hunch.takeOffer"
ANSWER_COMMAND = "hunch.answerOffer"
SOURCE = "hunch"


@dataclass(frozen=True, slots=True)
class Ready:
    """An offer with everything that an editor needs, worked out when it was made."""

    made: Made
    root: Path
    edit: lsp.WorkspaceEdit | None
    uri: str | None
    at: lsp.Position
    """The document and position that it is about."""
    shown_in: str | None
    shown_at: lsp.Position
    """The same if that document is open, else where the person is: plain clients show it there."""


class Stale(Exception):
    """The text that an offer's edits were made for is gone."""


def ready(made: Made, root: Path, opened: Mapping[Path, Snapshot], front: tuple[str | None, lsp.Position]) -> Ready:
    """Convert an offer's places; reads files that are not `opened`, so call it in a thread.

    `front` is the document and line edited last. Raises Stale.
    """
    offer = made.offer
    changes = [_document_edit(edit, root, opened) for edit in offer.edits]
    edit = lsp.WorkspaceEdit(document_changes=list(changes)) if changes else None
    if offer.place is None:
        return Ready(made, root, edit, *front, *front)
    path = root / offer.place.path
    uri = convert.uri_from_path(path)
    try:
        at = convert.position_to_lsp(_text(path, opened), offer.place.position)
    except Stale:
        at = lsp.Position(offer.place.position.line, 0)
    return Ready(made, root, edit, uri, at, *((uri, at) if path in opened else front))


def _text(path: Path, opened: Mapping[Path, Snapshot]) -> Snapshot | Document:
    known = opened.get(path)
    if known is not None:
        return known
    try:
        if path.stat().st_size > 4 * MAX_DOCUMENT_CHARS:
            raise Stale(path.name)
        return Document(path.read_bytes().decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Stale(path.name) from error


def _document_edit(edit: FileEdit, root: Path, opened: Mapping[Path, Snapshot]) -> lsp.TextDocumentEdit:
    path = root / edit.path
    if not path.resolve().is_relative_to(root.resolve()):
        raise Stale(edit.path)  # below a link that leads out
    document, known = _text(path, opened), opened.get(path)
    if (known.version if known is not None else None) != edit.version:
        raise Stale(edit.path)
    place: Callable[[Position], lsp.Position] = lambda position: convert.position_to_lsp(document, position)  # noqa: E731
    return lsp.TextDocumentEdit(
        text_document=lsp.OptionalVersionedTextDocumentIdentifier(
            uri=convert.uri_from_path(path), version=edit.version
        ),
        edits=[lsp.TextEdit(lsp.Range(place(one.start), place(one.end)), one.text) for one in edit.edits],
    )


def message(found: Ready, unstructure: Callable[[Any], Any]) -> dict[str, Any]:
    """`hunch/offer`."""
    offer = found.made.offer
    body: dict[str, Any] = {
        "id": found.made.id,
        "kind": offer.kind.value,
        "title": offer.title,
        "why": offer.why,
        "confidence": round(offer.confidence, 3),
        "expiresMs": offer.lasts_ms,
    }
    if found.uri is not None:
        body["uri"] = found.uri
        body["position"] = {"line": found.at.line, "character": found.at.character}
    if found.edit is not None:
        body["edits"] = unstructure(found.edit)
    if offer.command is not None:
        body["command"] = unstructure(take_command(found))
        body["action"] = {"name": offer.command.action.value, **offer.command.arguments}
    return body


def take_command(found: Ready) -> lsp.Command:
    """What a client runs when the offer is taken and has no edits that it could apply itself."""
    return lsp.Command(title=found.made.offer.title, command=TAKE_COMMAND, arguments=[found.made.id])


def diagnostic(found: Ready) -> lsp.Diagnostic:
    """For plain clients: the offer as information, at its place."""
    offer = found.made.offer
    return lsp.Diagnostic(
        range=lsp.Range(found.shown_at, found.shown_at),
        message=f"{offer.title}\n{offer.why}",
        severity=lsp.DiagnosticSeverity.Information,
        code=f"offer-{offer.kind.value}",
        source=SOURCE,
        data={"offer": found.made.id},
    )


def code_actions(found: Ready) -> list[lsp.CodeAction]:
    """For plain clients: take it, not now, no."""
    offer, shown = found.made.offer, diagnostic(found)
    actions = []
    if offer.edits or can_take(offer):
        actions.append(
            lsp.CodeAction(
                title=offer.title,
                kind=lsp.CodeActionKind.QuickFix,
                diagnostics=[shown],
                edit=found.edit,
                command=take_command(found),
            )
        )
    for title, outcome in (("Not now", "notNow"), ("No", "dismissed")):
        command = lsp.Command(title=title, command=ANSWER_COMMAND, arguments=[found.made.id, outcome])
        actions.append(
            lsp.CodeAction(
                title=f"{title}: {offer.title}", kind=lsp.CodeActionKind.QuickFix, diagnostics=[shown], command=command
            )
        )
    return actions


def can_take(offer: Offer) -> bool:
    """Whether the server itself can do what an offer without edits asks: it opens documents, and runs nothing."""
    return offer.command is not None and offer.command.action is EditorAction.OPEN
