"""Fidelity: the figures by which ProCodeBench (arXiv 2605.05700) tells simulated traces from real ones.

It compares operation types, times between events, transitions and exploration; its formulas were not published, so
each figure here says its own.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from statistics import fmean, median, pstdev

from hunch_features.traces.events import KIND_OF, Event, operation_of
from hunch_features.traces.labels import SESSION_GAP_MS, sessions

EXPLORATION_MS = 10_000
"""Looking around counts as exploration unless an edit in the same document follows within this time."""
_LOOKING = frozenset(["view", "cursor", "selection", "search"])


@dataclass(frozen=True, slots=True)
class Figures:
    """One trace. Shares are 0 to 1; None where the trace is too short for a figure.

    `entropy_bits`: Shannon entropy of the operation types (eight types: at most 3 bits). `burstiness`: Goh and
    Barabási's (σ − μ)/(σ + μ) of the gaps between operations within sessions: 1 very bursty, 0 like chance, −1 like
    clockwork. `exploration_share`: operations that are views, caret moves, selections or searches with no edit of that
    document within 10 s, or undo and redo, / all operations and searches. `revisit_share`: views that go back to one of
    the five documents before / all views.
    """

    events: int
    operations: int
    sessions: int
    entropy_bits: float | None
    burstiness: float | None
    median_gap_ms: float | None
    exploration_share: float | None
    revisit_share: float | None
    operation_shares: dict[str, float]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two traces side by side. Divergences are Jensen-Shannon, in bits: 0 for equal, 1 for nothing in common.

    `operations`: of the operation types. `transitions`: of the pairs of successive operations within sessions.
    `gaps`: of the times between operations, in classes that double.
    """

    a: Figures
    b: Figures
    operations: float | None
    transitions: float | None
    gaps: float | None

    def summary(self) -> dict[str, object]:
        """Everything as plain values for JSON."""
        return asdict(self)


def entropy_bits(counts: Mapping[Hashable, int]) -> float | None:
    """Shannon entropy of a distribution given by counts; None when it is empty."""
    total = sum(counts.values())
    if not total:
        return None
    return -sum(count / total * math.log2(count / total) for count in counts.values() if count) + 0.0


def burstiness(gaps: Sequence[float]) -> float | None:
    """(σ − μ)/(σ + μ) of the gaps; None for fewer than two or when all are 0."""
    if len(gaps) < 2:
        return None
    mean, deviation = fmean(gaps), pstdev(gaps)
    return (deviation - mean) / (deviation + mean) if deviation + mean else None


def jensen_shannon(a: Mapping[Hashable, int], b: Mapping[Hashable, int]) -> float | None:
    """Jensen-Shannon divergence of two distributions given by counts, in bits (0 to 1); None when one is empty."""
    total_a, total_b = sum(a.values()), sum(b.values())
    if not total_a or not total_b:
        return None
    result = 0.0
    for key in {*a, *b}:
        p, q = a.get(key, 0) / total_a, b.get(key, 0) / total_b
        middle = (p + q) / 2
        for share in (p, q):
            if share:
                result += share * math.log2(share / middle) / 2
    return min(1.0, max(0.0, result))


@dataclass(slots=True)
class _Counts:
    events: int
    sessions: int
    operations: Counter[Hashable]
    transitions: Counter[Hashable]
    gaps: list[float]
    explorations: int
    looked: int
    revisits: int
    views: int


def _count(trace: Iterable[Event], gap_ms: int) -> _Counts:
    counts = _Counts(0, 0, Counter(), Counter(), [], 0, 0, 0, 0)
    for session in sessions(trace, gap_ms):
        counts.events += len(session)
        counts.sessions += 1
        kinds = [KIND_OF[type(event)] for event in session]
        operations = [(name, event.at) for event in session if (name := operation_of(event)) is not None]
        counts.operations.update(name for name, _ in operations)
        for (before, at), (name, later) in pairwise(operations):
            counts.transitions[before, name] += 1
            counts.gaps.append(max(0.0, float(later - at)))
        _count_exploration(session, kinds, counts)
    return counts


def _count_exploration(session: Sequence[Event], kinds: Sequence[str], counts: _Counts) -> None:
    next_edit: dict[str, int] = {}
    for event, kind in zip(reversed(session), reversed(kinds), strict=True):
        if kind == "edit":
            next_edit[event.document] = event.at
        counts.looked += kind == "search" or operation_of(event) is not None
        if kind == "undo":
            counts.explorations += 1
        elif kind in _LOOKING:
            edited = next_edit.get(event.document)
            counts.explorations += edited is None or edited - event.at > EXPLORATION_MS
    recent: list[str] = []
    for event, kind in zip(session, kinds, strict=True):
        if kind == "view":
            counts.views += 1
            counts.revisits += event.document in recent
            recent = [*[document for document in recent if document != event.document][-4:], event.document]


def _figures(counts: _Counts) -> Figures:
    total = counts.operations.total()
    return Figures(
        events=counts.events,
        operations=total,
        sessions=counts.sessions,
        entropy_bits=entropy_bits(counts.operations),
        burstiness=burstiness(counts.gaps),
        median_gap_ms=median(counts.gaps) if counts.gaps else None,
        exploration_share=counts.explorations / counts.looked if counts.looked else None,
        revisit_share=counts.revisits / counts.views if counts.views else None,
        operation_shares={str(name): count / total for name, count in counts.operations.most_common()},
    )


def figures(trace: Iterable[Event], gap_ms: int = SESSION_GAP_MS) -> Figures:
    """The figures of one trace (events in order of time)."""
    return _figures(_count(trace, gap_ms))


def compare(a: Iterable[Event], b: Iterable[Event], gap_ms: int = SESSION_GAP_MS) -> Comparison:
    """Two traces side by side, with the divergences between them."""
    first, second = _count(a, gap_ms), _count(b, gap_ms)
    return Comparison(
        _figures(first),
        _figures(second),
        jensen_shannon(first.operations, second.operations),
        jensen_shannon(first.transitions, second.transitions),
        jensen_shannon(*(Counter[Hashable](int(math.log2(gap + 1)) for gap in one.gaps) for one in (first, second))),
    )
