"""The person's own record: the same numbers as in the session, and what the gate would have done with it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from hunch_features.completion.telling import figures
from hunch_features.completion.timing import Timing
from hunch_features.gating.features import SHOW_FEATURES, row, show_values
from hunch_features.gating.gate import Gate, GateModels
from hunch_features.gating.history import History
from hunch_features.gating.levels import GateSettings
from hunch_features.gating.live import LiveGate
from hunch_features.gating.recorded import Recorded, from_events
from hunch_features.gating.replay import LEVELS, newest, replay
from hunch_features.gating.samples import by_day
from hunch_features.gating.situation import AFTER_CHARS, BEFORE_CHARS, LogProbs, Suggested
from hunch_features.text import Document
from hunch_features.traces.events import Event, SuggestionAccepted, SuggestionRejected, SuggestionShown
from hunch_features.traces.schema import row_of
from hunch_features.traces.store import FILE_NAME, Store
from hunch_server.commands import cli
from hunch_server.report.source import write_report

MODELS = GateModels.load()
CODE = "def total(items):\n    count = 0\n    for item in items:\n        "
DAY_MS = 86_400_000


def shown(number: int, at_ms: int, text: str, logprobs: LogProbs, **more: Any) -> SuggestionShown:
    return SuggestionShown(
        at=at_ms,
        suggestion=f"s-{number}",
        language="python",
        latency_ms=80.0,
        mean_logprob=logprobs.mean,
        before=CODE,
        after="\n",
        text=text,
        features=more,
    )


def session(count: int, days: int = 5, seed: int = 1) -> list[Event]:
    """Somebody who takes what the model is sure of."""
    rng = random.Random(seed)
    events: list[Event] = []
    for number in range(count):
        at = (number * days // count) * DAY_MS + number * 20_000
        sure = rng.random() < 0.5
        text = f"count += item.price_{number}" if sure else f"print('{number}')  # done"
        known = LogProbs.of((-0.05, -0.1, -0.02) if sure else (-1.5, -2.0, -0.9))
        events.append(shown(number, at, text, known, tokens=6.0))
        taken = sure and rng.random() < 0.8
        kind = SuggestionAccepted if taken else SuggestionRejected
        events.append(kind(at=at + 3000, suggestion=f"s-{number}", shown_ms=2500))
    return events


def test_the_record_gives_the_bits_of_the_session() -> None:
    """A document longer than what the record keeps of it."""
    before = "".join(f"value_{number} = {number}\n" for number in range(400)) + CODE
    after = "\n" + "".join(f"other_{number} = {number}\n" for number in range(200))
    document = Document(before + after, path="a.py", language="python", version=1)
    clock = [1_700_000_000.0]
    live = LiveGate(Gate(MODELS, GateSettings(level="eager")), now=lambda: clock[0])
    suggested = Suggested("count += item.size", LogProbs.of((-0.1, -0.4, -0.02, -1.1)))
    verdict = live.judge(
        "h1", ("a.py", "x"), document.snapshot(), len(before), suggested,
        explicit=False, idle_s=None, latency_ms=80.0,
    )  # fmt: skip
    event = shown(1, int(clock[0] * 1000), suggested.text, suggested.logprobs)
    event.before, event.after = before[-BEFORE_CHARS:], after[:AFTER_CHARS]
    event.features = figures(suggested.logprobs, verdict, Timing(new_tokens=7, decoded_tokens=4))
    event = msgspec.json.decode(msgspec.json.encode(event), type=SuggestionShown)
    (found,) = from_events([event, SuggestionAccepted(at=event.at + 500, suggestion="s-1")], "you")
    again = show_values(found.place, found.suggested, History())
    assert row(again, SHOW_FEATURES).tobytes() == row(verdict.values, SHOW_FEATURES).tobytes()
    assert event.features["prompt_tokens"] == 7


def test_quieter_levels_hide_more_and_off_hides_nothing() -> None:
    decisions = list(from_events(session(200), "you"))
    found = {level: replay(MODELS, decisions, level) for level in LEVELS}
    assert found["off"].hidden == found["off"].lost == found["off"].not_made == 0
    assert found["off"].chars_kept == found["off"].chars > 0
    assert found["eager"].hidden <= found["balanced"].hidden <= found["quiet"].hidden
    assert found["quiet"].hidden > 0
    assert {one.decided for one in found.values()} == {200}
    assert {one.tokens for one in found.values()} == {1200}
    assert found["quiet"].tokens_saved == 6 * found["quiet"].not_made


def test_what_was_asked_for_is_left_out() -> None:
    events = session(4)
    first = events[0]
    assert isinstance(first, SuggestionShown)
    first.trigger = "explicit"
    decisions: list[Recorded] = list(from_events(events, "you"))
    assert len(newest(decisions, 10)) == 3
    assert len(newest(decisions, 2)) == 2


def test_a_persons_days_take_the_place_of_people() -> None:
    rows = by_day(list(from_events(session(50, days=5), "you")))
    assert len(set(rows.people)) == 5
    assert rows.labels.sum() == np.count_nonzero(rows.labels)
    assert len(rows.people) == len(rows.labels) == 50


def run(*arguments: object) -> Any:
    return CliRunner().invoke(cli, [str(one) for one in arguments], standalone_mode=False)


def export(path: Path, events: list[Event]) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(event) + b"\n" for event in events))
    return path


def test_on_the_command_line(tmp_path: Path) -> None:
    path = export(tmp_path / "own.jsonl", session(60))
    found = run("eval", "gate", "--data", path, "--format", "traces", "--replay", "--json")
    assert found.exception is None, found.exception
    result = json.loads(found.stdout)
    assert result["n"] == 60
    assert result["people_in_training"] == 0
    assert set(result["replay"]) == set(LEVELS)
    assert result["replay"]["quiet"]["decided"] == 60
    found = run("eval", "gate", "--data", path, "--format", "traces", "--replay")
    assert "one after the other" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("eval", "gate", "--data", "record", "--format", "traces"), "nothing is recorded"),
        (("eval", "gate"), "nothing to measure"),
        (("eval", "gate", "--data", "own.jsonl"), "nothing to measure"),
        (("train", "gate", "--data", "traces", "own.jsonl", "--out", "w"), "too little to fit to"),
        (("train", "gate", "--data", "traces", "record", "--out", "w"), "nothing is recorded"),
    ],
)
def test_too_little_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUNCH_HOME", str(tmp_path / "home"))
    export(tmp_path / "own.jsonl", session(20))
    found = run(*arguments)
    assert said in str(found.exception)
    assert "\n" not in str(found.exception)


def test_the_reliability_of_the_shipped_models_is_a_picture(tmp_path: Path) -> None:
    found = run("eval", "gate", "--plot", tmp_path / "r.svg")
    assert found.exception is None, found.exception
    drawn = (tmp_path / "r.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg ")
    assert "prefers-color-scheme:dark" in drawn
    assert "RealHumanEval" in drawn


def test_the_report_shows_it_with_the_gate_and_without(tmp_path: Path) -> None:
    store = Store.open(tmp_path / FILE_NAME)
    store.insert([row_of(event) for event in session(80)])
    store.close()
    write_report(tmp_path, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "With the gate, and without" in page
    assert "Your last 80 recorded suggestions" in page
