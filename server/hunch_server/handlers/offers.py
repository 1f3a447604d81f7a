"""`hunch/offerOutcome`, `hunch/offers`, and the commands that plain clients answer offers with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from hunch_server.errors import InvalidParams

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

OfferId = Annotated[str, msgspec.Meta(max_length=64)]
Outcome = Literal["accepted", "dismissed", "expired", "notNow"]


class OfferOutcome(msgspec.Struct):
    """What became of an offer."""

    id: OfferId
    outcome: Outcome


def outcome(server: HunchServer, params: OfferOutcome) -> None:
    """The person's answer. An offer that is not open any more is no error: messages cross on their way."""
    server.offering.outcome(params.id, params.outcome)


async def offers(server: HunchServer, _params: Any) -> dict[str, Any]:
    """What was decided lately and why, silences included, and what the developer seems to be doing."""
    return server.offering.report()


async def take(server: HunchServer, arguments: tuple[Any, ...]) -> bool:
    """`hunch.takeOffer`: the offer's own command."""
    match arguments:
        case (str() as name,) if len(name) <= 64:
            return await server.offering.take(name)
    raise InvalidParams("hunch.takeOffer needs the offer's id")


def answer(server: HunchServer, arguments: tuple[Any, ...]) -> None:
    """`hunch.answerOffer`: not now, or no."""
    match arguments:
        case (str() as name, "notNow" | "dismissed" as said) if len(name) <= 64:
            server.offering.outcome(name, said)
        case _:
            raise InvalidParams("hunch.answerOffer needs the offer's id, and notNow or dismissed")
