"""The labels are well formed, and what was once judged stays right: a wrong rule does more harm than a missing one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.constraints.quality.__main__ import figures, judge, of_half, wilson
from tests.constraints.quality.labels import CHECKABLE, labels, untagged, verdicts

TABLES = ("labels", "fresh")


@pytest.mark.parametrize("table", TABLES)
def test_labels_are_well_formed(table: str) -> None:
    found = labels(table)
    assert len(found) > 300
    for key, label in found.items():
        assert len(key) == 16
        assert int(key, 16) >= 0
        assert label.kind in ("source", "architecture", "process", "semantic", "none", "same", "other")
        # What is mechanically checkable says what exactly it demands; nothing else does.
        assert bool(label.demands) == (label.reach in CHECKABLE), key


def test_verdicts_are_well_formed() -> None:
    assert all(verdict.split()[0] in ("right", "wrong") for verdict in verdicts().values())


def test_tags_are_no_part_of_a_demand() -> None:
    assert untagged("reference a.b @soft @in src/") == "reference a.b @in src/"


def test_wilson_is_within_bounds_and_narrows() -> None:
    # Values of Newcombe (1998), table I: 81 of 263 and 15 of 148.
    assert wilson(81, 263) == (0.2553, 0.3662)
    assert wilson(15, 148) == (0.0624, 0.1605)


@pytest.mark.parametrize(("half", "most_missed"), [("dev", 0.4), ("test", 0.71)])
def test_what_was_judged_stays_right(half: str, most_missed: float) -> None:
    data = os.environ.get("HUNCH_DATA")
    if not data or not (Path(data) / "agent_instructions").is_dir():
        pytest.skip("HUNCH_DATA does not name a folder with agent_instructions")
    result = judge(*of_half(Path(data), half))
    assert [check.form for check in result.checks if check.verdict == "wrong"] == []
    compiled = figures(result)["statements_compiled_pattern"]
    assert isinstance(compiled, dict)
    assert compiled["share"] >= 1 - most_missed
