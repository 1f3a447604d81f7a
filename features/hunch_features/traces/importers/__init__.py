"""Readers of public data sets into the event model. Each yields events in order of time, person by person.

The person stands in `workspace` (`<set>/<person>`), the sitting in `session`: what a split by person needs. Texts are
as in the files: nothing is redacted here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from hunch_features.traces.events import Event
from hunch_features.traces.importers.copilot_telemetry import read_copilot_telemetry
from hunch_features.traces.importers.editing_traces import read_editing_trace
from hunch_features.traces.importers.files import ImportFileError
from hunch_features.traces.importers.jsonl import read_jsonl
from hunch_features.traces.importers.next_edit import RatedEdit, read_next_edit_recordings, read_rated_edits
from hunch_features.traces.importers.realhumaneval import read_realhumaneval

IMPORTERS: dict[str, Callable[[Path], Iterator[Event]]] = {
    "hunch": read_jsonl,
    "copilot": read_copilot_telemetry,
    "realhumaneval": read_realhumaneval,
    "editing-trace": read_editing_trace,
    "next-edit": read_next_edit_recordings,
}
"""Format name → reader of one file (`.gz` or plain)."""

__all__ = [
    "IMPORTERS",
    "ImportFileError",
    "RatedEdit",
    "read_copilot_telemetry",
    "read_editing_trace",
    "read_jsonl",
    "read_next_edit_recordings",
    "read_rated_edits",
    "read_realhumaneval",
]
