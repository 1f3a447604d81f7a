"""The labelled telemetry as moments and windows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hunch_features.intent.encoding import COLUMNS
from hunch_features.intent.samples import fingerprint, samples
from hunch_features.intent.taxonomy import ACTIVITY_OF, STATES, State, state_of_label
from hunch_features.intent.telemetry import read_labelled
from hunch_features.traces.events import EditBurst
from hunch_features.traces.importers.files import ImportFileError


@pytest.mark.parametrize(
    ("label", "state"),
    [
        ("Prompt Crafting (V)", State.PROMPT_CRAFTING),
        ("Debugging/Testing Code (H)", State.DEBUGGING),
        ("IDK (I)", None),
        ("nonsense", None),
        ("", None),
        (None, None),
    ],
)
def test_labels(label: str | None, state: State | None) -> None:
    assert state_of_label(label) is state


def test_every_state_has_an_activity() -> None:
    assert set(ACTIVITY_OF) == set(STATES)
    assert len(STATES) == 12


def test_what_was_typed_is_known_at_the_end_of_an_interval_only(record: Path) -> None:
    sessions = read_labelled(record)
    starts, ends = samples(sessions, ("start",)), samples(sessions, ("end",))
    assert len(starts.labels) == len(ends.labels) == 8 * 18
    typed = COLUMNS.index("kind_typed")
    third = 2  # the interval before the second suggestion, in which a line was typed
    assert starts.windows[third, -2, typed] == 0
    assert ends.windows[third, -2, typed] == 1
    assert any(isinstance(event, EditBurst) for event in sessions[0].events)


def test_the_event_that_ends_an_interval_is_never_seen(record: Path) -> None:
    sessions = read_labelled(record)
    ends = samples(sessions, ("end",))
    accepted = COLUMNS.index("kind_accepted")
    # Row 1 of each session is an acceptance; its own interval must not know of it.
    assert ends.windows[1, -2, accepted] == 0
    assert ends.windows[2, -3, accepted] + ends.windows[2, -2, accepted] == 1


def test_people_stay_apart_and_sessions_are_known_again(record: Path) -> None:
    one, other = read_labelled(record), read_labelled(record)
    assert [fingerprint(session) for session in one] == [fingerprint(session) for session in other]
    assert len(set(samples(one, ("end",)).people)) == 8
    first = samples(one, ("end",)).windows
    assert np.array_equal(first, samples(other, ("end",)).windows)


def test_a_wrong_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"session": "no"}\n')
    with pytest.raises(ImportFileError, match=r"x\.jsonl:1"):
        read_labelled(path)
