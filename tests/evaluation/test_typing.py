"""Recorded typing: every format read with its bounds, replayed to the text that the recording says it ends in."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.evaluation.typing import Step, TypingRecording, language_id, read_recording, taken, typed_ahead
from hunch_models.errors import HunchError
from hunch_server.benchmarks import recordings


def final(recording: TypingRecording) -> dict[str, str]:
    """What stands in each document in the end."""
    texts = dict(recording.documents)
    for step in recording.steps:
        text = texts[step.document]
        assert step.position + step.deleted <= len(text)
        texts[step.document] = text[: step.position] + step.inserted + text[step.position + step.deleted :]
    return texts


def editing_trace(path: Path, start: str, end: str, rows: list[tuple[str, list[list[object]]]]) -> Path:
    document = {"startContent": start, "endContent": end, "txns": [{"time": t, "patches": p} for t, p in rows]}
    data = json.dumps(document).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_an_editing_trace_ends_in_its_text(tmp_path: Path, name: str) -> None:
    rows: list[tuple[str, list[list[object]]]] = [
        ("2020-01-01T00:00:00.000Z", [[0, 0, "d"]]),
        ("2020-01-01T00:00:00.000Z", [[1, 0, "e"], [2, 0, "f x"]]),
        ("2020-01-01T00:00:03.000Z", [[4, 1, "😀():"]]),
    ]
    recording = read_recording(editing_trace(tmp_path / name, "", "def 😀():", rows))
    assert final(recording) == {"main.py": "def 😀():"}
    # Two steps of one second share it; a longer silence stays.
    assert [step.at_ms for step in recording.steps] == [0, 500, 500, 3000]
    assert [step.is_keystroke for step in recording.steps] == [True, True, False, False]
    assert recording.keystrokes == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a typing trace"),
        (b"{}", "startContent"),
        (b'{"startContent":"","endContent":"","txns":[{"time":"","patches":[[5,0,"x"]]}]}', "an edit at 5"),
        (b'{"startContent":"","endContent":"","txns":[{"time":"","patches":[[-1,0,"x"]]}]}', "not a typing trace"),
        (b"\xff\xfe", "not a typing trace"),
    ],
)
def test_what_is_no_trace_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(content)
    with pytest.raises(HunchError, match=r"odd\.json") as raised:
        recordings.read(path)
    assert says in raised.value.one_line()


def edit_event(at: int, line: int, column: int, text: str, **more: object) -> dict[str, object]:
    return {"v": 1, "kind": "edit", "at": at, "document": "a.py", "line": line, "column": column} | {
        "inserted_text": text,
        "inserted": len(text),
        "duration_ms": 10 * (len(text) - 1),
        **more,
    }


def write_events(path: Path, events: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(event) + "\n" for event in events), encoding="utf-8")
    return path


def test_own_traces_are_typed_key_by_key_at_their_places(tmp_path: Path) -> None:
    events = [
        edit_event(1000, 1, 4, "x = 1"),
        {"v": 1, "kind": "cursor", "at": 1500, "document": "a.py", "line": 0},
        edit_event(2000, 1, 8, "22", deleted_text="1"),
        edit_event(3000, 2, 0, "pasted\r\n", origin="pasted"),
        edit_event(3500, 0, 0, "y", document="b.ts"),
    ]
    recording = recordings.read(write_events(tmp_path / "a.jsonl", events))
    assert final(recording) == {"a.py": "\n    x = 22\npasted\n", "b.ts": "y"}
    typed = [step for step in recording.steps if step.document == "a.py" and step.is_keystroke]
    assert "".join(step.inserted for step in typed if step.inserted.strip()) == "x=122"
    assert [step.at_ms for step in typed if step.inserted == "x"] == [0]


@pytest.mark.parametrize(
    ("events", "says"),
    [
        ([edit_event(0, 0, 0, "", inserted=5)], "no typed text"),
        ([], "no typed text"),
        ([edit_event(0, 10**6, 0, "x")], "not typed by a person"),
        ([{"kind": "edit", "at": -5}], "not an event"),
    ],
)
def test_own_traces_without_text_or_sense(tmp_path: Path, events: list[dict[str, object]], says: str) -> None:
    with pytest.raises(HunchError, match=says):
        read_recording(write_events(tmp_path / "a.jsonl", events))


def test_the_demos_session_is_a_recording_too() -> None:
    bundled = Path(recordings.__file__).parents[1] / "demo" / "session.json"
    recording = recordings.read(bundled)
    assert recording.keystrokes > 300
    texts = final(recording)
    assert {language_id(name) for name in texts if name.endswith(".py")} == {"python"}


SHOWN = [
    ("x = 1", "x = 1\n", 5),
    ("x = 1", "x = 2", 0),
    ("x = 1", "x =", 0),
    ("a()\n    b()", "a()\n    c()", 3),
    ("a()\n\n    b()", "a()\n\n  c", 4),
    ("a()\nb()", "a()b", 0),
    ("\n    x", "\n    y", 0),
    ("", "x", 0),
]


@pytest.mark.parametrize(("shown", "future", "chars"), SHOWN)
def test_what_a_person_accepts(shown: str, future: str, chars: int) -> None:
    assert taken(shown, future) == chars


@given(st.text("ab\n ", max_size=12), st.text("ab\n ", max_size=12))
def test_what_is_accepted_is_what_comes_next(shown: str, future: str) -> None:
    chars = taken(shown, future)
    assert future.startswith(shown[:chars])
    assert chars in {0, len(shown)} or (shown[chars] == "\n" and shown[:chars].strip())


def test_typing_ahead_ends_where_the_person_goes_elsewhere() -> None:
    steps = [Step(0, "a", 0, 0, "a"), Step(1, "a", 1, 0, "bc"), Step(2, "a", 3, 0, "d"), Step(3, "b", 4, 0, "e")]
    assert typed_ahead(steps, 0, 0, 100) == "abcd"
    assert typed_ahead(steps, 1, 1, 2) == "bc"
    assert typed_ahead(steps, 1, 5, 100) == ""
    assert typed_ahead(steps, 4, 0, 100) == ""
