"""The project's own rules are enforced on itself: what AGENTS.md forbids is found, and the tree does not break it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hunch_features.constraints.checking import check_all
from hunch_features.constraints.rulebook import compile_root

ROOT = Path(__file__).parents[2]

BROKEN = {
    "models/hunch_models/a.py": ("import hunch_features.b\n", "Imports go one way"),
    "features/hunch_features/c.py": ("from rich.table import Table\n", "Only `hunch_server`"),
    "server/hunch_server/d.py": ("import torch\n", "`torch`"),
    "features/hunch_features/e.py": ("print(1)\n", "Never call `print`"),
    "server/hunch_server/f.py": ("run(x, shell=True)\n", "Never use `eval`"),
    "server/hunch_server/helpers.py": ("x = 1\n", "No `utils`"),
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".hunch").mkdir()
    shutil.copy(ROOT / "AGENTS.md", tmp_path)
    shutil.copy(ROOT / ".hunch" / "rules.toml", tmp_path / ".hunch")
    for name, text in {
        "features/hunch_features/b.py": "",
        **{name: text for name, (text, _) in BROKEN.items()},
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_each_rule_finds_what_it_forbids_and_tells_it_once(root: Path) -> None:
    found = [
        (violation.path, violation.rule.text) for violation in check_all(compile_root(root), root, [root]).violations
    ]
    assert len(found) == len(BROKEN)
    for path, (_, sentence) in BROKEN.items():
        assert any(place == path and text.startswith(sentence) for place, text in found), path


def test_the_tree_keeps_its_rules() -> None:
    book = compile_root(ROOT)
    assert book.problems == ()
    starts = [ROOT / name for name in ("server", "features", "models")]
    assert [f"{v.path}:{v.line + 1}: {v.message}" for v in check_all(book, ROOT, starts).violations] == []
