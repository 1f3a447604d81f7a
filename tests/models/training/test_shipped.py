"""The shipped weights are the file that their description speaks of, and they can fill a hole."""

from __future__ import annotations

import hashlib
import json
import re
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
    assert not re.search(r'(?<!\w)/(?:root|home|work)|"/|[A-Z]:\\\\|\\\\Users|site-packages', text)
    packages = CARD["corpus"]["packages"]
    assert all(package["licence"] and package["version"] and package["sha256"] for package in packages)
    assert any(package["held_out"] for package in packages)


def test_figures_are_there_with_their_baseline() -> None:
    for kind in ("rest", "line"):
        figures = CARD["evaluation"][kind]
        assert figures["model"]["n"] == figures["model_healed"]["n"] == figures["copy"]["n"] > 300
        low, high = figures["model"]["exact_match_interval"]
        assert low <= figures["model"]["exact_match"] <= high


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "import argparse\n\n\ndef main():\n    parser = argparse.ArgumentParser()\n    args = parser.",
            "\n    print(args)\n",
            "parse_args()",
        ),
        ("if __name__ == ", "\n    main()\n", '"__main__":'),
        ("class Named:\n    def __init__(self, name):\n        self.name = ", "\n", "name"),
    ],
)
def test_it_fills_a_hole_in_its_own_prompt_form(before: str, after: str, expected: str) -> None:
    pytest.importorskip("tokenizers")
    from hunch_models.training.engine import GgufModel
    from hunch_models.training.evaluate import Budget, LineHole, fill

    with GgufModel(WEIGHTS / CARD["file"], context=256) as model:
        assert fill(LineHole("app/main.py", before, "", after), model, Budget.of(256), healed=True) == expected


@pytest.mark.parametrize(
    ("text", "kept", "start"),
    [
        ("x = ", "x =", b" "),
        ("def f():\n    ", "def f():\n   ", b" "),
        ("import arg", "import", b" arg"),
        ("x = 1\n", "x = 1\n", b""),
        ("", "", b""),
    ],
)
def test_token_healing_gives_back_what_it_takes(text: str, kept: str, start: bytes) -> None:
    pytest.importorskip("tokenizers")
    from hunch_models.training.engine import GgufModel

    with GgufModel(WEIGHTS / CARD["file"], context=64) as model:
        tokens, begin = model.healed(text)
        assert b"".join(model.piece(token) for token in tokens) == kept.encode()
        assert begin == start
