"""Next edits on recordings whose proposals people rated: is what would be offered among the good or the bad ones?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from hunch_features.next_edit.candidates import ranked
from hunch_features.next_edit.content import applied
from hunch_features.next_edit.edit import Delta, EditJustMade, NextEdit
from hunch_features.next_edit.facts import NEAR
from hunch_features.next_edit.finding import find
from hunch_features.next_edit.ranking import Ranker
from hunch_features.next_edit.repository import RememberedRepository
from hunch_features.next_edit.source import Source
from hunch_features.syntax import language_of_path
from hunch_features.text import Document
from hunch_features.traces.importers.editing_traces import apply_offsets
from hunch_features.traces.importers.files import ImportFileError, read_lines
from hunch_features.traces.importers.next_edit import RatedEdit, code_points, read_rated_edits


class _Row(msgspec.Struct):
    path: str
    text: str


class _Entry(msgspec.Struct):
    kind: str
    id: int = -1
    relativePath: str = ""
    content: str = ""
    edit: list[tuple[int, int, str]] = []


class _Recording(msgspec.Struct):
    log: list[_Entry]


@dataclass
class Burst:
    """The documents at a recording's end, and the last edit of substance."""

    texts: dict[str, str] = field(default_factory=dict)
    edit: EditJustMade | None = None


def read_bursts(path: Path) -> dict[str, Burst]:
    """The last burst of every recording by its name. Raises ImportFileError."""
    found: dict[str, Burst] = {}
    for row in read_lines(path, _Row):
        folder, _, file = row.path.rpartition("/")
        if file == "recording.w.json":
            try:
                recording = msgspec.json.decode(row.text, type=_Recording)
            except ValueError as error:
                raise ImportFileError(f"{path.name}: {folder}: not in this format: {error}") from error
            found[folder.rpartition("/")[2]] = _replay(recording)
    return found


def _replay(recording: _Recording) -> Burst:
    documents: dict[int, Document] = {}
    before: dict[int, str] = {}
    last = -1
    for entry in recording.log:
        if entry.kind == "documentEncountered":
            name = entry.relativePath.replace("\\", "/")
            documents[entry.id] = Document("", name, language_of_path(name) or "plaintext")
        elif entry.kind == "setContent" and entry.id in documents:
            old = documents[entry.id]
            documents[entry.id] = Document(entry.content, old.path, old.language)
            before[entry.id] = entry.content
        elif entry.kind == "changed" and entry.id in documents:
            text = documents[entry.id].snapshot().text()
            for start, end, new in sorted(entry.edit, reverse=True):
                first, until = code_points(text, start), code_points(text, end)
                apply_offsets(documents[entry.id], first, until - first, new)
            if any(new.strip() or end > start for start, end, new in entry.edit):
                last = entry.id
    burst = Burst({document.path: document.snapshot().text() for document in documents.values()})
    if last >= 0:
        edited = documents[last]
        burst.edit = EditJustMade(edited.path, edited.language, before[last], burst.texts[edited.path])
    return burst


def rated(path: Path, ranker: Ranker) -> dict[str, Any]:
    """Of every recording what would be shown, and how people rated that; a text nobody rated counts by its place."""
    ratings = list(read_rated_edits(path))
    verdicts: Counter[str] = Counter()
    rows = []
    for name, burst in read_bursts(path).items():
        if burst.edit is None:
            continue
        repository = RememberedRepository(None, None, burst.texts)
        places = ranked(find(Delta(burst.edit), repository), limit=1, ranker=ranker)
        shown = bool(places) and places[0].confidence >= ranker.show
        verdict = "silent"
        if shown:
            verdict = _verdict(places[0], burst, [one for one in ratings if one.recording == name])
        verdicts[verdict] += 1
        rows.append(
            {
                "recording": name,
                "confidence": round(places[0].confidence, 3) if places else 0.0,
                "verdict": verdict,
                "title": places[0].title if shown else "",
            }
        )
    return {"n": len(rows), **dict(sorted(verdicts.items())), "each": rows}


def _verdict(place: NextEdit, burst: Burst, ratings: list[RatedEdit]) -> str:
    text = burst.texts.get(place.path, "")
    source = Source(place.path, language_of_path(place.path) or "plaintext", text)
    ours = applied(source, place.edits) if place.edits else None
    near: Counter[str] = Counter()
    for one in ratings:
        if PurePosixPath(place.path).name != one.document or not one.replacements:
            continue
        theirs, line = text, len(source.lines)
        for start, end, new in sorted(one.replacements, reverse=True):
            first, until = code_points(text, start), code_points(text, end)
            theirs = theirs[:first] + new + theirs[until:]
            line = source.line_of(first)
        if ours is not None and ours == theirs:
            return one.rating
        if abs(line - place.start.line) <= NEAR:
            near[one.rating] += 1
    if near["nextEdit"] or near["valid"]:
        return "place nextEdit" if near["nextEdit"] else "place valid"
    return "place bad" if near["bad"] else "not rated"
