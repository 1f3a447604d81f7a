"""What a person's events say about their work with suggestions: the figures of the report.

One pass over the events, memory in proportion to days and kinds, not to events. Times in ms, lengths in code points,
days and hours in the person's own time zone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo

from hunch_features.traces.events import (
    AcceptedTextChecked,
    EditBurst,
    Event,
    SuggestionAccepted,
    SuggestionPartlyAccepted,
    SuggestionRejected,
    SuggestionShown,
    SuggestionWithheld,
)
from hunch_features.traces.labels import SESSION_GAP_MS, sessions
from hunch_features.traces.rubrics import findings

MAX_LATENCIES = 100_000
LATENCY_BUCKETS_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


@dataclass(slots=True)
class Outcomes:
    """Suggestions shown and accepted; partly accepted ones count as accepted."""

    shown: int = 0
    accepted: int = 0

    @property
    def rate(self) -> float:
        """Accepted of shown; 0 when none was shown."""
        return self.accepted / self.shown if self.shown else 0.0


@dataclass(slots=True)
class Day(Outcomes):
    """One day. `kept`: per horizon in seconds, code points still there, code points looked at, suggestions."""

    typed: int = 0
    by_accepting: int = 0
    latencies: list[float] = field(default_factory=list)
    kept: dict[int, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0, 0.0]))


@dataclass(slots=True)
class Summary:
    """Everything that the report shows. `first` and `last` are 0 when there are no events."""

    events: int = 0
    first: int = 0
    last: int = 0
    sessions: int = 0
    active_ms: int = 0
    total: Day = field(default_factory=Day)
    rejected: int = 0
    looked_at_ms: list[float] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    sources: dict[str, Outcomes] = field(default_factory=lambda: defaultdict(Outcomes))
    languages: dict[str, Outcomes] = field(default_factory=lambda: defaultdict(Outcomes))
    hours: list[Outcomes] = field(default_factory=lambda: [Outcomes() for _ in range(24)])
    days: dict[date, Day] = field(default_factory=dict)
    rubrics: Counter[str] = field(default_factory=Counter)
    """How often each behavioural rubric applied, by its id; filled by `count_rubrics`."""

    @property
    def share_by_accepting(self) -> float:
        """Share of new characters that came from suggestions."""
        written = self.total.typed + self.total.by_accepting
        return self.total.by_accepting / written if written else 0.0

    def kept(self) -> dict[int, tuple[float, int]]:
        """Horizon in seconds → share of the accepted text that was still there, and of how many suggestions."""
        return {after: (there / chars, int(n)) for after, (there, chars, n) in sorted(self.total.kept.items()) if chars}


def summarise(events: Iterable[Event], zone: tzinfo | None = None) -> Summary:
    """Summarise events in the order of time. `zone`: the local one unless given."""
    summary = Summary()
    reader = _Reader(summary, zone)
    for event in events:
        reader.take(event)
    summary.days = dict(sorted(summary.days.items()))
    return summary


def count_rubrics(events: Iterable[Event]) -> Counter[str]:
    """How often each rubric applies in a trace (in order of time), session by session."""
    return Counter(finding.rubric for session in sessions(events) for finding in findings(session))


class _Reader:
    """Remembers which suggestions it met, for partly accepted ones come in several events."""

    def __init__(self, summary: Summary, zone: tzinfo | None) -> None:
        self._summary = summary
        self._zone = zone
        self._taken: dict[str, int] = {}
        self._about: dict[str, tuple[str, str, str, Day, int]] = {}

    def take(self, event: Event) -> None:
        summary = self._summary
        self._clock(event)
        summary.events += 1
        summary.kinds[str(event.__struct_config__.tag)] += 1
        moment = datetime.fromtimestamp(event.at / 1000, self._zone)
        day = summary.days.setdefault(moment.date(), Day())
        match event:
            case SuggestionShown():
                self._shown(event, day, moment.hour)
            case SuggestionAccepted() | SuggestionPartlyAccepted():
                self._accepted(event, day, moment.hour)
            case SuggestionRejected():
                summary.rejected += 1
                if event.shown_ms is not None and len(summary.looked_at_ms) < MAX_LATENCIES:
                    summary.looked_at_ms.append(event.shown_ms)
            case SuggestionWithheld():
                summary.withheld[event.reason or "unknown"] += 1
            case AcceptedTextChecked():
                for place in (day, summary.total):
                    sums = place.kept[event.after_s]
                    sums[0] += event.kept * event.chars
                    sums[1] += event.chars
                    sums[2] += 1
            case EditBurst() if event.origin == "typed":
                for place in (day, summary.total):
                    place.typed += event.inserted

    def _clock(self, event: Event) -> None:
        """Sessions are cut at idle gaps, whatever server wrote the events."""
        summary = self._summary
        gap = event.at - summary.last
        if not summary.events:
            summary.first = event.at
            summary.sessions = 1
        elif gap > SESSION_GAP_MS:
            summary.sessions += 1
        elif gap > 0:
            summary.active_ms += gap
        summary.last = max(summary.last, event.at)

    def _shown(self, event: SuggestionShown, day: Day, hour: int) -> None:
        summary = self._summary
        if event.suggestion in self._about:
            return
        language, source = event.language or "unknown", event.source or "unknown"
        self._about[event.suggestion] = (event.session, language, source, day, hour)
        for place in (summary.total, day, summary.languages[language], summary.sources[source], summary.hours[hour]):
            place.shown += 1
        for lot in (summary.total, day):
            if event.latency_ms > 0 and len(lot.latencies) < MAX_LATENCIES:
                lot.latencies.append(event.latency_ms)

    def _accepted(self, event: SuggestionAccepted | SuggestionPartlyAccepted, day: Day, hour: int) -> None:
        summary = self._summary
        before = self._taken.get(event.suggestion, 0)
        new = max(0, event.chars - before)
        for lot in (summary.total, day):
            lot.by_accepting += new
        if event.suggestion not in self._taken:
            # Counted where it was shown, so that no day or hour has more accepted than shown.
            _, language, source, day, hour = self._about.get(
                event.suggestion, ("", event.language or "unknown", "unknown", day, hour)
            )
            counted: tuple[Outcomes, ...] = (summary.total, day, summary.languages[language], summary.hours[hour])
            for place in (*counted, summary.sources[source]):
                place.accepted += 1
        self._taken[event.suggestion] = max(before, event.chars)
