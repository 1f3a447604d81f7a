"""What became of a suggestion: shown, accepted, partly accepted, rejected.

Standard LSP knows none of these; clients that do not send them still report acceptance through the item's command.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from hunch_server import convert
from hunch_server.errors import InvalidParams

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

LongId = Annotated[str, msgspec.Meta(max_length=128)]


class Command(msgspec.Struct):
    """The part of the item's command that carries its id."""

    arguments: list[object] = []


class Item(msgspec.Struct, rename="camel"):
    """The item as the client got it; only its identity is read."""

    command: Command | None = None
    id: LongId | None = None


class Shown(msgspec.Struct, rename="camel"):
    """`textDocument/didShowCompletion`."""

    item: Item


class PartlyAccepted(msgspec.Struct, rename="camel"):
    """`textDocument/didPartiallyAcceptCompletion`; `accepted_length`: UTF-16 units of the item's text, so far."""

    item: Item
    accepted_length: Annotated[int, msgspec.Meta(ge=0)]


class Rejected(msgspec.Struct, rename="camel"):
    """`hunch/didRejectCompletion`."""

    item: Item
    reason: Literal["explicit", "typed", "moved", "expired"]
    shown_ms: Annotated[float, msgspec.Meta(ge=0)] = 0.0


def item_id(item: Item) -> str:
    """The id we gave the item. Raises InvalidParams for an item that is not ours."""
    if item.id is not None:
        return item.id
    with contextlib.suppress(AttributeError, IndexError):
        first = item.command.arguments[0]  # type: ignore[union-attr]
        if isinstance(first, str) and len(first) <= 128:
            return first
    raise InvalidParams("the item carries no id", "send it back as it came")


def shown(server: HunchServer, params: Shown) -> None:
    """The item is on the screen."""
    name = item_id(params.item)
    server.session.counters.shown += 1
    if server.session.engine is not None:
        server.session.engine.shown(name)
    if server.recording is not None:
        server.recording.shown(name)


def accepted(server: HunchServer, candidate_id: str) -> None:
    """The item was inserted as a whole."""
    if len(candidate_id) > 128:
        raise InvalidParams("no such suggestion")
    engine = server.session.engine
    candidate = engine.candidate(candidate_id) if engine is not None else None
    if engine is not None:
        engine.accepted(candidate_id)
    server.session.counters.accept(candidate_id, len(candidate.completion) if candidate else 0)
    if server.recording is not None:
        server.recording.accepted(candidate_id)


def partly_accepted(server: HunchServer, params: PartlyAccepted) -> None:
    """The first part of the item was inserted."""
    engine = server.session.engine
    name = item_id(params.item)
    candidate = engine.candidate(name) if engine is not None else None
    length = 0
    if candidate is not None:
        stood_there = len(candidate.text) - len(candidate.completion)
        length = convert.code_points(candidate.text, params.accepted_length) - stood_there
    if engine is not None and length > 0:
        engine.accepted(name)
    server.session.counters.accept(name, length, partly=True)
    if server.recording is not None and length > 0:
        server.recording.accepted(name, length)


def rejected(server: HunchServer, params: Rejected) -> None:
    """The item is gone without being inserted."""
    if server.session.engine is not None:
        server.session.engine.rejected(item_id(params.item), params.reason, params.shown_ms)
    server.session.counters.rejected += 1
    if server.recording is not None:
        server.recording.rejected(item_id(params.item), params.reason, params.shown_ms)
