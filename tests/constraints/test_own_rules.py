"""The project's own rules are enforced on itself: what AGENTS.md forbids is found, and the tree does not break it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hunch_features.constraints.checking import check_all
from hunch_features.constraints.rulebook import compile_root

ROOT = Path(__file__).parents[2]

BROKEN = {
    "models/hunch_models/a.py": ("import hunch_features.b\n", "one-way"),
    "features/hunch_features/c.py": ("from rich.table import Table\n", "editor-only-in-server"),
    "server/hunch_server/d.py": ("import torch\n", "training-only"),
    "features/hunch_features/e.py": ("print(1)\n", "no-print"),
    "server/hunch_server/f.py": ("run(x, shell=True)\n", "no-shell"),
    "server/hunch_server/helpers.py": ("x = 1\n", "names-say-what"),
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


def test_each_rule_finds_what_it_forbids(root: Path) -> None:
    found = check_all(compile_root(root), root, [root]).violations
    by_hand = {(violation.path, violation.rule.id) for violation in found if "-" in violation.rule.id}
    assert by_hand == {(path, rule_id) for path, (_, rule_id) in BROKEN.items()}


def test_the_tree_keeps_its_rules() -> None:
    book = compile_root(ROOT)
    assert book.problems == ()
    starts = [ROOT / name for name in ("server", "features", "models")]
    assert [f"{v.path}:{v.line + 1}: {v.message}" for v in check_all(book, ROOT, starts).violations] == []
