"""Applies a consent level to an event: hashes, redacts or leaves out each field as its mark says."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, get_type_hints

import msgspec

from hunch_features.traces.events import Event
from hunch_features.traces.levels import MAX_NAME, MAX_TEXT, TREATMENT, Keep, Level, mark_of


@functools.cache
def marks(kind: type[Event]) -> tuple[tuple[str, Keep], ...]:
    """The marked fields of an event type with their marks."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple((name, keep) for name in kind.__struct_fields__ if (keep := mark_of(hints[name])) is not None)


def apply_level(
    event: Event,
    level: Level,
    digest: Callable[[str], str],
    redact: Callable[[str], str],
    redact_name: Callable[[str], str] | None = None,
) -> Event:
    """A copy that holds only what `level` keeps: names hashed by `digest`, text run through `redact`.

    Paths and symbols go through `redact_name` where given; it may remember its answers.
    """
    changed: dict[str, Any] = {}
    for name, keep in marks(type(event)):
        value = getattr(event, name)
        if not value:
            continue
        treatment = TREATMENT[keep][level - 1]
        if treatment == "keyed hash":
            changed[name] = digest(value)
        elif treatment == "left out":
            changed[name] = ""
        elif treatment == "redacted":
            changed[name] = redact(value[:MAX_TEXT]) if keep is Keep.TEXT else (redact_name or redact)(value[:MAX_NAME])
        else:
            changed[name] = value[:MAX_NAME]
    return msgspec.structs.replace(event, **changed)
