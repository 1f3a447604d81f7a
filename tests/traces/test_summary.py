"""The figures of the report: counted once, where they belong."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.traces import events as ev
from hunch_features.traces.labels import SESSION_GAP_MS
from hunch_features.traces.summary import count_rubrics, summarise

START = int(datetime(2026, 11, 2, 23, 50, tzinfo=UTC).timestamp() * 1000)
MINUTE = 60_000


def shown(number: int, at: int = 0, language: str = "python") -> ev.SuggestionShown:
    return ev.SuggestionShown(at=START + at, suggestion=f"s{number}", language=language, latency_ms=10, source="model")


def test_nothing_is_nothing() -> None:
    summary = summarise([])
    assert (summary.events, summary.sessions, summary.total.rate, summary.share_by_accepting) == (0, 0, 0.0, 0.0)
    assert summary.kept() == {}


def test_accepting_word_by_word_is_one_acceptance() -> None:
    summary = summarise(
        [
            shown(1),
            ev.SuggestionPartlyAccepted(at=START + 1, suggestion="s1", chars=4, of_chars=10),
            ev.SuggestionPartlyAccepted(at=START + 2, suggestion="s1", chars=7, of_chars=10),
            ev.SuggestionAccepted(at=START + 3, suggestion="s1", chars=10),
        ]
    )
    assert (summary.total.shown, summary.total.accepted, summary.total.by_accepting) == (1, 1, 10)
    assert summary.languages["python"].accepted == summary.sources["model"].accepted == 1


def test_a_suggestion_shown_again_while_typing_is_one() -> None:
    assert summarise([shown(1), shown(1, 500), shown(2, 900)]).total.shown == 2


def test_accepted_after_midnight_counts_for_the_day_it_was_shown() -> None:
    summary = summarise([shown(1), ev.SuggestionAccepted(at=START + 20 * MINUTE, suggestion="s1", chars=5)], UTC)
    assert {day: (row.shown, row.accepted) for day, row in summary.days.items()} == {
        date(2026, 11, 2): (1, 1),
        date(2026, 11, 3): (0, 0),
    }
    assert summary.hours[23].accepted == 1


def test_sessions_are_cut_at_idle_gaps() -> None:
    times = [0, MINUTE, MINUTE + SESSION_GAP_MS + 1, MINUTE + SESSION_GAP_MS + 2]
    summary = summarise([ev.Focus(at=START + at) for at in times])
    assert summary.sessions == 2
    assert summary.active_ms == MINUTE + 1


def test_persistence_is_weighted_by_length() -> None:
    checks = [(100, 1.0), (10, 0.0)]
    summary = summarise(
        [
            ev.AcceptedTextChecked(at=START, suggestion=f"s{n}", after_s=30, chars=c, kept=k)
            for n, (c, k) in enumerate(checks)
        ]
    )
    assert summary.kept() == {30: (pytest.approx(100 / 110), 2)}


def test_share_of_code_counts_what_was_typed_and_taken() -> None:
    summary = summarise(
        [
            ev.EditBurst(at=START, origin="typed", inserted=30),
            ev.EditBurst(at=START, origin="external", inserted=1000),
            shown(1),
            ev.SuggestionAccepted(at=START, suggestion="s1", chars=10),
        ]
    )
    assert summary.share_by_accepting == pytest.approx(0.25)


def test_rubrics_are_counted_over_sessions() -> None:
    rejections = [
        ev.SuggestionRejected(at=START + n * 1000, suggestion=f"s{n}", document="a.py", reason="explicit", shown_ms=900)
        for n in range(3)
    ]
    assert count_rubrics(rejections)["repeated-rejection"] == 1
    apart = [
        ev.SuggestionRejected(at=START + n * SESSION_GAP_MS * 2, suggestion=f"s{n}", document="a.py") for n in range(3)
    ]
    assert count_rubrics(apart)["repeated-rejection"] == 0


EVENT = st.one_of(
    st.builds(shown, st.integers(0, 5), st.integers(0, 10**8)),
    st.builds(
        lambda n, at, chars: ev.SuggestionAccepted(at=START + at, suggestion=f"s{n}", chars=chars),
        st.integers(0, 5),
        st.integers(0, 10**8),
        st.integers(0, 50),
    ),
    st.builds(lambda at, n: ev.EditBurst(at=START + at, inserted=n), st.integers(0, 10**8), st.integers(0, 99)),
)


@given(st.lists(EVENT, max_size=30))
def test_the_parts_add_up(found: list[ev.Event]) -> None:
    summary = summarise(sorted(found, key=lambda event: event.at), UTC)
    assert summary.events == len(found)
    assert summary.total.shown == sum(day.shown for day in summary.days.values())
    assert summary.total.accepted == sum(day.accepted for day in summary.days.values())
    assert summary.total.shown == sum(hour.shown for hour in summary.hours)
    assert summary.total.by_accepting == sum(day.by_accepting for day in summary.days.values())
    assert 0 <= summary.share_by_accepting <= 1
