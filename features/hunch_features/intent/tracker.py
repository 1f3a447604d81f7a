"""What the developer is doing now, live: keeps the newest rows and what other events tell. Nothing is stored.

The model was fitted to telemetry of people who saw suggestions. Where none was shown lately, or the model is damaged,
plain rules answer; what only events can tell (a test run, a commit, reading) goes before both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from hunch_features.intent.encoding import WINDOW, Encoder, Row
from hunch_features.intent.evidence import Evidence
from hunch_features.intent.samples import window
from hunch_features.intent.taxonomy import ACTIVITY_OF, STATES, Activity, State
from hunch_features.traces.bursts import PAUSE_MS
from hunch_features.traces.events import EditBurst, Event, SuggestionShown
from hunch_models.errors import HunchError

SUGGESTION_FRESH_MS = 10 * 60_000
"""The model is asked only this long after a suggestion was shown: without any it is outside of what it learnt from."""

Source = Literal["model", "events", "rules"]


class Model(Protocol):
    """Probabilities of the 12 states (n, 12) for windows (n, WINDOW, WIDTH)."""

    def probabilities(self, windows: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Probabilities, one row per window."""
        ...

    def said(self, probabilities: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
        """The state to say for each row."""
        ...


@dataclass(frozen=True, slots=True)
class Intent:
    """What the developer seems to do. `state` and `distribution` are the model's, where it was asked.

    `probability` is the activity's, 0 to 1; from rules and events it is a plain estimate, not calibrated.
    """

    activity: Activity
    probability: float
    source: Source
    why: str
    state: State | None = None
    distribution: dict[Activity, float] = field(default_factory=dict)


class IntentTracker:
    """Fed with every interaction event in order of time; asked at any moment. Times are ms since 1970.

    `load` gives the model when a state is first asked for; where it raises HunchError the rules take over, and
    `degraded` says why.
    """

    def __init__(self, load: Callable[[], Model]) -> None:
        self._load: Callable[[], Model] | None = load
        self._model: Model | None = None
        self._encoder = Encoder()
        self._rows: deque[Row] = deque(maxlen=WINDOW - 1)
        self._evidence = Evidence()
        self._shown_at: int | None = None
        self._typing: EditBurst | None = None
        self._typed_at = 0
        self._told_keys = False
        self.degraded = ""

    def key(self, at: int, line: int, inserted: str, removed: str) -> None:
        """A change that was typed, at once. Bursts come after a pause only, too late for what happens in between."""
        self._told_keys = True
        burst = self._typing
        if burst is not None and at - self._typed_at > PAUSE_MS:
            self._end_typing()
            burst = None
        if burst is None:
            burst = self._typing = EditBurst(at=at, line=line)
        self._typed_at = at
        burst.duration_ms = max(0, at - burst.at)
        if removed and burst.inserted_text.endswith(removed):
            burst.inserted_text = burst.inserted_text[: -len(removed)]
            burst.inserted -= len(removed)
        else:
            burst.deleted += len(removed)
            burst.lines_removed += removed.count("\n")
        burst.inserted_text += inserted
        burst.inserted += len(inserted)
        burst.lines_added += inserted.count("\n")

    def see(self, event: Event) -> None:
        """One event."""
        self._evidence.see(event)
        if self._told_keys and isinstance(event, EditBurst) and event.origin == "typed":
            return  # its keys were told one by one
        if isinstance(event, SuggestionShown):
            self._shown_at = event.at
        self._end_typing()
        self._encode(event)

    def _end_typing(self) -> None:
        burst, self._typing = self._typing, None
        if burst is not None:
            self._encode(burst)

    def _encode(self, event: Event) -> None:
        row = self._encoder.encode(event)
        if row is not None:
            self._rows.append(row)

    def intent(self, at: int) -> Intent:
        """What the developer does at a moment. A millisecond or two; the first call loads the model."""
        told = self._evidence.told(at)
        if told is not None:
            return Intent(told.activity, told.probability, "events", told.why)
        if self._shown_at is not None and 0 <= at - self._shown_at <= SUGGESTION_FRESH_MS:
            found = self._modelled(at)
            if found is not None:
                return found
        guess = self._evidence.guess(at)
        return Intent(guess.activity, guess.probability, "rules", guess.why)

    def _modelled(self, at: int) -> Intent | None:
        self._end_typing()
        if self._load is not None:
            load, self._load = self._load, None
            try:
                self._model = load()
            except HunchError as error:
                self.degraded = f"what you do is guessed by rules: {error.one_line()}"
        if self._model is None:
            return None
        try:
            rows = self._model.probabilities(window(list(self._rows), self._encoder.now(at))[None])
            chances, said = rows[0], int(self._model.said(rows)[0])
        except Exception as error:  # a runtime's errors have no common class
            self._model = None
            self.degraded = f"what you do is guessed by rules: the state model failed ({error})"
            return None
        summed: dict[Activity, float] = {}
        for state, chance in zip(STATES, chances.tolist(), strict=True):
            summed[ACTIVITY_OF[state]] = summed.get(ACTIVITY_OF[state], 0.0) + chance
        state = STATES[said]
        activity = ACTIVITY_OF[state]
        return Intent(activity, summed[activity], "model", "how you typed and took suggestions", state, summed)
