"""Which properties of suggestions a person rewards or punishes: rates with and without each, with intervals.

The idea is that of rubrics drawn from preferences (TRACE, arXiv 2603.24586): named, checkable properties
instead of one score. A property is listed only where the interval of the difference leaves zero out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from hunch_features.gating.styles import Conduct
from hunch_features.traces.events import (
    AcceptedTextChecked,
    Event,
    SuggestionAccepted,
    SuggestionPartlyAccepted,
    SuggestionRejected,
    SuggestionShown,
)
from hunch_models.intervals import wilson

LEAST = 8
"""Suggestions with and without a property that are needed to speak of it."""
KEPT_AFTER_S = 120


@dataclass(frozen=True, slots=True)
class Property:
    """A yes-or-no question about a suggestion; `holds` answers None where it is not known."""

    id: str
    words: str
    holds: Callable[[SuggestionShown, bool | None], bool | None]


def _logprob(limit: float, above: bool) -> Callable[[SuggestionShown, bool | None], bool | None]:
    def holds(shown: SuggestionShown, _last: bool | None) -> bool | None:
        return None if shown.mean_logprob is None else (shown.mean_logprob > limit) is above

    return holds


PROPERTIES: tuple[Property, ...] = (
    Property("short", "short (under 10 characters)", lambda shown, _: shown.chars < 10),
    Property("long", "long (over 60 characters)", lambda shown, _: shown.chars > 60),
    Property("several_lines", "of several lines", lambda shown, _: shown.lines > 1),
    Property("sure", "of which the model was sure (over 80 % per token)", _logprob(math.log(0.8), True)),
    Property("unsure", "of which the model was unsure (under 50 % per token)", _logprob(math.log(0.5), False)),
    Property("memory", "copied from this repository", lambda shown, _: shown.source == "memory"),
    Property("asked", "asked for by a key", lambda shown, _: shown.trigger == "explicit"),
    Property("slow", "that took over 300 ms", lambda shown, _: shown.latency_ms > 300),
    Property("line_start", "at the start of a line", lambda shown, _: shown.column == 0),
    Property("comment", "inside a comment", lambda shown, _: shown.node == "comment" if shown.node else None),
    Property("string", "inside a string", lambda shown, _: "string" in shown.node if shown.node else None),
    Property("after_no", "right after one that you turned down", lambda _, last: None if last is None else not last),
)


@dataclass(frozen=True, slots=True)
class Reward:
    """A property's effect: (taken, shown) with and without it, and the difference's 95 % interval (Newcombe's)."""

    of: Property
    with_it: tuple[int, int]
    without: tuple[int, int]
    low: float
    high: float

    @property
    def difference(self) -> float:
        """Rate with the property minus rate without, -1 to 1."""
        return self.with_it[0] / self.with_it[1] - self.without[0] / self.without[1]

    @property
    def clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(slots=True)
class Judged:
    """What a record tells of a person's judgement. `calibration`: (probability said, taken) of every decision."""

    rewards: list[Reward] = field(default_factory=list)
    calibration: list[tuple[float, bool]] = field(default_factory=list)
    conduct: Conduct = field(default_factory=lambda: Conduct(0, 0))


def judged(events: Iterable[Event]) -> Judged:
    """Goes through a record once, in order of time."""
    counts = {one.id: [[0, 0], [0, 0]] for one in PROPERTIES}
    shown: dict[str, tuple[SuggestionShown, bool | None]] = {}
    result = Judged()
    last: bool | None = None
    decided = taken_count = 0
    kept: list[float] = []
    for event in events:
        match event:
            case SuggestionShown():
                shown.setdefault(event.suggestion, (event, last))
            case SuggestionAccepted() | SuggestionPartlyAccepted() | SuggestionRejected():
                found = shown.pop(event.suggestion, None)
                if found is None:
                    continue
                taken = not isinstance(event, SuggestionRejected)
                decided, taken_count, last = decided + 1, taken_count + taken, taken
                for one in PROPERTIES:
                    holds = one.holds(*found)
                    if holds is not None:
                        cell = counts[one.id][0 if holds else 1]
                        cell[0] += taken
                        cell[1] += 1
                if found[0].p_accept is not None:
                    result.calibration.append((found[0].p_accept, taken))
            case AcceptedTextChecked(after_s=after) if after == KEPT_AFTER_S:
                kept.append(event.kept)
    result.conduct = Conduct(decided, taken_count, sum(kept) / len(kept) if kept else None)
    result.rewards = [
        _reward(one, counts[one.id]) for one in PROPERTIES if min(counts[one.id][0][1], counts[one.id][1][1]) >= LEAST
    ]
    return result


def _reward(one: Property, cells: Sequence[Sequence[int]]) -> Reward:
    (yes, with_it), (other, without) = cells
    low_with, high_with = wilson(yes, with_it)
    low_without, high_without = wilson(other, without)
    rate, base = yes / with_it, other / without
    difference = rate - base
    return Reward(
        one,
        (yes, with_it),
        (other, without),
        difference - math.hypot(rate - low_with, high_without - base),
        difference + math.hypot(high_with - rate, base - low_without),
    )
