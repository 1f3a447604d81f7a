"""What events tell that the labelled telemetry never shows: test runs, commits, reading, the same edit again.

`told` answers only where an event is as good as a statement; `guess` always answers, by the last thing that happened.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

from hunch_features.intent.taxonomy import Activity
from hunch_features.traces.events import (
    CursorMove,
    DebugOutput,
    EditBurst,
    Event,
    GitOperation,
    Search,
    Selection,
    SuggestionAccepted,
    SuggestionPartlyAccepted,
    SuggestionRejected,
    SuggestionShown,
    TaskRun,
    TerminalRun,
    UndoRedo,
    ViewSwitch,
)

LASTS_MS = 45_000
"""How long a test run or a commit says what people do, unless they type on."""
READING_MS = 30_000
READING_EVENTS = 3
REPEATS = 3
REPEATS_MS = 90_000
TYPED_ON = 60
"""Code points typed after a test run or commit: then something else is being done."""
WRITING_MS = 20_000
SHORTEST_REPEAT = 3
TEST_PROGRAMS = frozenset({"pytest", "tox", "nox", "jest", "vitest", "mocha", "ctest", "phpunit", "rspec"})


class Told(NamedTuple):
    """An activity, how sure (an estimate, 0 to 1), and why in a few words."""

    activity: Activity
    probability: float
    why: str


class Evidence:
    """Keeps the last minutes' edits and moves as plain figures."""

    def __init__(self) -> None:
        self._mark: tuple[int, Told] | None = None
        self._typed_since_mark = 0
        self._edit: EditBurst | None = None
        self._accepted: tuple[int, int, int] | None = None
        """When, the first line and the last line of what was taken."""
        self._open_suggestion: int | None = None
        self._moves: deque[int] = deque(maxlen=READING_EVENTS)
        self._edits: deque[tuple[int, str, str, int]] = deque(maxlen=8)

    def see(self, event: Event) -> None:
        """One event."""
        match event:
            case EditBurst():
                self._edited(event)
            case UndoRedo():
                self._open_suggestion = None
            case ViewSwitch() | CursorMove() | Selection() | Search():
                self._moves.append(event.at)
            case SuggestionShown():
                self._open_suggestion = event.at
            case SuggestionAccepted() | SuggestionPartlyAccepted():
                self._open_suggestion = None
                self._accepted = (event.at, event.line, event.line + event.text.count("\n"))
            case SuggestionRejected():
                self._open_suggestion = None
        mark = _mark(event)
        if mark is not None:
            self._mark, self._typed_since_mark = (event.at, mark), 0

    def _edited(self, edit: EditBurst) -> None:
        self._open_suggestion = None
        if edit.origin == "accepted":
            return
        self._edit = edit
        self._typed_since_mark += edit.inserted
        self._moves.clear()
        if edit.inserted >= SHORTEST_REPEAT and edit.inserted_text:
            self._edits.append((edit.at, edit.inserted_text.strip(), edit.document, edit.line))

    def told(self, at: int) -> Told | None:
        """What an event states; None where none does."""
        if self._mark is not None and self._typed_since_mark < TYPED_ON and 0 <= at - self._mark[0] <= LASTS_MS:
            return self._mark[1]
        edits = [edit for edit in self._edits if at - edit[0] <= REPEATS_MS]
        if edits:
            places = {(document, line) for _, text, document, line in edits if text == edits[-1][1]}
            if len(places) >= REPEATS:
                return Told(Activity.REFACTORING, 0.7, f"the same edit at {len(places)} places")
        if len(self._moves) == READING_EVENTS and at - self._moves[0] <= READING_MS and self._open_suggestion is None:
            return Told(Activity.READING, 0.7, "moving around without an edit")
        return None

    def guess(self, at: int) -> Told:
        """By the last thing that happened."""
        if self._open_suggestion is not None and at - self._open_suggestion < WRITING_MS:
            return Told(Activity.REVIEWING, 0.5, "a suggestion is open")
        edit = self._edit
        if edit is None or at - edit.at - edit.duration_ms > WRITING_MS:
            return Told(Activity.READING, 0.5, "no edit for a while")
        if edit.language in ("markdown", "restructuredtext", "plaintext"):
            return Told(Activity.DOCUMENTING, 0.8, "a text document")
        if self._accepted is not None and self._accepted[1] <= edit.line <= self._accepted[2]:
            return Told(Activity.EDITING_SUGGESTION, 0.6, "an edit in what was taken from a suggestion")
        if edit.inserted_text.lstrip().startswith(("#", "//", '"""', "/*")):
            return Told(Activity.DOCUMENTING, 0.5, "a comment")
        if edit.deleted > edit.inserted // 2:
            return Told(Activity.EDITING, 0.5, "about as much deleted as typed")
        return Told(Activity.WRITING, 0.5, "more typed than deleted")


def _mark(event: Event) -> Told | None:
    match event:
        case TaskRun(group="test", failed=int() as failed) if failed > 0:
            return Told(Activity.DEBUGGING, 0.9, "tests failed")
        case TaskRun(group="test"):
            return Told(Activity.DEBUGGING, 0.8, "tests ran")
        case DebugOutput():
            return Told(Activity.DEBUGGING, 0.9, "the debugger is at work")
        case TerminalRun(program=program) if program in TEST_PROGRAMS:
            return Told(Activity.DEBUGGING, 0.8, "tests ran in the terminal")
        case TerminalRun(exit_code=int() as code) if code != 0:
            return Told(Activity.DEBUGGING, 0.7, "a command failed")
        case GitOperation(operation="commit"):
            return Told(Activity.COMMITTING, 0.9, "a commit")
        case ViewSwitch(to="git"):
            return Told(Activity.COMMITTING, 0.7, "looking at changes")
        case ViewSwitch(to="debug"):
            return Told(Activity.DEBUGGING, 0.7, "the debug view is open")
    return None
