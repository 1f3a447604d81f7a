"""People who type real code again and again: recordings made from the standard library's own source."""

from __future__ import annotations

import random
import textwrap
from pathlib import Path

from hunch_features.evaluation.typing import Step, TypingRecording
from hunch_server.benchmarks.typing import BenchOptions

SOURCE = Path(textwrap.__file__).read_text(encoding="utf-8")
NAME = "wrapping.py"
CLOSED_LOOP = BenchOptions(limit=0, gap_ms=2_000, time_cancels=False)


def retyping(seed: int, keystrokes: int, text: str = SOURCE, name: str = NAME) -> TypingRecording:
    """Somebody who deletes pieces of `text` and types them again, with a slip and a backspace now and then.

    The text is the same in the end, so that one recording can follow another.
    """
    dice = random.Random(seed)
    steps: list[Step] = []
    lines = text.splitlines(keepends=True)
    typed = 0
    while typed < keystrokes:
        first = dice.randrange(len(lines) - 3)
        start = sum(map(len, lines[:first])) + len(lines[first]) - len(lines[first].lstrip(" "))
        piece = "".join(lines[first : first + dice.randint(1, 3)]).strip()
        if not piece or not text.startswith(piece, start):
            continue
        steps.append(Step(float(len(steps)), name, start, len(piece), ""))
        for index, char in enumerate(piece):
            if dice.random() < 0.03:
                steps.append(Step(float(len(steps)), name, start + index, 0, "q"))
                steps.append(Step(float(len(steps)), name, start + index, 1, ""))
            steps.append(Step(float(len(steps)), name, start + index, 0, char))
            typed += 1
    return TypingRecording({name: text}, steps)
