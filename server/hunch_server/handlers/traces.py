"""`hunch/event`, `hunch/consent`, `hunch/report`: the record of interactions, for clients that know of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from hunch_models.errors import HunchError
from hunch_server.adapters.editor_values import plain

if TYPE_CHECKING:
    from hunch_server.app import HunchServer

REPORT_NAME = "report.html"


class ConsentAnswer(msgspec.Struct):
    """The person's choice: `on` at a level, `off`, or `delete` everything; `asked`: the question was put."""

    answer: Literal["on", "off", "delete", "asked"]
    level: Literal["metadata", "structure", "text"] = "metadata"
    scope: Literal["workspace", "everywhere"] = "everywhere"


def event(server: HunchServer, params: Any) -> None:
    """One interaction event; dropped at once unless consent is given."""
    if server.recording is not None:
        server.recording.from_client(plain(params))


async def consent(server: HunchServer, params: ConsentAnswer) -> dict[str, Any]:
    """Keep the person's answer; tells how many events were deleted, and the new state."""
    recording = server.recording
    if recording is None:
        raise HunchError("nothing can be recorded: the state folder cannot be used", "try `hunch doctor`")
    deleted = 0
    if params.answer == "delete":
        deleted = (await recording.delete_all()).events
    else:
        recording.answer(params.answer, params.level, only_here=params.scope == "workspace")
    server.send_status()
    return {"deleted": deleted, **recording.state()}


async def report(server: HunchServer, _params: Any) -> dict[str, Any]:
    """Write the report page into the state folder; tells where it is."""
    recording = server.recording
    if recording is None:
        raise HunchError("there is no record: the state folder cannot be used", "try `hunch doctor`")
    from hunch_server.report.source import write_report  # noqa: PLC0415 - half a second of plots that few need

    target = recording.home / REPORT_NAME
    await asyncio.to_thread(recording.recorder.flush)
    summary = await asyncio.to_thread(write_report, recording.home, target)
    return {"path": str(target), "events": summary.events}
