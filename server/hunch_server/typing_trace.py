"""Recorded typing: the format of the editing-traces data set, read with bounds and replayed as keystrokes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec

from hunch_models.errors import HunchError

MAX_TRACE_BYTES = 256 << 20

# Words that tell a language in a recording, which names no file.
LANGUAGE_WORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "rust": ("main.rs", ("fn ", "let mut ", "impl ", "::")),
    "python": ("main.py", ("def ", "import ", "self.", "elif ")),
    "typescript": ("main.ts", ("const ", "=> ", "function ", "export ")),
    "markdown": ("notes.md", ("\n# ", "\n- ", "\n## ", "](")),
}


class Transaction(msgspec.Struct, frozen=True):
    """What happened in one step: patches `(position, deleted, inserted)` in code points, applied in order."""

    time: str
    patches: list[tuple[Annotated[int, msgspec.Meta(ge=0)], Annotated[int, msgspec.Meta(ge=0)], str]]


class Trace(msgspec.Struct, frozen=True, rename="camel"):
    """A whole recording."""

    start_content: str
    end_content: str
    txns: list[Transaction]


@dataclass(frozen=True, slots=True)
class Patch:
    """One edit: at `position`, `deleted` code points go and `inserted` comes."""

    position: int
    deleted: int
    inserted: str

    @property
    def is_keystroke(self) -> bool:
        """A character typed, or a line break with the indentation that editors add."""
        if self.deleted:
            return False
        return len(self.inserted) == 1 or (self.inserted[:1] == "\n" and not self.inserted.strip())


def read_trace(path: Path) -> Trace:
    """Read a `.json` or `.json.gz` recording. Raises HunchError naming the file and what is wrong with it."""
    try:
        opener = gzip.open if path.suffix == ".gz" else Path.open
        with opener(path, "rb") as file:
            content = file.read(MAX_TRACE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise HunchError(f"cannot read the trace {path}: {reason}") from error
    if len(content) > MAX_TRACE_BYTES:
        raise HunchError(f"the trace {path} is larger than {MAX_TRACE_BYTES >> 20} MiB unpacked")
    try:
        return msgspec.json.decode(content, type=Trace)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise HunchError(
            f"{path} is not a typing trace: {error}",
            "expected {startContent, endContent, txns: [{time, patches: [[position, deleted, inserted]]}]}",
        ) from error


def patches(trace: Trace) -> Iterator[Patch]:
    """All patches in order."""
    for transaction in trace.txns:
        for position, deleted, inserted in transaction.patches:
            yield Patch(position, deleted, inserted)


def language_of(trace: Trace) -> tuple[str, str]:
    """`(language id, file name)` guessed from the recorded text."""
    text = trace.end_content[:100_000]
    scores = {language: sum(text.count(word) for word in words) for language, (_, words) in LANGUAGE_WORDS.items()}
    best = max(scores, key=lambda language: scores[language])
    return (best, LANGUAGE_WORDS[best][0]) if scores[best] else ("plaintext", "document.txt")


def typed_ahead(upcoming: list[Patch], start: int, cursor: int, limit: int) -> str:
    """The text that `upcoming[start:]` types without a break from `cursor` on, up to `limit` code points."""
    text = ""
    for patch in upcoming[start:]:
        if patch.deleted or patch.position != cursor + len(text) or len(text) >= limit:
            break
        text += patch.inserted
    return text[:limit]
