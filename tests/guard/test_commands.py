"""`hunch guard` as a person or a script uses it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from hunch_features.guard import log
from hunch_features.guard.shims import NEVER, shim_files, why_never
from hunch_server.commands.guard import paths, profile_line
from tests.guard.conftest import Guarded

SECRET = "ghp_" + "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5"


def test_install_status_uninstall(bare_guard: Guarded) -> None:
    before = bare_guard.json("guard", "status", "--json")
    assert not before["installed"]
    assert {rule["why"] for rule in before["rules"]} == {"no shim yet: `hunch guard install`"}
    done = bare_guard.hunch("guard", "install", PATH="/usr/bin:/bin")
    assert f"export PATH={bare_guard.shims}:" in done.stdout.replace("\n", "")
    assert sorted(path.name for path in bare_guard.shims.iterdir()) == [".hunch-shims", "git", "npm", "poetry"]
    after = bare_guard.json("guard", "status", "--json")
    assert after["installed"]
    assert after["first_on_path"]
    assert after["shims"] == ["git", "npm", "poetry"]
    assert all(rule["guarded"] for rule in after["rules"])
    assert [rule["command"] for rule in after["rules"]] == ["git push --force", "npm", "git --no-verify", "poetry"]
    assert bare_guard.run("npm x").returncode == 126
    shown = bare_guard.hunch("guard", "status").stdout
    assert "Use `pnpm`, never `npm`." in shown
    assert "refused" in shown
    assert bare_guard.hunch("guard", "uninstall").returncode == 0
    left = [path for path in bare_guard.home.rglob("*") if path.is_file()] if bare_guard.home.exists() else []
    assert left == []
    assert not bare_guard.shims.exists()
    assert bare_guard.hunch("guard", "uninstall").returncode == 0


def test_uninstall_leaves_what_is_not_ours(bare_guard: Guarded) -> None:
    own = bare_guard.base / "own"
    assert bare_guard.hunch("guard", "install", "--shims", str(own)).returncode == 0
    (own / "mine").write_text("mine")
    done = bare_guard.hunch("guard", "uninstall")
    assert "mine" in done.stderr
    assert [path.name for path in own.iterdir()] == ["mine"]
    done = bare_guard.hunch("guard", "install", "--shims", str(own))
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_shells_and_interpreters_are_never_shimmed(bare_guard: Guarded) -> None:
    names = ("bash", "python3", "sudo", "node", "env")
    bare_guard.rules("".join(f"- Never run `{name}`.\n" for name in names))
    programs = "".join(
        f'[[rule]]\nid = "r-{name}"\ntext = "No {name}."\ncheck = {{ type = "forbid_command", program = "{name}" }}\n'
        for name in names
    )
    bare_guard.rules(programs, name=".hunch/rules.toml")
    done = bare_guard.hunch("guard", "install")
    for name in names:
        assert f"not guarded: {name}: shells, interpreters" in done.stderr
    assert not [path for path in bare_guard.shims.iterdir() if path.name in names]


def test_none_of_the_forbidden_names_gets_a_shim() -> None:
    assert all(why_never(name.rstrip("*")) for name in NEVER)
    assert all(
        why_never(name) for name in ("python3.12", "perl5.36", "pypy3", "ruby3.2", "bash.exe", "../git", "a/b", "")
    )
    assert not any(why_never(name) for name in ("git", "npm", "terraform", "docker-compose", "alembic"))


def test_exec_decides_and_runs(guarded: Guarded) -> None:
    done = guarded.hunch("guard", "exec", "--dry-run", "--json", "--", "git", "push", "--force")
    document = json.loads(done.stdout)
    assert done.returncode == 1
    assert document["allowed"] is False
    assert document["rule_id"]
    assert "Never force-push." in document["message"]
    done = guarded.hunch("guard", "exec", "--dry-run", "--json", "--", "git", "status")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"allowed": True, "rule_id": None, "message": None})
    done = guarded.hunch("guard", "exec", "--", "pnpm", "--json", "x")
    assert (done.returncode, done.stdout) == (7, "pnpm:<--json><x>\n")
    assert guarded.hunch("guard", "exec", "--", "npm", "x").returncode == 126
    assert guarded.hunch("guard", "exec", "--", "/usr/local/npm", "x").returncode == 126
    done = guarded.hunch("guard", "exec", "--", "no-such-program")
    assert (done.returncode, done.stderr) == (127, "no-such-program: command not found\n")
    assert guarded.hunch("guard", "exec").returncode == 2


def test_a_dry_run_leaves_no_trace(bare_guard: Guarded) -> None:
    bare_guard.hunch("guard", "exec", "--dry-run", "--", "npm", "x")
    assert not bare_guard.home.exists()


def test_the_log_keeps_refusals_without_secrets_and_nothing_else(guarded: Guarded) -> None:
    guarded.run("pnpm install")
    guarded.run("git status")
    guarded.run(["npm", "publish", "--token", SECRET, "https://me:hunter22@example.org"])
    (entry,) = guarded.log()
    assert entry["event"] == "refused"
    assert entry["command"].startswith("npm publish --token <secret")
    text = (guarded.home / "guard.log").read_text()
    assert SECRET not in text
    assert "hunter22" not in text
    assert stat.S_IMODE((guarded.home / "guard.log").stat().st_mode) == 0o600


def test_the_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MAX_BYTES", 2_000)
    for number in range(200):
        log.write(tmp_path, "refused", {"number": number})
    assert sum(path.stat().st_size for path in log.log_files(tmp_path)) <= 4_000
    assert [entry["number"] for entry in log.last(tmp_path, 3, ["refused"])] == [197, 198, 199]


def test_everything_is_private(guarded: Guarded) -> None:
    guarded.run("npm x")
    for path in (guarded.home / "guard", guarded.shims):
        assert not path.stat().st_mode & 0o077


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        ("bash", "export PATH='/a b/it'\"'\"'s':\"$PATH\""),
        ("fish", "set -gx PATH '/a b/it\\'s' $PATH"),
        ("pwsh", "$env:PATH = '/a b/it''s' + [IO.Path]::PathSeparator + $env:PATH"),
    ],
)
def test_lines_for_the_profile(shell: str, line: str) -> None:
    assert profile_line(Path("/a b/it's"), shell) == line


def test_the_batch_file_of_windows_calls_python_with_everything_quoted(tmp_path: Path) -> None:
    files = shim_files(tmp_path / "git", "git", paths(tmp_path / "100%"), monitor=False, windows=True)
    (_, (path, text)) = files
    assert path.name == "git.cmd"
    assert text.splitlines()[1].startswith('@"')
    assert '"guard" "exec" "--" "git" %*' in text
    assert os.linesep != "\r\n" or text.count("\r\n") == 3
