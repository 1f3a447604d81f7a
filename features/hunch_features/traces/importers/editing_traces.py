"""Reads a trace of josephg/editing-traces (CC BY 4.0): every keystroke of one document, positions in code points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from hunch_features.text import Document, Edit
from hunch_features.traces.changes import Change, describe
from hunch_features.traces.derive import Deriver
from hunch_features.traces.events import Event
from hunch_features.traces.importers.files import ImportFileError, milliseconds, read_whole

_LANGUAGES = {"rustcode": "rust", "json-crdt-patch": "markdown"}


class _Transaction(msgspec.Struct):
    time: str
    patches: list[tuple[int, int, str]]


class _Trace(msgspec.Struct):
    startContent: str
    endContent: str
    txns: list[_Transaction]


def apply_offsets(document: Document, start: int, deleted: int, text: str) -> Change:
    """Apply an edit given by offsets (code points) and say what it did."""
    edit = Edit(document.position_at(start), document.position_at(start + deleted), text)
    change = describe(document, edit)
    document.apply(edit)
    return change


def read_editing_trace(path: Path) -> Iterator[Event]:
    """The bursts, undos and pauses of a trace. Raises ImportFileError, also when the replay ends in another text."""
    trace = read_whole(path, _Trace)
    name = path.name.split(".")[0]
    language = _LANGUAGES.get(name, "plaintext")
    events: list[Event] = []
    deriver = Deriver(events.append, f"editing_traces/{name}")
    document = Document(trace.startContent, f"{name}.txt", language)
    begun = False
    for number, transaction in enumerate(trace.txns):
        try:
            at = milliseconds(transaction.time)
        except ValueError as error:
            raise ImportFileError(f"{path.name}: transaction {number}: {error}") from error
        if at == 0:  # what was there before recording began has no time
            for start, deleted, text in transaction.patches:
                apply_offsets(document, start, deleted, text)
            continue
        if not begun:
            begun = True
            deriver.viewed(document.path, language, at)
        changes = [apply_offsets(document, *patch) for patch in transaction.patches]
        deriver.changed(document.path, changes, at)
        if events:
            yield from _in_session(events, f"e-{name}")
            events.clear()
    deriver.flush()
    yield from _in_session(events, f"e-{name}")
    if document.snapshot().text() != trace.endContent:
        raise ImportFileError(f"{path.name}: the replay does not end in the trace's end content")


def _in_session(events: list[Event], session: str) -> Iterator[Event]:
    for event in events:
        event.session = session
        yield event
