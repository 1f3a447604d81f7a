"""A repository that names programs for git to run: none of them runs."""

from __future__ import annotations

import contextlib
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hunch_features.memory.history.history import History
from tests.memory.test_history import Repository, both, pairs

KEYS = (
    "core.fsmonitor", "core.pager", "core.sshCommand", "core.editor", "core.askPass", "core.gitProxy", "diff.external",
    "diff.python.command", "diff.python.textconv", "diff.evil.command", "diff.evil.textconv", "gpg.program",
    "gpg.ssh.program", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "pager.log", "alias.log",
    "credential.helper", "interactive.diffFilter", "sequence.editor",
)  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="the program is a shell script")
@pytest.mark.parametrize("subject_of", ["worktree", "bare"])
def test_no_program_of_the_repository_is_started(tmp_path: Path, subject_of: str) -> None:
    repository = Repository(tmp_path / "repo")
    repository.commit("One", both(1, "a.py", "b.py", "c.md"))
    attributes = {".gitattributes": "* diff=evil filter=evil\n*.py diff=python\n"}
    repository.commit("Two", {**both(2, "a.py", "b.py", "c.md"), **attributes})
    _sign(repository)
    root = repository.root
    if subject_of == "bare":
        root = tmp_path / "bare.git"
        repository.git("clone", "-q", "--bare", str(repository.root), str(root))
        (root / "info").mkdir(exist_ok=True)
        (root / "info" / "attributes").write_text("* diff=evil filter=evil\n", encoding="utf-8")
    trace = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$0 $@" >> "{trace}"\ncat "$1" 2>/dev/null\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "reference-transaction", "pre-auto-gc", "post-checkout"):
        (hooks / hook).symlink_to(program)
    for key in KEYS:
        repository.git("--git-dir", str(root if subject_of == "bare" else root / ".git"), "config", key, str(program))
    configuration = root / ("config" if subject_of == "bare" else ".git/config")
    with configuration.open("a", encoding="utf-8") as stream:
        stream.write(
            f"[core]\n\thooksPath = {hooks}\n[log]\n\tshowSignature = true\n"
            "[diff]\n\tsubmodule = diff\n\trenames = copies\n"
            "\tnoprefix = true\n\tmnemonicPrefix = true\n[color]\n\tui = always\n[format]\n\tpretty = oneline\n"
            '[protocol "ext"]\n\tallow = always\n[remote "origin"]\n\tpromisor = true\n'
            f"\turl = ext::{program}\n\tuploadpack = {program}\n"
        )
    with contextlib.suppress(subprocess.CalledProcessError):
        repository.git("-C", str(root), "log", "-p")
    assert trace.exists()  # the traps work: git alone springs them
    trace.unlink()
    history = History(root, tmp_path / "home")
    assert history.refresh().commits == 2
    assert pairs(history, "a.py") == {"b.py": (2, 2), "c.md": (2, 2), ".gitattributes": (1, 2)}
    history.close()
    assert not trace.exists(), trace.read_text(encoding="utf-8")


def _sign(repository: Repository) -> None:
    """Give the newest commit something like a signature: git asks `gpg.program` about it when it may."""
    head, message = repository.git("cat-file", "commit", "HEAD").split("\n\n", 1)
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----"
    path = repository.root / ".git" / "signed"
    path.write_text(f"{head}\n{signature}\n\n{message}\n", encoding="utf-8", newline="\n")
    repository.git("update-ref", "refs/heads/main", repository.git("hash-object", "-t", "commit", "-w", str(path)))


def test_missing_objects_are_not_fetched(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repo")
    repository.commit("One", {"a.py": "some text\n" * 20, "b.py": "1"})
    blob = repository.git("rev-parse", "HEAD:a.py")
    repository.commit("Two", both(2, "a.py", "b.py"))
    (repository.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    trace = tmp_path / "ran"
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::sh -c touch% {trace}"),
        ("protocol.ext.allow", "always"),
    ):
        repository.git("config", key, value)
    history = History(repository.root, tmp_path / "home")
    mined = history.refresh()
    assert mined.commits == 2
    assert "partial clone" in mined.notes[0]
    assert pairs(history, "a.py") == {"b.py": (2, 2)}
    history.close()
    assert not trace.exists()
