"""Recorded typing: what was typed where and when, read from the formats that such records come in, with bounds.

Known formats: the editing-traces collection (`{startContent, endContent, txns}`) and what `hunch traces export` writes.
Positions are code points, times milliseconds since the recording began.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from hunch_features.syntax import language_of_path
from hunch_features.text import Document, Edit, Position
from hunch_features.traces.events import EditBurst
from hunch_models.errors import HunchError

MAX_BYTES = 256 << 20
MAX_DOCUMENTS = 200
FARTHEST_LINE, FARTHEST_COLUMN = 100_000, 5_000
"""Where a burst may stand in a document of which nothing else is known."""

CLOCK_MS = 1000.0
"""Transactions of one time stamp came within a second of each other: the clock of the editing traces."""

LANGUAGE_WORDS: dict[str, tuple[str, ...]] = {
    "main.rs": ("fn ", "let mut ", "impl ", "::"),
    "main.py": ("def ", "import ", "self.", "elif "),
    "main.ts": ("const ", "=> ", "function ", "export "),
    "notes.md": ("\n# ", "\n- ", "\n## ", "]("),
}
"""Words that tell a language in a recording that names no file: file name -> words."""


@dataclass(frozen=True, slots=True)
class Step:
    """One edit: in `document`, `deleted` code points at `position` go and `inserted` comes."""

    at_ms: float
    document: str
    position: int
    deleted: int
    inserted: str

    @property
    def is_keystroke(self) -> bool:
        """A character typed, or a line break with the indentation that editors add."""
        if self.deleted:
            return False
        return len(self.inserted) == 1 or (self.inserted[:1] == "\n" and not self.inserted.strip())


@dataclass(frozen=True, slots=True)
class TypingRecording:
    """`documents`: file name -> text before the first step. `steps` in order of time."""

    documents: dict[str, str]
    steps: list[Step]

    @property
    def keystrokes(self) -> int:
        """How many steps are keystrokes."""
        return sum(step.is_keystroke for step in self.steps)


def language_id(name: str) -> str:
    """The language id that an editor would give a file of this name."""
    return language_of_path(name) or "plaintext"


def typed_ahead(steps: Sequence[Step], start: int, cursor: int, limit: int) -> str:
    """The text that `steps[start:]` types without a break from `cursor` on, up to `limit` code points."""
    text = ""
    document = steps[start].document if start < len(steps) else ""
    for index in range(start, len(steps)):
        step = steps[index]
        if step.deleted or step.document != document or step.position != cursor + len(text) or len(text) >= limit:
            break
        text += step.inserted
    return text[:limit]


def taken(shown: str, future: str) -> int:
    """How many code points of a shown text a person accepts who goes on to type `future`.

    The whole text when it is what comes next, else as many whole lines of it as are: editors accept line by line too.
    """
    if shown and future.startswith(shown):
        return len(shown)
    end = shown.rfind("\n")
    while end > 0:
        if shown[:end].strip() and future.startswith(shown[: end + 1]):
            return end
        end = shown.rfind("\n", 0, end)
    return 0


# ---- reading ----


class _Transaction(msgspec.Struct, frozen=True):
    time: str
    patches: list[tuple[Annotated[int, msgspec.Meta(ge=0)], Annotated[int, msgspec.Meta(ge=0)], str]]


class _EditingTrace(msgspec.Struct, frozen=True, rename="camel"):
    start_content: str
    end_content: str
    txns: list[_Transaction]


def read_content(path: Path) -> bytes:
    """A recording's bytes, unpacked. Raises HunchError naming the file and what is wrong with it."""
    try:
        opener = gzip.open if path.suffix == ".gz" else Path.open
        with opener(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise HunchError(f"cannot read the trace {path}: {reason}") from error
    if len(content) > MAX_BYTES:
        raise HunchError(f"the trace {path} is larger than {MAX_BYTES >> 20} MiB unpacked")
    return content


def read_recording(path: Path) -> TypingRecording:
    """Read a `.json`, `.jsonl` or `.gz` recording. Raises HunchError naming the file and what is wrong with it."""
    content = read_content(path)
    if ".jsonl" in path.suffixes:
        return _from_bursts(_bursts(path, content), path)
    try:
        trace = msgspec.json.decode(content, type=_EditingTrace)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HunchError(
            f"{path} is not a typing trace: {error}",
            "expected {startContent, endContent, txns: [{time, patches: [[position, deleted, inserted]]}]}, "
            "or the .jsonl of `hunch traces export`",
        ) from error
    name = _guess_name(trace.end_content)
    return TypingRecording({name: trace.start_content}, list(_trace_steps(trace, name, path)))


def _guess_name(text: str) -> str:
    sample = text[:100_000]
    scores = {name: sum(sample.count(word) for word in words) for name, words in LANGUAGE_WORDS.items()}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] else "document.txt"


def _trace_steps(trace: _EditingTrace, name: str, path: Path) -> Iterator[Step]:
    length = len(trace.start_content)
    for at_ms, transaction in zip(_spread(trace.txns), trace.txns, strict=True):
        for position, deleted, inserted in transaction.patches:
            if position + deleted > length:
                raise HunchError(f"{path}: an edit at {position} in a text of {length} characters")
            length += len(inserted) - deleted
            yield Step(at_ms, name, position, deleted, inserted)


def _spread(transactions: Sequence[_Transaction]) -> Iterator[float]:
    """Times in ms; transactions of one time stamp are spread evenly until the next one, over a second at most."""
    stamps = [_milliseconds(transaction.time) for transaction in transactions]
    index = 0
    while index < len(stamps):
        end = index
        while end < len(stamps) and stamps[end] == stamps[index]:
            end += 1
        room = min(CLOCK_MS, max(0.0, stamps[end] - stamps[index])) if end < len(stamps) else CLOCK_MS
        for number in range(end - index):
            yield stamps[index] - stamps[0] + room * number / (end - index)
        index = end


def _milliseconds(time: str) -> float:
    try:
        return datetime.fromisoformat(time).timestamp() * 1000
    except ValueError:
        return 0.0


def _bursts(path: Path, content: bytes) -> Iterator[EditBurst]:
    decoder = msgspec.json.Decoder(dict[str, object])
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            event = decoder.decode(line)
            if event.get("kind") == "edit":
                yield msgspec.convert(event, EditBurst)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HunchError(f"{path}:{number}: not an event of `hunch traces export`: {error}") from error


def _from_bursts(bursts: Iterable[EditBurst], path: Path) -> TypingRecording:
    """Bursts typed key by key at their places. What stood around them was not recorded: blank lines stand for it."""
    texts: dict[str, Document] = {}
    steps: list[Step] = []
    began: int | None = None
    for burst in bursts:
        began = burst.at if began is None else began
        if not burst.inserted_text:
            continue
        name = burst.document or "document.txt"
        if burst.line > FARTHEST_LINE or burst.column > FARTHEST_COLUMN:
            raise HunchError(f"{path}: an edit at line {burst.line}, column {burst.column}: not typed by a person")
        if name not in texts and len(texts) == MAX_DOCUMENTS:
            raise HunchError(f"{path}: more than {MAX_DOCUMENTS} documents", "export fewer days")
        document = texts.setdefault(name, Document(""))
        at_ms = float(burst.at - began)
        steps.extend(_burst_steps(burst, name, document, at_ms))
    if not steps:
        raise HunchError(
            f"{path} holds no typed text",
            "only traces recorded at the level `full` keep it: see `hunch traces status`",
        )
    steps.sort(key=lambda step: step.at_ms)
    return TypingRecording(dict.fromkeys(texts, ""), steps)


def _burst_steps(burst: EditBurst, name: str, document: Document, at_ms: float) -> Iterator[Step]:
    def edit(position: int, deleted: int, inserted: str, moment: float) -> Step:
        document.apply(Edit(document.position_at(position), document.position_at(position + deleted), inserted))
        return Step(moment, name, position, deleted, inserted)

    text = burst.inserted_text.replace("\r\n", "\n")
    missing = burst.line + 1 - document.line_count
    if missing > 0:
        yield edit(document.char_count, 0, "\n" * missing, at_ms)
    short = burst.column - len(document.line(burst.line))
    if short > 0:
        yield edit(document.line_start(burst.line) + len(document.line(burst.line)), 0, " " * short, at_ms)
    cursor = document.offset_at(Position(burst.line, burst.column))
    there = document.slice(cursor, cursor + len(burst.deleted_text))
    if burst.deleted_text and there == burst.deleted_text:
        yield edit(cursor, len(there), "", at_ms)
    if burst.origin != "typed":
        yield edit(cursor, 0, text, at_ms)
        return
    gap = burst.duration_ms / max(1, len(text) - 1)
    for number, char in enumerate(text):
        yield edit(cursor + number, 0, char, at_ms + number * gap)
