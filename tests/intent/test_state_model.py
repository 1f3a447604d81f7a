"""The shipped weights: small, fast, and refused when anything about them is wrong."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from hunch_features.intent.encoding import WIDTH, WINDOW
from hunch_features.intent.measuring import state_model
from hunch_models.errors import ModelError
from hunch_models.intent.metrics import calibration_error, interval_over_people, scores
from hunch_models.intent.state_model import SHIPPED
from hunch_models.onnx_weights import description_path


def test_the_shipped_model_is_small_fast_and_answers_in_probabilities() -> None:
    assert SHIPPED.stat().st_size <= 2 * 1024 * 1024
    model = state_model(SHIPPED)
    windows = np.random.default_rng(0).random((30, WINDOW, WIDTH), np.float32)
    together = model.probabilities(windows)
    assert together.sum(1) == pytest.approx(1.0, abs=1e-5)
    times = []
    for number, one in enumerate(windows):
        begun = perf_counter()
        alone = model.probabilities(one[None])[0]
        times.append(perf_counter() - begun)
        assert alone == pytest.approx(together[number], abs=1e-5)
    assert sorted(times)[len(times) // 2] < 0.002


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda weights: weights.write_bytes(weights.read_bytes()[:-10]), "not the file"),
        (lambda weights: weights.write_bytes(b"x" * (3 << 20)), "larger"),
        (lambda weights: weights.unlink(), "cannot be read"),
        (lambda weights: description_path(weights).unlink(), "does not describe"),
        (lambda weights: description_path(weights).write_text("[" * 100_000), "does not describe"),
        (lambda weights: _change(weights, "columns", ["one"]), "other columns"),
    ],
)
def test_damage_is_one_clear_error(harm: object, said: str, tmp_path: Path) -> None:
    weights = tmp_path / "state.onnx"
    shutil.copy(SHIPPED, weights)
    shutil.copy(description_path(SHIPPED), description_path(weights))
    state_model(weights)
    harm(weights)  # type: ignore[operator]
    with pytest.raises(ModelError, match=said):
        state_model(weights)


def test_bytes_that_are_no_network_are_refused_even_with_the_right_sum(tmp_path: Path) -> None:
    weights = tmp_path / "state.onnx"
    weights.write_bytes(b"no network")
    shutil.copy(description_path(SHIPPED), description_path(weights))
    _change(weights, "sha256", hashlib.sha256(b"no network").hexdigest())
    with pytest.raises(ModelError, match="damaged"):
        state_model(weights)


def _change(weights: Path, field: str, value: object) -> None:
    path = description_path(weights)
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))


def test_scores() -> None:
    labels = np.array([0, 0, 1, 1, 2])
    sure = np.eye(4)[[0, 0, 1, 0, 3]]
    found = scores(sure, sure.argmax(1), labels)
    assert (found.n, found.accuracy, found.top3) == (5, 0.6, 0.8)
    assert found.macro_f1 == pytest.approx((0.8 + 2 / 3 + 0) / 3)
    assert found.per_class[1].precision == 1.0
    assert found.per_class[1].recall == 0.5
    assert calibration_error(sure, sure.argmax(1), labels) == pytest.approx(0.4)
    even = np.array([[0.6, 0.4], [0.6, 0.4]])
    assert calibration_error(even, np.array([0, 0]), np.array([0, 1])) == pytest.approx(0.1)
    assert calibration_error(even, np.array([1, 1]), np.array([1, 1])) == pytest.approx(0.6)


def test_an_interval_draws_people_not_samples() -> None:
    right = np.array([1.0] * 90 + [0.0] * 10)
    people = ["a"] * 90 + ["b"] * 10
    low, high = interval_over_people(lambda chosen: float(right[chosen].mean()), people)
    assert (low, high) == (0.0, 1.0)
