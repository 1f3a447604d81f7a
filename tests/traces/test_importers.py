"""Importers: small files in each format by hand, and the whole public sets where HUNCH_DATA names them."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.traces.compare import compare, figures
from hunch_features.traces.events import (
    AcceptedTextChecked,
    EditBurst,
    Event,
    Idle,
    Selection,
    SuggestionAccepted,
    SuggestionRejected,
    SuggestionShown,
    encode,
)
from hunch_features.traces.importers import (
    IMPORTERS,
    ImportFileError,
    read_copilot_telemetry,
    read_editing_trace,
    read_jsonl,
    read_next_edit_recordings,
    read_rated_edits,
    read_realhumaneval,
)
from hunch_features.traces.importers.next_edit import code_points
from hunch_features.traces.labels import outcomes


def write(path: Path, *rows: object) -> Path:
    with gzip.open(path, "wt", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row) + "\n")
    return path


def copilot_row(i: int, second: int, state: str, **more: object) -> dict[str, object]:
    return {
        "session": 3,
        "user": 8,
        "i": i,
        "time": f"2024-05-01T10:00:{second:02}.500Z",
        "state": state,
        "suggestion": '"return \\"x\\"\\n"',
        "prompt": '"def f():\\n    "',
        "meas": {"timeSinceIssuedMs": 120.0, "meanLogProb": -0.5, "confidence": None},
        "edit_pct": [0.0, 0.25, 0.5, 1.5, 1.0],
        **more,
    }


def test_copilot_telemetry(tmp_path: Path) -> None:
    path = write(
        tmp_path / "events.jsonl.gz",
        copilot_row(0, 1, "Shown"),
        copilot_row(1, 2, "Replay"),
        copilot_row(2, 4, "Accepted"),
        copilot_row(3, 6, "Shown"),
        copilot_row(4, 7, "Rejected"),
        copilot_row(5, 8, "Browsing"),
    )
    events = list(read_copilot_telemetry(path))
    assert [type(event).__name__ for event in events[:5]] == [
        "SuggestionShown",
        "SuggestionAccepted",
        "EditBurst",
        "SuggestionShown",
        "SuggestionRejected",
    ]
    shown, accepted = events[0], events[1]
    assert isinstance(shown, SuggestionShown)
    assert isinstance(accepted, SuggestionAccepted)
    assert (shown.text, shown.before, shown.mean_logprob) == ('return "x"\n', "def f():\n    ", -0.5)
    assert (accepted.suggestion, accepted.shown_ms) == (shown.suggestion, 3000)
    assert (shown.workspace, shown.session, shown.at) == ("copilot_telemetry/8", "c3", 1714557601500)
    checks = [event for event in events if isinstance(event, AcceptedTextChecked)]
    assert [(check.after_s, check.kept) for check in checks] == [(15, 1), (30, 0.75), (120, 0.5), (300, 0), (600, 0)]
    assert checks[1].at == accepted.at + 30_000


def test_realhumaneval(tmp_path: Path) -> None:
    row = {
        "orig_row": 5,
        "programmer_id": 2,
        "timestamp": 1000,
        "model": "GPT 3.5!",
        "task_name": "sum",
        "requested": True,
        "accepted": 0,
        "prefix_code": "a = 1\nb",
        "suffix_code": None,
        "suggestion": " = 2",
        "logprobs": {"mean": float("nan"), "min": -3.0},
    }
    path = write(tmp_path / "s.jsonl.gz", {**row, "orig_row": 6, "timestamp": 2000, "accepted": 1}, row)
    shown, rejected, second, accepted, burst = read_realhumaneval(path)
    assert isinstance(shown, SuggestionShown)
    assert (shown.line, shown.column, shown.trigger, shown.source) == (1, 1, "explicit", "GPT_3.5_")
    assert (shown.mean_logprob, shown.features) == (None, {"min": -3.0})
    assert isinstance(rejected, SuggestionRejected)
    assert isinstance(accepted, SuggestionAccepted)
    assert isinstance(burst, EditBurst)
    assert (second.at, burst.origin) == (2000, "accepted")


def trace(*transactions: tuple[str, list[list[object]]], end: str, start: str = "") -> dict[str, object]:
    return {
        "startContent": start,
        "endContent": end,
        "txns": [{"time": time, "patches": patches} for time, patches in transactions],
    }


def test_editing_trace(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rustcode.json.gz",
        trace(
            ("1970-01-01T00:00:00.000Z", [[0, 0, "fn main\n"]]),
            ("2020-09-10T10:00:00.000Z", [[7, 0, "("]]),
            ("2020-09-10T10:00:01.000Z", [[8, 0, ")"]]),
            ("2020-09-10T10:05:00.000Z", [[0, 0, "\U0001f980"]]),
            end="\U0001f980fn main()\n",
        ),
    )
    events = list(read_editing_trace(path))
    bursts = [event for event in events if isinstance(event, EditBurst)]
    assert [(burst.inserted_text, burst.language) for burst in bursts] == [("()", "rust"), ("\U0001f980", "rust")]
    assert [event.duration_ms for event in events if isinstance(event, Idle)] == [299_000]
    assert {event.session for event in events} == {"e-rustcode"}


def test_editing_trace_that_does_not_add_up(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json.gz", trace(("2020-09-10T10:00:00.000Z", [[0, 0, "a"]]), end="b"))
    with pytest.raises(ImportFileError, match="does not end"):
        list(read_editing_trace(path))


def recording(log: list[dict[str, object]]) -> dict[str, object]:
    return {"path": "fixtures/1-point.ts/recording.w.json", "text": json.dumps({"log": log})}


def test_next_edit_recordings(tmp_path: Path) -> None:
    path = write(
        tmp_path / "r.jsonl.gz",
        recording(
            [
                {"kind": "header", "time": 99_999},
                {"kind": "documentEncountered", "id": 0, "time": 1000, "relativePath": "src/point.ts"},
                {"kind": "setContent", "id": 0, "time": 1000, "content": "\U0001f600 let x = 1;"},
                {"kind": "changed", "id": 0, "time": 1500, "edit": [[3, 6, "const"], [11, 12, "2"]]},
                {"kind": "selectionChanged", "id": 0, "time": 3000, "selection": [[3, 8]]},
                {"kind": "changed", "id": 7, "time": 3000, "edit": []},
                {"kind": "somethingNew", "id": 0, "time": 3000},
            ]
        ),
        {
            "path": "fixtures/1-point.ts/scoredEdits.w.json",
            "text": json.dumps(
                {
                    "edits": [
                        {"documentUri": "file:///x/point.ts", "edit": [[1, 2, "y"]], "scoreCategory": "nextEdit"},
                        {"documentUri": "file:///x/point.ts", "edit": None, "scoreCategory": "bad"},
                    ]
                }
            ),
        },
    )
    events = list(read_next_edit_recordings(path))
    (burst,) = [event for event in events if isinstance(event, EditBurst)]
    assert (burst.origin, burst.inserted, burst.deleted, burst.language) == ("formatted", 6, 4, "typescript")
    (selection,) = [event for event in events if isinstance(event, Selection)]
    assert (selection.text, selection.column) == ("const", 2)
    one, none = read_rated_edits(path)
    assert (one.recording, one.document, one.rating, one.replacements) == (
        "1-point.ts",
        "point.ts",
        "nextEdit",
        ((1, 2, "y"),),
    )
    assert (none.rating, none.replacements) == ("bad", ())


@given(st.text(max_size=20), st.integers(0, 45))
def test_utf16_offsets(text: str, offset: int) -> None:
    try:
        units = text.encode("utf-16-le")
    except UnicodeEncodeError:
        return
    found = code_points(text, offset)
    assert len(text[:found].encode("utf-16-le")) // 2 <= min(offset, len(units) // 2)
    assert found == len(text) or len(text[: found + 1].encode("utf-16-le")) // 2 > offset


def test_our_own_export_reads_back(tmp_path: Path) -> None:
    events: list[Event] = [EditBurst(at=1, inserted_text="x"), Idle(at=2, duration_ms=3)]
    path = tmp_path / "t.jsonl"
    path.write_bytes(b"\n".join(map(encode, events)) + b'\n{"kind": "later", "at": 3}\n')
    assert list(read_jsonl(path)) == events


@pytest.mark.parametrize("format_", IMPORTERS)
@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        b'{"a": 1}\n',
        b'{"kind": "edit", "at": "x"}',
        b"[1, 2]",
        b"\xff\xfe\x00",
        b'{"txns": [{"time": 5}]}',
    ],
)
@pytest.mark.parametrize("name", ["f.jsonl", "f.json.gz"])
def test_other_content_is_one_clear_error_or_nothing(tmp_path: Path, format_: str, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    told = ""
    try:
        assert list(IMPORTERS[format_](path)) == []
    except ImportFileError as error:
        told = error.one_line()
    assert not told or ("f.json" in told and "\n" not in told)


@pytest.mark.parametrize("format_", IMPORTERS)
def test_a_missing_file(tmp_path: Path, format_: str) -> None:
    with pytest.raises(ImportFileError, match=r"none\.gz cannot be read"):
        list(IMPORTERS[format_](tmp_path / "none.gz"))


# The whole sets


def test_whole_copilot_telemetry(data: Path) -> None:
    events = list(read_copilot_telemetry(data / "copilot_telemetry" / "events.jsonl.gz"))
    assert len({event.workspace for event in events}) == 16
    found = outcomes(events)
    assert (found.shown, found.accepted) == (865, 276)
    assert [one.after_s for one in found.persistence] == [15, 30, 120, 300, 600]
    rates = [one.kept for one in found.persistence]
    assert rates == sorted(rates, reverse=True)


def test_whole_realhumaneval(data: Path) -> None:
    events = list(read_realhumaneval(data / "realhumaneval" / "suggestions.jsonl.gz"))
    assert len({event.workspace for event in events}) == 66
    found = outcomes(events)
    assert (found.shown, found.accepted) == (2404, 296)


@pytest.mark.parametrize("name", ["rustcode", "json-crdt-patch"])
def test_whole_editing_traces(data: Path, name: str) -> None:
    events = list(read_editing_trace(data / "editing_traces" / f"{name}.json.gz"))
    assert all(before.at <= later.at + 31_000 for before, later in pairwise(events))
    origins = Counter(event.origin for event in events if isinstance(event, EditBurst))
    assert origins["typed"] > sum(origins.values()) / 2
    assert (figures(events).burstiness or 0) > 0.5, "a person's pauses are bursty"


def test_whole_next_edit_recordings(data: Path) -> None:
    path = data / "next_edit_recordings" / "recordings.jsonl.gz"
    assert len({event.session for event in read_next_edit_recordings(path)}) == 7
    assert set(Counter(one.rating for one in read_rated_edits(path))) == {"nextEdit", "valid", "bad"}


def test_two_people_are_closer_than_a_person_and_clockwork(data: Path) -> None:
    folder = data / "editing_traces"
    one, other = (list(read_editing_trace(folder / f"{name}.json.gz")) for name in ("rustcode", "json-crdt-patch"))
    clockwork: list[Event] = [EditBurst(at=at, inserted=5) for at in range(0, 10_000_000, 5000)]
    real, fake = compare(one, other), compare(one, clockwork)
    assert (real.gaps or 0) < (fake.gaps or 0)
    assert (real.transitions or 0) < (fake.transitions or 0)
