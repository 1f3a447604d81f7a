"""What a consent level keeps of each field: the marks that the event types carry.

A field without a mark is a number, a time or a word from a closed list, and is kept at every level.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Annotated, get_args, get_origin

from msgspec import Meta


class Level(IntEnum):
    """How much of an event is kept. A higher level keeps all that a lower one keeps."""

    METADATA = 1
    STRUCTURE = 2
    TEXT = 3

    @classmethod
    def parse(cls, name: str) -> Level:
        """The level called `metadata`, `structure` or `text`. Raises ValueError for anything else."""
        try:
            return cls[name.upper()]
        except KeyError:
            raise ValueError(f"{name!r} is no level: metadata, structure or text") from None

    @property
    def label(self) -> str:
        """The level's name as people write it."""
        return self.name.lower()


class Keep(StrEnum):
    """How a marked field is treated at each level."""

    WORKSPACE = "workspace"
    PATH = "path"
    SYMBOL = "symbol"
    STRUCTURE = "structure"
    TEXT = "text"


TREATMENT: dict[Keep, tuple[str, str, str]] = {
    Keep.WORKSPACE: ("keyed hash", "keyed hash", "keyed hash"),
    Keep.PATH: ("keyed hash", "keyed hash", "redacted"),
    Keep.SYMBOL: ("left out", "keyed hash", "redacted"),
    Keep.STRUCTURE: ("left out", "kept", "kept"),
    Keep.TEXT: ("left out", "left out", "redacted"),
}
"""What happens to a marked field at metadata, structure and text."""

MAX_TEXT = 20_000
"""Code points kept of one text field; longer ones are cut."""
MAX_NAME = 1_000
"""Code points kept of a path, symbol or other name."""

WorkspaceRef = Annotated[str, Meta(extra={"keep": Keep.WORKSPACE})]
PathRef = Annotated[str, Meta(extra={"keep": Keep.PATH})]
Symbol = Annotated[str, Meta(extra={"keep": Keep.SYMBOL})]
Structural = Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_.:+-]*$", extra={"keep": Keep.STRUCTURE})]
Text = Annotated[str, Meta(extra={"keep": Keep.TEXT})]


def mark_of(annotation: object) -> Keep | None:
    """The level mark of a field's type, None for plain numbers and words."""
    if get_origin(annotation) is Annotated:
        for extra in get_args(annotation)[1:]:
            if isinstance(extra, Meta) and extra.extra and "keep" in extra.extra:
                return Keep(extra.extra["keep"])
    return None
