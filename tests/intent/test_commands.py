"""`hunch eval intent` and `hunch train intent`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hunch_models.intent.state_model import SHIPPED, WEIGHTS
from hunch_server.commands import run


def test_eval_prints_the_promised_document(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["eval", "intent", "--data", str(record), "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["n"] == 8 * 18
    assert {"accuracy", "macro_f1", "top3", "ece"} <= set(found)
    assert set(found["per_class"]) == {
        "writing_new_functionality",
        "thinking_or_verifying_suggestion",
        "prompt_crafting",
    }
    assert found["sessions_in_training"] == 0
    assert "training data" not in err
    assert run(["eval", "intent", "--data", str(record), "--fail-under", "0.99"]) == 1
    assert "macro-F1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [("", "no interval"), ("{}", "events.jsonl:1"), ('{"session": 1', "events.jsonl:1")],
)
def test_bad_data_is_one_line(content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text(content)
    assert run(["eval", "intent", "--data", str(path)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_shipped_weights_are_never_written_over(record: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = SHIPPED.read_bytes()
    assert run(["train", "intent", "--data", str(record), "--out", str(WEIGHTS / "state.onnx")]) == 2
    assert "never written over" in capsys.readouterr().err
    assert SHIPPED.read_bytes() == before


@pytest.mark.slow
def test_training_writes_a_model_that_can_be_measured(
    record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="needs the train extra")
    out = tmp_path / "own" / "mine.onnx"
    assert run(["train", "intent", "--data", str(record), "--out", str(out), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["path"] == str(out)
    assert set(result["metrics"]["baselines"]) >= {"majority", "markov_events", "logistic_last_event"}
    assert run(["eval", "intent", "--data", str(record), "--model", str(out), "--json"]) == 0
    found, err = json.loads(capsys.readouterr().out), ""
    assert found["sessions_in_training"] == found["sessions"] == 8
    assert err == ""
