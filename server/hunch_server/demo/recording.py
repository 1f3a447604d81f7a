"""The recorded session: files of a small project, and steps with their times as a person made them."""

from __future__ import annotations

import importlib.resources
from typing import Annotated, Literal

import msgspec

Milliseconds = Annotated[float, msgspec.Meta(ge=0, le=60_000)]


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One thing done. `type`: keys of `text`, one every `key_ms`. `erase`: `count` backspaces. `goto`: the caret after
    the first occurrence of `text`. `save`. `members`: look at the list after the dot. `offer`: wait for a proactive
    offer and give the `answer`. `silence`: ask why none is made. Every step begins after a pause of `after_ms`."""

    do: Literal["open", "type", "erase", "goto", "save", "members", "offer", "silence"]
    file: str = ""
    text: str = ""
    count: int = 0
    answer: Literal["accepted", "dismissed", "notNow"] = "accepted"
    key_ms: Milliseconds = 120.0
    after_ms: Milliseconds = 200.0
    note: str = ""


class Recording(msgspec.Struct, frozen=True):
    """A whole session. `files`: path -> text before it began."""

    title: str
    files: dict[str, str]
    steps: list[Step]


def bundled_recording() -> Recording:
    """The recording that ships with Hunch."""
    source = importlib.resources.files("hunch_server.demo").joinpath("session.json").read_bytes()
    return msgspec.json.decode(source, type=Recording)
