"""What `hunch doctor` says of the memory of the current folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hunch_features.memory.store import index_path
from hunch_server.commands import FINE, run
from hunch_server.commands.doctor import check_memory
from tests.memory.test_history import Repository, both


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUNCH_HOME", str(tmp_path / "home"))
    repository = Repository(tmp_path / "repo")
    repository.commit("One", both(1, "a.py", "b.py"))
    monkeypatch.chdir(repository.root)
    return tmp_path / "home"


def test_a_folder_that_is_not_known_is_no_failure(home: Path) -> None:
    check = check_memory()
    assert check.ok
    assert "none of this folder yet" in check.detail
    assert not (home / "memory").exists()


def test_files_commits_and_age(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["index", ".", "--json"]) == FINE
    assert json.loads(capsys.readouterr().out)["files"] == 2
    check = check_memory()
    assert check.ok
    assert check.detail.startswith("2 files, 1 commits, changed less than a minute ago; 1 repository")


def test_a_damaged_index_is_told(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(["index", ".", "--json"])
    capsys.readouterr()
    index = index_path(Path.cwd(), home)
    for end in ("-wal", "-shm"):
        Path(f"{index}{end}").unlink(missing_ok=True)
    index.write_bytes(b"no database" * 500)
    check = check_memory()
    assert not check.ok
    assert index.name in check.detail
