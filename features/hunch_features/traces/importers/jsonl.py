"""Reads our own JSONL export back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from hunch_features.traces.events import TYPE_OF, Event, from_fields
from hunch_features.traces.importers.files import ImportFileError, read_lines


def read_jsonl(path: Path) -> Iterator[Event]:
    """Events of an export, in the file's order; kinds of a newer version are passed over. Raises ImportFileError."""
    for number, fields in enumerate(read_lines(path, dict[str, object]), 1):
        if fields.get("kind") not in TYPE_OF:
            continue
        try:
            yield from_fields(fields)
        except msgspec.ValidationError as error:
            raise ImportFileError(f"{path.name}: event {number}: {error}") from error
