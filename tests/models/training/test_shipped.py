"""The shipped weights are the file that their description speaks of, and they can fill a hole."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path

import pytest

from hunch_models.registry.bundled import bundled_models

WEIGHTS = Path(str(files("hunch_models"))) / "weights"
CARD = json.loads((WEIGHTS / "hunch-py-10m.json").read_text(encoding="utf-8"))


def test_the_description_fits_the_file() -> None:
    raw = (WEIGHTS / CARD["file"]).read_bytes()
    assert hashlib.sha256(raw).hexdigest() == CARD["sha256"]
    assert len(raw) == CARD["bytes"] <= 16 * 2**20
    (entry,) = (model for model in bundled_models() if model.id == CARD["id"])
    assert (entry.fim, entry.context_length, entry.license) == ("spm", CARD["context_length"], "Apache-2.0")
    assert not entry.missing


def test_the_description_names_sources_but_no_machine() -> None:
    text = json.dumps(CARD)
    assert not any(place in text for place in ("/root", "/home", "/work", "\\\\Users", "site-packages"))
    packages = CARD["corpus"]["packages"]
    assert all(package["licence"] and package["version"] and package["sha256"] for package in packages)
    assert any(package["held_out"] for package in packages)


def test_figures_are_there_with_their_baseline() -> None:
    for kind in ("rest", "line"):
        figures = CARD["evaluation"][kind]
        assert figures["model"]["n"] == figures["copy"]["n"] > 300
        low, high = figures["model"]["exact_match_interval"]
        assert low <= figures["model"]["exact_match"] <= high


def test_it_fills_a_hole_in_its_own_prompt_form() -> None:
    pytest.importorskip("tokenizers")
    from hunch_models.training.engine import GgufModel
    from hunch_models.training.evaluate import Budget, LineHole, prompt

    before = "import argparse\n\n\ndef main():\n    parser = argparse."
    hole = LineHole("app/main.py", before, "", "\n    parser.parse_args()\n")
    with GgufModel(WEIGHTS / CARD["file"], context=256) as model:
        tokens = prompt(hole, model.tokenise, Budget.of(256))
        got = model.greedy(tokens, most=8, done=lambda text: b"\n" in text, end=0)
    assert got.decode("utf-8").split("\n")[0] == "ArgumentParser()"
