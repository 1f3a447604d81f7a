"""`hunch eval gate`, `hunch train gate`, and the gate behind `hunch complete` and the real server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from hunch_features.gating.features import REQUEST_FEATURES, SHOW_FEATURES, VERSION
from hunch_models.gate.metrics import auc, average_precision, calibration_error, hidden_at_precision, hidden_of_refused
from hunch_models.gate.tree_model import TreeModel
from hunch_server.commands import cli


def telemetry(path: Path, people: int = 3, each: int = 12) -> Path:
    """Copilot telemetry of people who take what the model is sure of."""
    rows = []
    for person in range(people):
        for number in range(each):
            taken = number % 3 == person % 3
            rows.append(
                {
                    "session": person,
                    "user": person,
                    "i": number,
                    "shown_at": f"2022-08-08T16:{number:02d}:01.000Z",
                    "resolved_at": f"2022-08-08T16:{number:02d}:04.000Z",
                    "hidden_before": "UserTyping",
                    "suggestion": json.dumps(f"value_{number} = {number}"),
                    "prompt": json.dumps(f"def f():\n    # step {number}\n    "),
                    "meas": {"meanLogProb": -0.1 if taken else -1.5, "numTokens": 6.0, "timeSinceIssuedMs": 200.0},
                    "outcome": "accepted" if taken else "rejected",
                }
            )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def human_eval(path: Path, people: int = 3, each: int = 12) -> Path:
    """RealHumanEval rows, one with figures that are missing."""
    rows = [
        {
            "orig_row": number,
            "programmer_id": person,
            "timestamp": 1_707_166_326_859 + 20_000 * number,
            "model": "m",
            "task_name": "t",
            "requested": number % 5 == 0,
            "accepted": int(number % 4 == 0),
            "prefix_code": None if number == 1 else "def f(l):\n    ",
            "suffix_code": None,
            "suggestion": f"return l[{number}]",
            "logprobs": {} if number == 2 else {"mean": -0.2, "min": -1.0, "firstElement": -0.1},
        }
        for person in range(people)
        for number in range(each)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def run(*arguments: object) -> Any:
    return CliRunner().invoke(cli, [str(one) for one in arguments], standalone_mode=False)


@pytest.mark.parametrize(("kind", "write"), [("copilot", telemetry), ("realhumaneval", human_eval)])
def test_the_shipped_gate_on_recorded_decisions(tmp_path: Path, kind: str, write: Any) -> None:
    found = run("eval", "gate", "--data", write(tmp_path / "s.jsonl"), "--format", kind, "--json")
    assert found.exception is None, found.exception
    result = json.loads(found.stdout)
    assert result["n"] == 36
    assert set(result) >= {"n", "accept_rate", "auc", "ap", "brier", "ece", "lost_accepts_at", "hidden_share_at"}
    assert set(result["lost_accepts_at"]) == {"0.05"}
    assert set(result["hidden_share_at"]) == {"0.95", "0.9"}
    assert [one["n"] for one in result["per_person"]] == [12, 12, 12]
    assert result["people_in_training"] == 0
    if kind == "copilot":
        assert result["auc"] > 0.8  # the sure ones were taken


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no decision"),
        ("{", "s.jsonl:1"),
        ('{"user": "x"}\n', "s.jsonl:1"),
    ],
)
def test_other_files_are_refused_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(content)
    found = run("eval", "gate", "--data", path, "--format", "copilot", "--json")
    assert said in str(found.exception)
    assert "\n" not in str(found.exception)


def test_training_needs_its_packages_or_people(tmp_path: Path) -> None:
    found = run(
        "train", "gate", "--data", "copilot", telemetry(tmp_path / "s.jsonl", people=1), "--out", tmp_path / "w"
    )
    assert "fewer than two people" in str(found.exception)


def test_trained_weights_say_what_they_learnt(tmp_path: Path) -> None:
    training = pytest.importorskip("hunch_models.forests.fitting", reason="the train extra is not installed")
    from hunch_features.gating.recorded import read
    from hunch_features.gating.samples import samples

    one = samples(read(telemetry(tmp_path / "s.jsonl", people=6, each=30), "copilot"))
    config = training.FitConfig(trees=30, members=2)
    forest = training.fit(one.show, one.labels, config)
    path = tmp_path / "show.onnx"
    training.export(forest, path, len(SHOW_FEATURES))
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes())
    rows = one.show.copy()
    rows[np.random.default_rng(0).random(rows.shape) < 0.3] = np.nan
    for some in (one.show, rows):
        exported = session.run(None, {"rows": some})[0][:, 0]
        assert np.abs(exported - training.log_odds(forest, some)).max() < 1e-5


def test_the_shipped_weights_are_small_and_fit_the_features() -> None:
    from hunch_models.gate.tree_model import REQUEST, SHOW

    for path, names in ((REQUEST, REQUEST_FEATURES), (SHOW, SHOW_FEATURES)):
        model = TreeModel(path, VERSION, names)
        assert model.about.metrics.keys() == {"copilot", "realhumaneval"}
    assert REQUEST.stat().st_size + SHOW.stat().st_size <= 3_000_000


@pytest.mark.parametrize(
    ("scores", "labels", "area", "precision"),
    [
        ([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75, 0.8333333),
        ([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1], 0.5, 0.5),
        ([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0], 1.0, 1.0),
    ],
)
def test_ranking_figures(scores: list[float], labels: list[int], area: float, precision: float) -> None:
    """Values from the definitions, worked out by hand."""
    s, y = np.array(scores), np.array(labels)
    assert auc(s, y) == pytest.approx(area)
    assert average_precision(s, y) == pytest.approx(precision)


def test_hiding_figures() -> None:
    scores = np.arange(10) / 10
    labels = np.array([0, 0, 0, 1, 0, 0, 1, 1, 1, 1])
    assert hidden_of_refused(scores, labels, 0.0) == pytest.approx(3 / 5)
    assert hidden_of_refused(scores, labels, 0.2) == pytest.approx(1.0)
    assert hidden_at_precision(scores, labels, 0.95) == pytest.approx(0.3)
    assert hidden_at_precision(scores, labels, 0.8) == pytest.approx(0.6)
    assert calibration_error(np.array([0.25, 0.25, 0.25, 0.25]), np.array([0, 0, 0, 1])) == pytest.approx(0.0)
