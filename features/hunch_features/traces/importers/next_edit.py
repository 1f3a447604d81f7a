"""Reads `next_edit_recordings/recordings.jsonl`: VS Code workspace recordings and rated proposals for the next edit.

Origin: microsoft/vscode-copilot-chat (MIT). Offsets there are UTF-16 units of the text before the edit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Literal

import msgspec

from hunch_features.text import Document
from hunch_features.traces.changes import Change
from hunch_features.traces.derive import Deriver
from hunch_features.traces.events import Event
from hunch_features.traces.importers.editing_traces import apply_offsets
from hunch_features.traces.importers.files import ImportFileError, read_lines

_LANGUAGES = {
    ".ts": "typescript",
    ".js": "javascript",
    ".py": "python",
    ".java": "java",
    ".cpp": "cpp",
    ".h": "cpp",
    ".ipynb": "python",
    ".json": "json",
    ".md": "markdown",
}


class _Row(msgspec.Struct):
    path: str
    text: str


class _Entry(msgspec.Struct):
    kind: str
    id: int = -1
    time: int = 0
    relativePath: str = ""
    content: str = ""
    edit: list[tuple[int, int, str]] = []
    selection: list[tuple[int, int]] = []


class _Recording(msgspec.Struct):
    log: list[_Entry]


class _Rated(msgspec.Struct):
    documentUri: str
    scoreCategory: Literal["nextEdit", "valid", "bad"]
    edit: list[tuple[int, int, str]] | None = None


class _Ratings(msgspec.Struct):
    edits: list[_Rated]


class RatedEdit(msgspec.Struct, frozen=True):
    """A proposed next edit of a recording: replacements in UTF-16 offsets (empty: propose nothing), and its rating."""

    recording: str
    document: str
    rating: str
    replacements: tuple[tuple[int, int, str], ...]


def code_points(text: str, utf16: int) -> int:
    """The code point offset of a UTF-16 offset; inside a surrogate pair it is rounded down."""
    if text.isascii():
        return min(utf16, len(text))
    return len(text.encode("utf-16-le")[: 2 * utf16].decode("utf-16-le", "ignore"))


def _recordings(path: Path, name: str) -> Iterator[tuple[str, str]]:
    for row in read_lines(path, _Row):
        folder, _, file = row.path.rpartition("/")
        if file == name:
            yield folder.rpartition("/")[2], row.text


def read_next_edit_recordings(path: Path) -> Iterator[Event]:
    """Edits, selections and view switches of all recordings, one session each. Raises ImportFileError."""
    for name, text in _recordings(path, "recording.w.json"):
        try:
            recording = msgspec.json.decode(text, type=_Recording)
        except ValueError as error:
            raise ImportFileError(f"{path.name}: {name}: not in this format: {error}") from error
        events: list[Event] = []
        _replay(recording, Deriver(events.append, f"next_edit_recordings/{name}"))
        session = "n-" + "".join(char if char.isalnum() else "-" for char in name)[:60]
        for event in events:
            event.session = session
            yield event


def _replay(recording: _Recording, deriver: Deriver) -> None:
    documents: dict[int, Document] = {}
    at = 0
    for entry in recording.log:
        if entry.kind in ("meta", "header"):
            continue  # written when the recording was saved
        at = max(at, entry.time)  # entries are in order of happening; their times may be a few ms off
        if entry.kind == "documentEncountered":
            language = _LANGUAGES.get(PurePosixPath(entry.relativePath).suffix, "plaintext")
            documents[entry.id] = Document("", entry.relativePath, language)
        document = documents.get(entry.id)
        if document is None:
            continue
        if entry.kind == "setContent":
            documents[entry.id] = Document(entry.content, document.path, document.language)
        elif entry.kind == "opened":
            deriver.viewed(document.path, document.language, at)
        elif entry.kind == "changed":
            deriver.viewed(document.path, document.language, at)
            deriver.changed(document.path, _changes(document, entry.edit), at)
        elif entry.kind == "selectionChanged" and entry.selection:
            _select(deriver, document, entry.selection[0], at)
    deriver.flush()


def _changes(document: Document, replacements: list[tuple[int, int, str]]) -> list[Change]:
    text = document.snapshot().text()
    ordered = sorted(replacements, reverse=True)  # from the end, so that earlier offsets stay right
    spans = [(code_points(text, start), code_points(text, end), new) for start, end, new in ordered]
    return [apply_offsets(document, start, end - start, new) for start, end, new in spans]


def _select(deriver: Deriver, document: Document, selection: tuple[int, int], at: int) -> None:
    text = document.snapshot().text()
    start, end = (code_points(text, offset) for offset in sorted(selection))
    deriver.viewed(document.path, document.language, at)
    if start == end:
        deriver.caret(document.path, document.position_at(start), at)
    else:
        first, last = document.position_at(start), document.position_at(end)
        deriver.selected(document.path, first, last, document.slice(start, end), at)


def read_rated_edits(path: Path) -> Iterator[RatedEdit]:
    """The rated proposals of all recordings. Raises ImportFileError."""
    for name, text in _recordings(path, "scoredEdits.w.json"):
        try:
            ratings = msgspec.json.decode(text, type=_Ratings)
        except ValueError as error:
            raise ImportFileError(f"{path.name}: {name}: not in this format: {error}") from error
        for one in ratings.edits:
            yield RatedEdit(name, one.documentUri.rpartition("/")[2], one.scoreCategory, tuple(one.edit or ()))
