"""Only what a change adds is told; what did not change is not checked again; git runs nothing of the repository's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hunch_features.constraints.changes import changes_since, staged_changes
from hunch_features.constraints.checking import Remembered, Result, check_all, check_changes
from hunch_features.constraints.rulebook import compile_root, files_below
from hunch_models.errors import HunchError

AGENTS = "- Never use `eval`.\n- Never edit `gen.lock`.\n- Files must be under 1000 lines.\n"
ONE = "a = 1\nb = eval('1')\n"
PERSON = {"GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@t", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@t"}


def git(root: Path, *arguments: str) -> None:
    environment = {**os.environ, **PERSON, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, env=environment)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    for name, text in (("AGENTS.md", AGENTS), ("a.py", ONE), ("gen.lock", "1\n")):
        (root / name).write_text(text)
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "one")
    return root


def told(result: Result) -> list[tuple[str, int]]:
    return [(violation.path, violation.line + 1) for violation in result.violations]


def changed(root: Path, ref: str = "HEAD") -> Result:
    changes = changes_since(root, ref, files_below(root, [root]))
    return check_changes(compile_root(root), root, changes, staged=False)


def staged(root: Path) -> Result:
    return check_changes(compile_root(root), root, staged_changes(root), staged=True)


def test_an_old_violation_does_not_count_wherever_it_moves(root: Path) -> None:
    assert told(check_all(compile_root(root), root, [root])) == [("a.py", 2)]
    assert changed(root).files == 0
    (root / "a.py").write_text("# more\n\ndef f():\n    b = eval('1')\n" + "c = 3\n")
    assert told(changed(root)) == []
    git(root, "mv", "-f", "a.py", "moved.py")
    assert told(changed(root)) == [("moved.py", 4)]  # moved and changed: git's ids no longer tell
    (root / "moved.py").write_text(ONE)
    assert told(changed(root)) == []


def test_a_second_copy_of_an_old_violation_counts(root: Path) -> None:
    (root / "a.py").write_text(ONE + "b = eval('1')\n")
    (root / "new.py").write_text("eval('2')\n")
    (root / "gen.lock").write_text("2\n")
    assert sorted(told(changed(root))) == [("a.py", 3), ("gen.lock", 1), ("new.py", 1)]


def test_staged_looks_at_the_index_not_at_the_work_tree(root: Path) -> None:
    (root / "b.py").write_text("eval('1')\n")
    assert told(staged(root)) == []
    git(root, "add", "b.py")
    (root / "b.py").write_text("x = 1\n")
    assert told(staged(root)) == [("b.py", 1)]


def test_windows_line_ends_are_no_change(root: Path) -> None:
    (root / "gen.lock").write_bytes(b"1\r\n")
    assert told(changed(root)) == []


def test_before_the_first_commit_everything_staged_is_new(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "AGENTS.md").write_text(AGENTS)
    (tmp_path / "a.py").write_text(ONE)
    git(tmp_path, "add", ".")
    assert told(staged(tmp_path)) == [("a.py", 2)]


@pytest.mark.parametrize("ref", ["nowhere", "--output=/tmp/x", "HEAD..HEAD", ""])
def test_what_is_no_commit_is_one_error(root: Path, ref: str) -> None:
    with pytest.raises(HunchError, match="no commit here"):
        changed(root, ref)


def test_nothing_that_the_repository_configures_is_run(root: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    touch = f"touch {mark}"
    script = tmp_path / "monitor"
    script.write_text(f"#!/bin/sh\n{touch}\n")
    script.chmod(0o755)
    for key in ("core.fsmonitor", "diff.external", "core.pager", "core.sshCommand", "core.editor"):
        git(root, "config", key, str(script))
    for key in ("filter.x.clean", "filter.x.smudge", "filter.x.process", "diff.x.textconv", "diff.x.command"):
        git(root, "config", key, touch)
    git(root, "config", "core.hooksPath", str(tmp_path))
    (root / ".gitattributes").write_text("*.py filter=x diff=x\n")
    (root / "a.py").write_text("eval('3')\n")
    assert told(changed(root)) == [("a.py", 1)]
    staged(root)
    assert not mark.exists()


def test_a_link_out_of_the_repository_is_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "d").mkdir()
    (root / "d" / "x.py").write_text("x = 1\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "two")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.py").write_text("eval('secret')\n")
    (root / "d" / "x.py").unlink()
    (root / "d").rmdir()
    (root / "d").symlink_to(outside)
    (root / "link.py").symlink_to(outside / "x.py")
    assert told(changed(root)) == []
    assert told(check_all(compile_root(root), root, [root])) == [("a.py", 2)]


@pytest.fixture
def again(root: Path, tmp_path: Path) -> Callable[[], list[tuple[str, int]]]:
    def check() -> list[tuple[str, int]]:
        book = compile_root(root)
        later = Remembered(tmp_path / "state", root, book.rules, now_ns=lambda: 1 << 62)
        return told(check_all(book, root, [root], later))

    return check


def test_what_is_remembered_is_right(root: Path, tmp_path: Path, again: Callable[[], list[tuple[str, int]]]) -> None:
    assert again() == again() == [("a.py", 2)]
    (root / "a.py").write_text("print(111)\n")
    assert again() == []
    (root / "AGENTS.md").write_text("- Never use `print`.\n")
    assert again()[-1] == ("a.py", 1)
    (file,) = (tmp_path / "state").iterdir()
    for damage in (b"", b"\xff" * 100, file.read_bytes()[:-5]):
        file.write_bytes(damage)
        assert again()[-1] == ("a.py", 1)
    assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_was_just_written_is_checked_again(root: Path, tmp_path: Path) -> None:
    book = compile_root(root)
    for text, expected in ((ONE, [("a.py", 2)]), ("a = 1\nb = dval('1')\n", [])):
        (root / "a.py").write_text(text)
        os.utime(root / "a.py", ns=(10**18, 10**18))
        remembered = Remembered(tmp_path / "state", root, book.rules, now_ns=lambda: 10**18 + 10**9)
        assert told(check_all(book, root, [root], remembered)) == expected
