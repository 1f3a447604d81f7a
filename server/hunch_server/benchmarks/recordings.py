"""The recordings that `hunch bench typing` takes: those of `hunch_features.evaluation.typing`, and the demo's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from hunch_features.evaluation.typing import Step, TypingRecording, read_content, read_recording
from hunch_models.errors import HunchError
from hunch_server.demo.recording import Recording


def read(path: Path) -> TypingRecording:
    """Read a recording of any known form. Raises HunchError naming the file and what is wrong with it."""
    if path.suffix == ".json":
        try:
            session = msgspec.json.decode(read_content(path), type=Recording)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return read_recording(path)
        return TypingRecording(dict(session.files), list(_steps(session, path)))
    return read_recording(path)


def _steps(session: Recording, path: Path) -> Iterator[Step]:
    """The demo's session as edits; looking at lists and saving are left out."""
    texts = dict(session.files)
    name, caret, at_ms = "", 0, 0.0
    for step in session.steps:
        at_ms += step.after_ms
        if step.do == "open":
            name = step.file
        if name not in texts:
            raise HunchError(f"{path}: a step in {name or 'no file'}, which the recording does not hold")
        text = texts[name]
        match step.do:
            case "open":
                caret = len(text)
            case "goto":
                caret = max(0, text.find(step.text)) + len(step.text)
            case "type":
                for char in step.text:
                    yield Step(at_ms, name, caret, 0, char)
                    text = text[:caret] + char + text[caret:]
                    caret, at_ms = caret + 1, at_ms + step.key_ms
            case "erase":
                for _ in range(min(step.count, caret)):
                    caret -= 1
                    yield Step(at_ms, name, caret, 1, "")
                    text = text[:caret] + text[caret + 1 :]
                    at_ms += step.key_ms
        texts[name] = text
