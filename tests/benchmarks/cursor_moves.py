"""What being told of the cursor saves: prompt tokens that a request has to wait for, in recorded typing.

    python -m tests.benchmarks.cursor_moves RECORDING… [--keys N] [--rest SECONDS]

No model runs: the prompts are those of the completion engine, a token is taken for three code points, and what a
prompt has in common with the present one or with one of four kept ones is not read again. After a pause of at least
`--rest` seconds the place of the next key counts as read ahead: `nothing` (LSP alone), `edits` (where an edit left the
cursor that nobody typed), `cursor` (and where it was put).
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from hunch_features.completion.context import ContextAssembler
from hunch_features.completion.rules import no_room
from hunch_features.completion.settings import CompletionSettings
from hunch_features.evaluation.typing import Step, TypingRecording, language_id, read_recording
from hunch_features.text import Document, Edit, Position
from hunch_models.backend import StopRule

CHARS_PER_TOKEN = 3.0
KEPT, LEAST_KEPT = 4, 64
"""Prompts kept beside the present one, and the tokens that make one worth it (`models/hunch_models/llama/warm.py`)."""
TOLD = ("nothing", "edits", "cursor")


class Reader:
    """What a model has read, as text in the order of its prompt: the text after the cursor first."""

    def __init__(self) -> None:
        self._assembler = ContextAssembler()
        self._present = ""
        self._kept: list[str] = []

    def read(self, document: Document, position: Position) -> float:
        """Tokens to read for the prompt of a place; they are read."""
        settings = CompletionSettings()
        asked = self._assembler.assemble(
            document.snapshot(), position, settings, StopRule(), settings.max_tokens_line, CHARS_PER_TOKEN, 0
        )
        after = asked.suffix[: int(settings.suffix_tokens * CHARS_PER_TOKEN)]
        prompt = f"{asked.path}\n{after}\0{asked.prefix}"
        shared, least = common(self._present, prompt), LEAST_KEPT * CHARS_PER_TOKEN
        if len(prompt) - shared >= least:
            if len(self._present) - shared >= least:
                others = [kept for kept in self._kept if len(kept) - common(kept, self._present) >= least]
                self._kept = [*others, self._present][-KEPT:]
            shared = max([shared, *(common(kept, prompt) for kept in self._kept)])
        self._present = prompt
        return (len(prompt) - shared) / CHARS_PER_TOKEN


def common(one: str, other: str) -> int:
    """Length of the common prefix."""
    return len(os.path.commonprefix((one, other)))  # noqa: RUF071 - of texts, not of paths


def replay(recording: TypingRecording, keys: int, rest_s: float, told: str) -> tuple[list[float], list[float]]:
    """Tokens of each request that is made, and of each place that was read ahead."""
    documents = {
        name: Document(text, path=name, language=language_id(name)) for name, text in recording.documents.items()
    }
    reader, waited, ahead = Reader(), list[float](), list[float]()
    before: Step | None = None
    typed = 0

    def rest_at(document: Document, offset: int) -> None:
        position = document.position_at(offset)
        if no_room(document.snapshot(), position) is None:
            ahead.append(reader.read(document, position))

    for step in recording.steps:
        document = documents[step.document]
        if before is not None and step.at_ms - before.at_ms >= rest_s * 1000:
            left, here = before.position + len(before.inserted), step.position + step.deleted
            if told != "nothing" and not before.is_keystroke:
                rest_at(documents[before.document], left)
            if told == "cursor" and (before.document, left) != (step.document, here):
                rest_at(document, here)
        start, end = document.position_at(step.position), document.position_at(step.position + step.deleted)
        document.apply(Edit(start, end, step.inserted))
        before = step
        if step.is_keystroke:
            typed += 1
            position = document.position_at(step.position + len(step.inserted))
            if no_room(document.snapshot(), position) is None:
                waited.append(reader.read(document, position))
            if typed == keys:
                break
    return waited, ahead


def main() -> None:
    """Print one line for each recording and each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--keys", type=int, default=12_000)
    parser.add_argument("--rest", type=float, default=0.5)
    options = parser.parse_args()
    for path in options.recordings:
        recording = read_recording(path)
        for told in TOLD:
            waited, ahead = replay(recording, options.keys, options.rest, told)
            p95, p99 = np.percentile(waited, (95, 99))
            cold = sum(tokens > LEAST_KEPT for tokens in waited) / len(waited)
            print(
                f"{path.name}, told of {told}: {len(waited)} requests wait for {sum(waited):.0f} tokens, "
                f"p95 {p95:.0f}, p99 {p99:.0f}; {cold:.2%} for more than {LEAST_KEPT}; "
                f"{len(ahead)} places read ahead, {sum(ahead):.0f} tokens"
            )


if __name__ == "__main__":
    main()
