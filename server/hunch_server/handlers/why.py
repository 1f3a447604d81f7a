"""`hunch/why`: what decided at a position, in one sentence and with every factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from hunch_features.text import Position
from hunch_server import convert
from hunch_server.settings import leaves

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

Unsigned = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class LspPosition(msgspec.Struct):
    """0-based line and UTF-16 column."""

    line: Unsigned
    character: Unsigned


class WhyParams(msgspec.Struct):
    """Where the person asks."""

    uri: str
    position: LspPosition


async def why(server: HunchServer, params: WhyParams) -> dict[str, Any] | None:
    """The last decision at a position or on its line; None where none was made or the document is not open."""
    found = server.session.document_at(params.uri)
    engine = server.session.engine
    if found is None or engine is None:
        return None
    _, document = found
    position = document.clamp(Position(params.position.line, 0))
    column = convert.code_points(document.line(position.line), params.position.character)
    decision = engine.why(document.path, Position(position.line, column))
    if decision is None:
        return None
    return {
        "summary": decision.summary,
        "asked": decision.asked,
        "shown": decision.shown,
        "reason": str(decision.reason),
        "factors": [{"name": f.name, "value": f.value, "note": f.note} for f in decision.factors],
        "knob": _knob(server, decision.knob),
        "timing_ms": {name: round(ms, 2) for name, ms in decision.timing.stages().items() if ms},
        "tokens": {
            "new": decision.timing.new_tokens,
            "reused": decision.timing.reused_tokens,
            "decoded": decision.timing.decoded_tokens,
        },
        "position": {"line": decision.line, "character": params.position.character},
        "offer": server.offering.last_word(),
    }


def _knob(server: HunchServer, key: str) -> dict[str, Any] | None:
    """The setting that changes the decision, as the editor writes it, with its present value."""
    leaf = leaves().get(key)
    if leaf is None:
        return None
    value: Any = server.session.settings
    for part in key.split("."):
        value = getattr(value, part)
    return {"setting": f"hunch.{leaf.editor_key}", "value": value, "hint": leaf.description}
