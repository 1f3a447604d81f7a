"""Holes from real git histories: only lines that later commits added, and nothing of them known beforehand."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from hunch_features.evaluation.holes import holes, write_tree
from hunch_models.errors import HunchError
from hunch_server.commands import run

BODY = "def area_{n}(width, height):\n    # a comment\n    result = width * height\n    return result\n\n\n"


def git(root: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *settings, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    for number in range(12):
        path = root / f"m{number % 3}.py"
        path.write_text((path.read_text() if path.exists() else "import os\n\n\n") + BODY.format(n=number))
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", f"Add area {number}")
    return root


@pytest.mark.parametrize("kind", ["rest", "line"])
def test_holes_are_what_later_commits_added(repository: Path, kind: str) -> None:
    found = holes(repository, 8, kind, seed=3)  # type: ignore[arg-type]
    assert len(found.holes) == 8
    known = git(repository, "rev-list", found.base).split()
    for hole in found.holes:
        assert hole.commit not in known
        text = git(repository, "show", f"{hole.commit}:{hole.path}")
        line = text.split("\n")[hole.line]
        assert line.endswith(hole.expected)
        assert (hole.prefix + hole.expected + hole.suffix).rstrip() == text.rstrip()
        assert not line.strip().startswith(("#", "import"))
        if kind == "line":
            assert line.strip() == hole.expected


def test_the_same_seed_gives_the_same_holes(repository: Path) -> None:
    assert holes(repository, 5, "rest", seed=1) == holes(repository, 5, "rest", seed=1)
    assert holes(repository, 5, "rest", seed=1) != holes(repository, 5, "rest", seed=2)


def test_the_tree_before(repository: Path, tmp_path: Path) -> None:
    found = holes(repository, 5, "rest")
    target = tmp_path / "tree"
    target.mkdir()
    assert write_tree(repository, found.base, target) >= 1
    names = git(repository, "ls-tree", "--name-only", found.base).split()
    assert sorted(path.name for path in target.iterdir()) == sorted(names)


def hunch(capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> tuple[int, str, str]:
    code = run(list(arguments))
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _err = hunch(
        capsys, ["eval", "completion", "--repo", str(repository), "-n", "10", "--no-model", "--json"]
    )
    answer = json.loads(out)
    assert code == 0
    assert {"n", "exact_match", "edit_similarity", "shown", "exact_match_shown", "latency_ms", "new_tokens"} <= set(
        answer
    )
    assert answer["n"] == 10
    assert answer["exact_match"] > 0.5, "every function is like the one before"
    assert set(answer["sources"]) <= {"", "memory"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--repo", "nowhere"], "not a folder"),
        (["--repo", ".", "--no-model", "--no-memory"], "nothing to measure"),
    ],
)
def test_bad_use(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = hunch(capsys, ["eval", "completion", *arguments])
    assert (code, out) == (2, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_a_folder_without_history(tmp_path: Path) -> None:
    with pytest.raises(HunchError):
        holes(tmp_path, 5, "rest")
    git(tmp_path, "init", "-q")
    with pytest.raises(HunchError):
        holes(tmp_path, 5, "rest")
