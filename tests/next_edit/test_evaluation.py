"""Cases from commits: the first hunk made, the others to be foreseen, and what counts as right."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.evaluation.next_edits import (
    Case,
    Target,
    applied,
    changed_parts,
    distance,
    edited,
    hits,
    is_exact,
    is_part,
)
from hunch_features.evaluation.next_edits_cases import draw, history_root
from hunch_features.evaluation.next_edits_fit import forest
from hunch_features.evaluation.next_edits_measure import outcome, share, summary
from hunch_features.evaluation.next_edits_rated import read_bursts
from hunch_features.next_edit import shipped
from hunch_features.next_edit.ranking import MODEL, Scorer
from hunch_features.text import Edit, Position
from hunch_server.commands import run
from tests.next_edit.conftest import edit_of

HUNK = (2, 4, 2, 5, "", " b\n-c\n-d\n+C\n+X\n+D\n e\n")
TEXT = "a\nb\nc\nd\ne\nf\n"


def test_a_hunk_is_applied_and_taken_apart() -> None:
    assert applied(TEXT, HUNK) == "a\nb\nC\nX\nD\ne\nf\n"
    assert applied("other\n" + TEXT, HUNK) is None
    assert changed_parts(HUNK) == [(2, 4, ("C", "X", "D"))]
    assert changed_parts((1, 3, 1, 4, "", " a\n+x\n b\n-c\n")) == [(1, 1, ("x",)), (2, 3, ())]
    assert changed_parts((0, 0, 1, 1, "", "+x\n")) == [(0, 0, ("x",))]


CASE = Case(
    "o/r",
    "s",
    "p",
    0,
    edit_of("a.py", "", "x"),
    (Target("a.py", 1, 10, 12, ("C", "D")), Target("b.py", 2, 4, 4, ("new",))),
)


@pytest.mark.parametrize(("line", "away"), [(10, 0), (11, 0), (7, 3), (14, 3), (6, 4), (15, 4)])
def test_distance(line: int, away: int) -> None:
    assert distance(CASE.targets[0], line) == away
    assert bool(hits(CASE, "a.py", line)) is (away <= 3)
    assert not hits(CASE, "c.py", line)


LINES = [f"line {number}" for number in range(20)]


@pytest.mark.parametrize(
    ("path", "edits", "right"),
    [
        ("a.py", [Edit(Position(10, 0), Position(10, 7), "C")], True),
        ("a.py", [Edit(Position(10, 0), Position(12, 0), "C\nD\n")], True),
        ("a.py", [Edit(Position(10, 0), Position(11, 0), "E\n")], False),
        ("a.py", [Edit(Position(9, 0), Position(9, 6), "C")], False),
        ("a.py", [Edit(Position(10, 0), Position(12, 0), "")], True),
        ("b.py", [Edit(Position(4, 0), Position(4, 0), "new\n")], True),
        ("b.py", [Edit(Position(5, 0), Position(5, 0), "new\n")], False),
        ("b.py", [], False),
        ("a.py", [Edit(Position(10, 0), Position(10, 7), "C"), Edit(Position(14, 0), Position(14, 7), "C")], False),
    ],
)
def test_exact(path: str, edits: list[Edit], right: bool) -> None:
    assert is_exact(CASE, path, LINES, edits) is right


def test_a_part_of_what_was_done_is_told_from_the_whole() -> None:
    case = Case("o/r", "s", "p", 0, CASE.edit, (Target("a.py", 1, 0, 1, ("return new(1, flag)",)),))
    rename = [Edit(Position(0, 7), Position(0, 10), "new")]
    assert not is_exact(case, "a.py", ["return old(1)"], rename)
    assert is_part(case, "a.py", ["return old(1)"], rename)
    assert not is_part(case, "a.py", ["return old(1)"], [Edit(Position(0, 7), Position(0, 10), "other")])


@given(st.lists(st.text("ab", max_size=4), min_size=1, max_size=6), st.data())
def test_edits_of_lines_are_edits_of_the_text(lines: list[str], data: st.DataObject) -> None:
    line = data.draw(st.integers(0, len(lines) - 1))
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(lines[line]))] * 2)))
    made = edited(lines, [Edit(Position(line, start), Position(line, end), "x\ny")], 0)
    expected = [*lines[:line], lines[line][:start] + "x", "y" + lines[line][end:], *lines[line + 1 :]]
    assert made == expected


# ---- the ranker's numbers ----


def test_the_shipped_numbers_are_small_and_name_what_they_were_fitted_on() -> None:
    assert MODEL.stat().st_size < 400_000
    ranker = shipped()
    assert 0.5 <= ranker.show < 1.0
    assert len(ranker.fitted_on) >= 10


def test_a_forest_says_the_same_as_the_library_that_fitted_it() -> None:
    lightgbm = pytest.importorskip("lightgbm", reason="LightGBM is in the `train` extra")
    rng = np.random.default_rng(0)
    rows = [{"a": float(one), "b": float(two)} for one, two in rng.normal(size=(600, 2))]
    labels = [row["a"] + row["b"] ** 2 > 0.5 for row in rows]
    fitted = Scorer(forest(rows, labels, list(range(600)), rounds=20))
    scores = fitted.probabilities(rows)
    assert lightgbm.__version__
    assert np.mean((scores > 0.5) == np.array(labels)) > 0.9
    assert fitted.probabilities([{"a": 0.1, "unknown": 5.0}])[0] == fitted.probabilities([{"a": 0.1, "b": 0.0}])[0]


# ---- a repository and its commits ----


def git(root: Path, *arguments: str) -> str:
    settings = ("-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *settings, *arguments], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout.strip()


LIBRARY = "def fetch(url):\n    return url\n"
APP = "from lib import fetch\n\n\ndef go(u):\n    return fetch(u)\n"


@pytest.fixture
def history(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of histories with one repository, and commits of it in the data set's form."""
    root = tmp_path / "histories" / "someone" / "thing"
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "lib.py").write_text(LIBRARY)
    (root / "app.py").write_text(APP)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Start")
    parent = git(root, "rev-parse", "HEAD")
    row = {
        "repo": "someone/thing",
        "sha": "f" * 40,
        "parent": parent,
        "time": 2_000_000_000,
        "files": [
            {
                "path": "lib.py",
                "status": "M",
                "hunks": [[1, 2, 1, 2, "", "-def fetch(url):\n+def load(url):\n     return url\n"]],
            },
            {
                "path": "app.py",
                "status": "M",
                "hunks": [
                    [1, 1, 1, 1, "", "-from lib import fetch\n+from lib import load\n"],
                    [4, 2, 4, 2, "", " def go(u):\n-    return fetch(u)\n+    return load(u)\n"],
                ],
            },
        ],
    }
    data = tmp_path / "commits.jsonl.gz"
    with gzip.open(data, "wt", encoding="utf-8") as stream:
        stream.write(json.dumps(row) + "\n")
    return data, tmp_path / "histories"


def test_a_commit_becomes_a_case_and_is_foreseen(
    history: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, folder = history
    assert run(["eval", "next-edit", "--data", str(data), "--repos", str(folder), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["n"] == 1
    assert result["line"]["top1"]["share"] == 1.0
    assert result["offered"]["share"] == 1.0
    assert result["other_file"]["top1"]["share"] == 1.0
    assert result["baseline_cochange"]["top1"]["share"] in (0.0, 1.0)
    assert result["fitted_on"] == []


def test_the_tree_is_that_of_the_parent(history: tuple[Path, Path], tmp_path: Path) -> None:
    from hunch_features.evaluation.next_edits import read_commits

    data, folder = history
    root = history_root(folder, "someone/thing")
    assert root is not None
    drawn = list(draw(list(read_commits(data)), root, tmp_path / "home", 5))
    assert len(drawn) == 1
    assert drawn[0].tree.text("app.py") == APP
    assert drawn[0].tree.text("lib.py") == LIBRARY.replace("fetch", "load")
    assert drawn[0].tree.files_using(["fetch", "nothing"]) == {"fetch": ["app.py", "lib.py"], "nothing": []}
    found = outcome(drawn[0].case, drawn[0].tree, shipped())
    assert found.right
    numbers = summary([found], shipped().show)
    assert numbers["right"]["share"] == 1.0
    assert share([], lambda one: one.right)["share"] is None


def test_bad_input_is_one_line(history: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, folder = history
    broken = tmp_path / "broken.jsonl.gz"
    broken.write_bytes(b"no gzip")
    for arguments in (
        [],
        ["--data", str(data), "--repos", str(tmp_path / "none")],
        ["--data", str(broken), "--repos", str(folder)],
        ["--data", str(data), "--repos", str(folder), "--repo", "not/there"],
        ["--data", str(data), "--repos", str(tmp_path)],
        ["--recordings", str(broken)],
    ):
        assert run(["eval", "next-edit", *arguments]) == 2
        said = capsys.readouterr().err.strip()
        assert said
        assert "Traceback" not in said


def test_the_rated_recordings_are_read() -> None:
    folder = os.environ.get("HUNCH_DATA")
    if not folder:
        pytest.skip("HUNCH_DATA is not set: the folder with next_edit_recordings")
    bursts = read_bursts(Path(folder) / "next_edit_recordings" / "recordings.jsonl.gz")
    assert len(bursts) == 7
    assert all(burst.edit is not None and burst.edit.before != burst.edit.after for burst in bursts.values())
