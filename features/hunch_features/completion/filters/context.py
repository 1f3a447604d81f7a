"""What a filter may look at, and how it says no."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hunch_features.completion.reasons import Reason
from hunch_features.text import Position, Snapshot


@dataclass(frozen=True, slots=True)
class Drop:
    """Not to be shown, and why; `detail` says more of it in words."""

    reason: Reason
    detail: str = ""


def no_count(_text: str) -> int:
    """No syntax tree: nothing is known of errors."""
    return 0


def nothing_unknown(_text: str) -> str:
    """No memory: nothing is known of names."""
    return ""


@dataclass(frozen=True, slots=True)
class FilterContext:
    """The place of a completion. `new_errors(text)`: syntax errors that inserting `text` would add.

    `unknown_call(text)`: in words, what `text` calls that does not exist; empty where all may exist.
    """

    snapshot: Snapshot
    position: Position
    new_errors: Callable[[str], int] = no_count
    unknown_call: Callable[[str], str] = nothing_unknown

    @property
    def before(self) -> str:
        """The cursor line up to the cursor."""
        return self.snapshot.line(self.position.line)[: self.position.column]

    @property
    def after(self) -> str:
        """The cursor line from the cursor on."""
        return self.snapshot.line(self.position.line)[self.position.column :]

    def lines_below(self, count: int) -> list[str]:
        """The next non-blank lines."""
        return self._non_blank(range(self.position.line + 1, self.snapshot.line_count), count)

    def lines_above(self, count: int) -> list[str]:
        """The previous non-blank lines, nearest first."""
        return self._non_blank(range(self.position.line - 1, -1, -1), count)

    def _non_blank(self, numbers: range, count: int) -> list[str]:
        found: list[str] = []
        for number in numbers[:200]:
            line = self.snapshot.line(number)
            if line.strip():
                found.append(line)
                if len(found) == count:
                    break
        return found
