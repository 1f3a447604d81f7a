"""Aggregates changes of one document into edit bursts, and tells typed, pasted, accepted, undone text apart.

Only what the text changes themselves show is used, so that every editor yields a useful trace. A client that knows
better gives a hint.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from hunch_features.text import Position
from hunch_features.traces.changes import Change, after
from hunch_features.traces.events import EditBurst, Origin

PAUSE_MS = 2_000
"""A pause this long ends a burst (CUPS counts pauses from about 2 s as thinking)."""
LONGEST_MS = 30_000
"""Longest burst."""
HINT_MS = 1_000
"""How long a hint from the client holds."""
MAX_COMPLETED = 40
"""Longest word taken for one chosen from the editor's list, code points."""
HISTORY = 100
CLIPBOARD = 8
MAX_TEXT = 20_000
"""Longest text kept of a burst, and of a step that undo may take back, code points."""

_PAIRS = frozenset(["()", "[]", "{}", '""', "''", "``", "<>", '"""', "'''", '""""""', "''''''", "```", "/**/", "**"])
_LINE_END = re.compile(r"\r\n|\r|\n")
_WORD = re.compile(r"[^\s]*\w[^\s]*")
_LINE_BREAK = re.compile(r"(?:\r\n|\r|\n)[ \t]*(?:(?:\r\n|\r|\n)[ \t]*)?(?:[#*]|//+)?[ \t]*")


@dataclass(slots=True)
class Burst:
    """Changes put together so far. `text` is what they have put in and left, `deleted_text` what was there before."""

    origin: Origin
    start: Position
    began: int
    ended: int
    text: str = ""
    deleted_text: str = ""
    changes: int = 0
    inserted: int = 0
    deleted: int = 0
    lines_added: int = 0
    lines_removed: int = 0

    def add(self, change: Change, at: int) -> bool:
        """Take in a change that touches this burst's text; False when it does not."""
        index = self._index(change.start)
        if index is not None:
            rest = self.text[index:]
            if rest.startswith(change.removed):
                self.text = self.text[:index] + change.inserted + rest[len(change.removed) :]
            elif change.removed.startswith(rest):
                self.deleted_text += change.removed[len(rest) :]
                self.text = self.text[:index] + change.inserted
            else:
                return False
        elif change.removed and change.removed_end == self.start:
            self.deleted_text = change.removed + self.deleted_text
            self.text = change.inserted + self.text
            self.start = change.start
        else:
            return False
        self.count(change, at)
        return True

    def count(self, change: Change, at: int) -> None:
        """Add a change to the sums."""
        self.ended = at
        self.changes += 1
        self.inserted += len(change.inserted)
        self.deleted += len(change.removed)
        self.lines_added += change.inserted.count("\n")
        self.lines_removed += change.removed.count("\n")

    def _index(self, position: Position) -> int | None:
        if position < self.start or position > after(self.start, self.text):
            return None
        if position.line == self.start.line:
            return position.column - self.start.column
        index = 0
        for _ in range(position.line - self.start.line):
            found = _LINE_END.search(self.text, index)
            if found is None:
                return None
            index = found.end()
        return index + position.column

    def event(self, document: str, language: str, workspace: str) -> EditBurst:
        """The burst as an event; `at` is the time of its first change."""
        return EditBurst(
            at=self.began,
            workspace=workspace,
            document=document,
            language=language,
            origin=self.origin,
            duration_ms=self.ended - self.began,
            line=self.start.line,
            column=self.start.column,
            changes=self.changes,
            inserted=self.inserted,
            deleted=self.deleted,
            lines_added=self.lines_added,
            lines_removed=self.lines_removed,
            mean_gap_ms=(self.ended - self.began) // (self.changes - 1) if self.changes > 1 else 0,
            inserted_text=self.text[:MAX_TEXT],
            deleted_text=self.deleted_text[:MAX_TEXT],
        )


@dataclass(frozen=True, slots=True)
class Step:
    """Something that undo can take back."""

    change: Change
    origin: Origin

    def taken_back_by(self, change: Change) -> bool:
        """Whether a change is this step's exact inverse. Single characters do not count: that is a backspace."""
        return (
            len(change.removed) + len(change.inserted) > 1
            and change.start == self.change.start
            and change.removed == self.change.inserted
            and change.inserted == self.change.removed
        )


@dataclass(slots=True)
class DocumentHistory:
    """What must be known of a document to tell the origin of its next change. Holds text, in RAM only."""

    done: deque[Step] = field(default_factory=lambda: deque(maxlen=HISTORY))
    undone: deque[Step] = field(default_factory=lambda: deque(maxlen=HISTORY))
    ghost_text: str = ""
    hint: tuple[Origin, int] | None = None


def is_typed(change: Change) -> bool:
    """Keys: one character, a line break with its indentation, a pair the editor closed, deleting, an input method."""
    text = change.inserted
    if len(text) <= 1 or text in _PAIRS or _LINE_BREAK.fullmatch(text):
        return True
    if text.isspace() and "\n" not in text:
        return True  # a tab key that writes spaces
    if len(text) == 2 and text[0] == text[1]:
        return True  # two quick keys in one message
    return len(text) <= 8 and not text.isascii() and not any(char.isspace() for char in text)


def is_accepted(change: Change, ghost_text: str) -> bool:
    """Whether the ghost text, or its next word or line, was put in; at least two code points at once."""
    text = change.inserted
    if len(text) < 2 or not ghost_text:
        return False
    if text == ghost_text or (ghost_text.startswith(text) and not is_typed(change)):
        return True
    # Editors may send only the part that differs from what is already there.
    return ghost_text.endswith(text) and len(text) * 2 >= len(ghost_text)


def origin_of(changes: Sequence[Change], known: DocumentHistory, clipboard: Sequence[str], at: int) -> Origin:
    """Where the changes of one message came from. `clipboard` holds texts copied, cut or removed lately."""
    if known.hint is not None and at - known.hint[1] <= HINT_MS:
        return known.hint[0]
    if len(changes) > 1:
        same = {change.inserted for change in changes}
        return "typed" if len(same) == 1 and all(map(is_typed, changes)) else "formatted"
    change = changes[0]
    if known.undone and _repeats(known.undone[-1].change, change):
        return "redo"
    if known.done and known.done[-1].taken_back_by(change):
        return "undo"
    if is_accepted(change, known.ghost_text):
        return "accepted"
    if is_typed(change):
        return "typed"
    if change.inserted in clipboard:
        return "pasted"
    if change.removed.strip() and change.inserted.startswith(change.removed):
        return "completed"  # a list entry or another tool's suggestion that replaces what was typed of it
    if len(change.inserted) <= MAX_COMPLETED and _WORD.fullmatch(change.inserted):
        return "completed"
    return "pasted"


def _repeats(one: Change, other: Change) -> bool:
    return one == other and len(one.inserted) + len(one.removed) > 1
