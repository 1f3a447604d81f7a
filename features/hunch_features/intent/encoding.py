"""Turns interaction events into the model's input: one row of numbers per event, from that event and earlier ones only.

The same code encodes the labelled telemetry, recorded traces and live events. Kinds of events that the labelled data
cannot show (views, test runs, commits, …) make no row; `evidence` looks at those.
"""

from __future__ import annotations

import math
import re
from collections import deque

import numpy as np
import numpy.typing as npt

from hunch_features.traces.events import (
    EditBurst,
    Event,
    SuggestionAccepted,
    SuggestionPartlyAccepted,
    SuggestionRejected,
    SuggestionShown,
    UndoRedo,
)

WINDOW = 50
"""Rows that the model sees: the window of ProCodeBench (arXiv 2605.05700)."""
ENCODING_VERSION = 1
"""Counted up when a column changes its meaning: weights name the version that they were fitted to."""

RECENT_DECISIONS = 5
RECENT_S = 60.0
LONGEST_GAP_S = 600.0
"""Longer pauses look the same."""

KINDS = ("typed", "pasted", "changed", "undone", "shown", "shown_again", "accepted", "rejected", "now")
"""`now` is no event: it is the row of the moment that is asked about, the last row of every window."""
_LINE_MARKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("comment", re.compile(r"\s*(?:#|//|/\*|\*|--|\"\"\"|''')")),
    ("blank", re.compile(r"\s*$")),
    ("definition", re.compile(r"\s*(?:async |export |public |private |static |pub )*(?:def|class|fn|func|function)\b")),
    ("import", re.compile(r"\s*(?:import|from|use|using|#include|require)\b")),
    ("branch", re.compile(r"\s*(?:if|elif|else|for|while|try|except|with|switch|match|case|return)\b")),
    ("check", re.compile(r"\s*(?:print|assert|console\.|expect|log|fmt\.Print|println!|self\.assert)")),
    ("opened", re.compile(r".*[=(\[{,:]\s*$")),
    ("mid_word", re.compile(r".*\w$")),
)
COLUMNS: tuple[str, ...] = (
    *(f"kind_{name}" for name in KINDS),
    "gap",
    "gap_short",
    "gap_2s",
    "gap_10s",
    "gap_60s",
    "inserted",
    "deleted",
    "only_deleted",
    "lines_added",
    "shown_ms",
    "suggestion_chars",
    "suggestion_lines",
    "suggestion_is_comment",
    "jump_back",
    "jump_ahead",
    "since_accept",
    "typed_since_accept",
    "near_accepted",
    "accept_rate",
    "decisions",
    "again_count",
    "typed_lately",
    "shown_lately",
    "since_typed",
    "line_known",
    "line_length",
    *(f"line_{name}" for name, _ in _LINE_MARKS),
)
WIDTH = len(COLUMNS)
_INDEX = {name: index for index, name in enumerate(COLUMNS)}

Row = npt.NDArray[np.float32]


def seconds_scaled(seconds: float) -> float:
    """A duration as the model sees it: log(1 + s), 0 to about 1."""
    return math.log1p(min(max(0.0, seconds), LONGEST_GAP_S)) / math.log1p(LONGEST_GAP_S)


def _size(count: float) -> float:
    return math.log1p(max(0.0, count)) / 5.0


class Encoder:
    """Encodes one session's events in their order. Holds counters and the last line before the caret, no more."""

    def __init__(self) -> None:
        self._last_s: float | None = None
        self._line = -1
        self._accepted_s: float | None = None
        self._accepted_line = -1
        self._accepted_lines = 0
        self._typed_since_accept = 0
        self._typed_s: float | None = None
        self._decisions: deque[float] = deque(maxlen=RECENT_DECISIONS)
        self._typed: deque[tuple[float, int]] = deque(maxlen=WINDOW)
        self._shown: deque[float] = deque(maxlen=WINDOW)
        self._again = 0
        self._shown_text = ""
        self._shown_name = ""
        self._line_text: str | None = None

    @property
    def last_s(self) -> float | None:
        """When the last encoded event happened, seconds; None before the first."""
        return self._last_s

    def encode(self, event: Event) -> Row | None:
        """The event's row (`WIDTH` numbers); None for a kind of event that makes none."""
        kind = self._kind(event)
        if kind is None:
            return None
        row = np.zeros(WIDTH, np.float32)
        put = _Writer(row)
        at = event.at / 1000
        if isinstance(event, EditBurst):
            at += event.duration_ms / 1000  # a burst is known once it is over
        gap = max(0.0, at - self._last_s) if self._last_s is not None else LONGEST_GAP_S
        self._last_s = max(at, self._last_s or at)
        put[f"kind_{kind}"] = 1.0
        self._gap(gap, put)
        self._place(event, put)
        match event:
            case EditBurst():
                self._edit(event, kind, at, put)
            case UndoRedo():
                put["inserted"], put["deleted"] = _size(event.inserted), _size(event.deleted)
            case SuggestionShown():
                self._show(event, at, put)
            case SuggestionAccepted() | SuggestionPartlyAccepted() | SuggestionRejected():
                self._decide(event, at, put)
        self._history(at, put)
        self._text(put)
        return row

    def now(self, at: int) -> Row:
        """The row that ends a window: how things stand at `at` (ms since 1970), with the pause since the last event.

        Asking changes nothing.
        """
        row = np.zeros(WIDTH, np.float32)
        put = _Writer(row)
        seconds = max(at / 1000, self._last_s or 0.0)
        put["kind_now"] = 1.0
        self._gap(seconds - self._last_s if self._last_s is not None else LONGEST_GAP_S, put)
        self._history(seconds, put)
        self._text(put)
        return row

    @staticmethod
    def _gap(gap: float, put: _Writer) -> None:
        put["gap"] = seconds_scaled(gap)
        put["gap_short"] = gap < 0.3
        put["gap_2s"] = gap > 2
        put["gap_10s"] = gap > 10
        put["gap_60s"] = gap > 60

    def _kind(self, event: Event) -> str | None:
        match event:
            case EditBurst(origin="typed" | "completed"):
                return "typed"
            case EditBurst(origin="accepted"):
                return None  # the acceptance itself is the event
            case EditBurst(origin="pasted"):
                return "pasted"
            case EditBurst(origin="undo" | "redo") | UndoRedo():
                return "undone"
            case EditBurst():
                return "changed"
            case SuggestionShown():
                return "shown_again" if self._is_same(event) else "shown"
            case SuggestionAccepted() | SuggestionPartlyAccepted():
                return "accepted"
            case SuggestionRejected():
                return "rejected"
        return None

    def _is_same(self, event: SuggestionShown) -> bool:
        """The same ghost text, drawn again: by its name, or what is left of it after typing a part."""
        if event.suggestion and event.suggestion == self._shown_name:
            return True
        return bool(event.text) and self._shown_text.endswith(event.text)

    def _place(self, event: Event, put: _Writer) -> None:
        line = getattr(event, "line", -1)
        if line < 0 or isinstance(event, SuggestionRejected):
            return
        if self._line >= 0:
            put["jump_back"] = _size(self._line - line)
            put["jump_ahead"] = _size(line - self._line)
        self._line = line
        if self._accepted_line >= 0:
            put["near_accepted"] = self._accepted_line <= line <= self._accepted_line + self._accepted_lines

    def _edit(self, event: EditBurst, kind: str, at: float, put: _Writer) -> None:
        put["inserted"], put["deleted"] = _size(event.inserted), _size(event.deleted)
        put["only_deleted"] = event.deleted > 0 and event.inserted == 0
        put["lines_added"] = _size(event.lines_added)
        self._shown_text = self._shown_name = ""
        self._again = 0
        if event.inserted_text:
            head, _, tail = event.inserted_text.rpartition("\n")
            if head or event.inserted_text.startswith("\n"):
                self._line_text = tail
            elif self._line_text is not None:
                self._line_text += tail
        elif event.inserted:
            self._line_text = None
        if kind == "typed":
            self._typed_s = at
            self._typed.append((at, event.inserted))
            self._typed_since_accept += event.inserted + event.deleted

    def _show(self, event: SuggestionShown, at: float, put: _Writer) -> None:
        if self._is_same(event):
            self._again += 1
        else:
            self._again = 0
            self._shown.append(at)
        self._shown_name, self._shown_text = event.suggestion, event.text
        put["suggestion_chars"] = _size(event.chars)
        put["suggestion_lines"] = _size(event.lines)
        put["suggestion_is_comment"] = event.text.lstrip().startswith(("#", "//", '"""'))
        self._line_text = event.before.rpartition("\n")[2] if event.before else None

    def _decide(
        self, event: SuggestionAccepted | SuggestionPartlyAccepted | SuggestionRejected, at: float, put: _Writer
    ) -> None:
        put["shown_ms"] = seconds_scaled(event.shown_ms / 1000)
        put["suggestion_chars"] = _size(event.chars)
        self._shown_text = self._shown_name = ""
        self._again = 0
        taken = not isinstance(event, SuggestionRejected)
        self._decisions.append(1.0 if taken else 0.0)
        if not taken:
            return
        self._accepted_s, self._typed_since_accept = at, 0
        self._accepted_line = event.line
        text = event.text if isinstance(event, SuggestionAccepted | SuggestionPartlyAccepted) else ""
        self._accepted_lines = event.lines - 1 if isinstance(event, SuggestionAccepted) else 0
        put["suggestion_lines"] = _size(self._accepted_lines + 1)
        if text:
            head, _, tail = text.rpartition("\n")
            self._line_text = tail if head else (self._line_text or "") + tail

    def _history(self, at: float, put: _Writer) -> None:
        put["since_accept"] = seconds_scaled(at - self._accepted_s) if self._accepted_s is not None else 1.0
        put["typed_since_accept"] = _size(self._typed_since_accept)
        put["accept_rate"] = sum(self._decisions) / len(self._decisions) if self._decisions else 0.3
        put["decisions"] = len(self._decisions) / RECENT_DECISIONS
        put["again_count"] = _size(self._again)
        put["typed_lately"] = _size(sum(chars for then, chars in self._typed if at - then <= RECENT_S))
        put["shown_lately"] = _size(sum(at - then <= RECENT_S for then in self._shown))
        put["since_typed"] = seconds_scaled(at - self._typed_s) if self._typed_s is not None else 1.0

    def _text(self, put: _Writer) -> None:
        line = self._line_text
        if line is None:
            return
        put["line_known"] = 1.0
        put["line_length"] = _size(len(line))
        for name, pattern in _LINE_MARKS:
            put[f"line_{name}"] = (
                pattern.match(line[-200:] if name in ("opened", "mid_word") else line[:200]) is not None
            )


class _Writer:
    """Writes a row by the columns' names."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def __setitem__(self, name: str, value: float) -> None:
        self._row[_INDEX[name]] = value
