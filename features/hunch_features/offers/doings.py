"""What was done lately, as far as offers are made from it: files changed since the last commit, where the work was,
test runs after savings, failures that come again. In RAM only, a few hundred entries.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass

from hunch_features.offers.offer import Place
from hunch_features.text import Position
from hunch_features.traces.events import EditBurst, Event, GitOperation, Save, TaskRun, TerminalRun, ViewSwitch

HABIT_MS = 3 * 60_000
"""A test run this soon after a saving counts as following it."""
MOST_FILES = 200
MOST_FAILURES = 50
_WRONG = re.compile(r"\b(?:\w*Error|\w*Exception|error|FAILED|FAIL|panicked|fatal)\b|[\u2717\u2715]")
_SUMMARY = re.compile(r"=+ |\d+ (?:failed|errors?)\b|Tests?:\s|Found \d+|npm (?:ERR|error)|error: could not compile")
_PLACES = re.compile(r"0x[0-9a-f]+|\d+")


@dataclass(frozen=True, slots=True)
class Habit:
    """Of `saves` savings, `runs` were followed by a test run. `chance` starts low and follows what is seen."""

    saves: int
    runs: int

    @property
    def chance(self) -> float:
        """Chance that a test run follows the next saving, as if one of four savings without one had been seen."""
        return (self.runs + 1) / (self.saves + 4)


class Doings:
    """Fed with events in order of time."""

    def __init__(self) -> None:
        self.changed: OrderedDict[str, int] = OrderedDict()
        """Files edited and saved since the last commit, with the time, oldest first."""
        self.current = ""
        self.last_edit: tuple[Place, str] | None = None
        """Where the last edit was, and its symbol."""
        self._unsaved: set[str] = set()
        self._saved_at: int | None = None
        self._saves = self._runs = 0
        self._failures: OrderedDict[str, int] = OrderedDict()

    def see(self, event: Event) -> None:
        """One event."""
        match event:
            case ViewSwitch(to="editor"):
                self.current = event.document
            case EditBurst():
                self._edited(event)
            case Save():
                self._saved(event)
            case TaskRun(group="test", phase="end"):
                self._ran(event.at)
                if (event.failed or 0) > 0 or (event.exit_code or 0) != 0:
                    self.failed(event.name)
            case TerminalRun():
                if event.exit_code:
                    self.failed(last_line(event.output))
            case GitOperation(operation="commit"):
                self.changed.clear()

    def _edited(self, edit: EditBurst) -> None:
        if not edit.document:
            return
        self.current = edit.document
        self.last_edit = Place(edit.document, Position(edit.line, edit.column)), edit.symbol
        self._unsaved.add(edit.document)
        if len(self._unsaved) > MOST_FILES:
            self._unsaved.clear()

    def _saved(self, event: Save) -> None:
        if event.document not in self._unsaved:
            return
        self._unsaved.discard(event.document)
        self.changed[event.document] = event.at
        self.changed.move_to_end(event.document)
        while len(self.changed) > MOST_FILES:
            self.changed.popitem(last=False)
        self._saves += 1
        self._saved_at = event.at

    def _ran(self, at: int) -> None:
        if self._saved_at is not None and at - self._saved_at <= HABIT_MS:
            self._runs += 1
            self._saved_at = None

    def failed(self, what: str) -> int:
        """Something failed; how often it did by now. Numbers and addresses make no difference."""
        key = signature(what)
        if not key:
            return 0
        self._failures[key] = self._failures.get(key, 0) + 1
        self._failures.move_to_end(key)
        while len(self._failures) > MOST_FAILURES:
            self._failures.popitem(last=False)
        return self._failures[key]

    @property
    def last_failure(self) -> tuple[str, int]:
        """What failed last and how often; ("", 0) for nothing."""
        return next(reversed(self._failures.items())) if self._failures else ("", 0)

    @property
    def habit(self) -> Habit:
        """How often test runs follow savings."""
        return Habit(self._saves, self._runs)


def signature(what: str) -> str:
    """A failure's text without what differs from run to run."""
    return " ".join(_PLACES.sub("", what).split())[:200]


def last_line(output: str) -> str:
    """The last line that says what was wrong; failing that the last one with text. Summaries say only how many."""
    lines = [line.strip() for line in output[-4000:].splitlines() if line.strip()]
    said = (line for line in reversed(lines) if _WRONG.search(line) and not _SUMMARY.match(line))
    return next(said, lines[-1] if lines else "")
