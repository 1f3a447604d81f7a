"""A real repository with a real remote, real small programs, and the guard installed by the real command."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hunch_features.guard.shims import install
from hunch_server.commands.guard import paths
from tests.server.conftest import HUNCH, Done, environment

if os.name == "nt":
    collect_ignore = ["test_shims.py", "test_hostile.py"]

RULES = """# Rules

- Never force-push.
- Use `pnpm`, never `npm`.
- Do not use `--no-verify`.
- Prefer `uv` over `poetry`.
"""
GIT = {
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
}


@dataclass
class Guarded:
    """A folder with a home, a repository and programs; `run` starts commands as with the shims on PATH."""

    base: Path

    @property
    def home(self) -> Path:
        return self.base / "state" / "home"

    @property
    def shims(self) -> Path:
        return self.home / "shims"

    @property
    def repo(self) -> Path:
        return self.base / "repo"

    def environment(self, **more: str) -> dict[str, str]:
        path = os.pathsep.join(map(str, (self.shims, self.base / "programs", *os.environ["PATH"].split(os.pathsep))))
        kept = {key: value for key, value in environment(self.home).items() if not key.startswith("GIT_")}
        return {**kept, **GIT, "HOME": str(self.base / "person"), "PATH": path, **more}

    def run(self, command: str | Sequence[str], cwd: Path | None = None, **more: str) -> Done:
        words = shlex.split(command) if isinstance(command, str) else list(command)
        shim = self.shims / words[0]
        return subprocess.run(
            [shim if shim.exists() else words[0], *words[1:]],
            cwd=cwd or self.repo,
            env=self.environment(**more),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )

    def hunch(self, *arguments: str, cwd: Path | None = None, **more: str) -> Done:
        return self.run([*HUNCH, *arguments], cwd, **more)

    def json(self, *arguments: str, cwd: Path | None = None) -> Any:
        return json.loads(self.hunch(*arguments, cwd=cwd).stdout)

    def program(self, name: str, text: str) -> Path:
        """A small real program on PATH, behind the shims."""
        path = self.base / "programs" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def rules(self, text: str, folder: Path | None = None, name: str = "AGENTS.md") -> Path:
        path = (folder or self.repo) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        settled(path)
        return path

    def log(self) -> list[dict[str, Any]]:
        path = self.home / "guard.log"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


_ages = iter(range(1_000_000))


def settled(path: Path) -> None:
    """As if the file had been written long ago, each time at another moment: what is young is never kept in tables."""
    moment = time.time() - 1_000_000 + next(_ages)
    os.utime(path, (moment, moment))


def git(folder: Path, *arguments: str) -> str:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env={**kept, **GIT}, check=True, capture_output=True, encoding="utf-8"
    )
    return done.stdout.strip()


@pytest.fixture
def bare_guard(tmp_path: Path) -> Guarded:
    """A repository with a remote and programs, no guard yet."""
    made = Guarded(tmp_path)
    for folder in ("state", "programs", "person", "repo"):
        (tmp_path / folder).mkdir()
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(made.repo, "init", "-q", "-b", "main")
    git(made.repo, "remote", "add", "origin", str(tmp_path / "remote.git"))
    made.rules(RULES)
    git(made.repo, "add", ".")
    git(made.repo, "commit", "-q", "-m", "first")
    git(made.repo, "push", "-q", "-u", "origin", "main")
    for name in ("npm", "pnpm", "poetry"):
        made.program(name, f'printf "{name}:"; printf "<%s>" "$@"; printf "\\n"; exit 7')
    return made


@pytest.fixture
def guarded(bare_guard: Guarded) -> Guarded:
    """The same with shims for what the rules forbid, and for one program more."""
    install(paths(bare_guard.home), bare_guard.shims, {"git", "npm", "pnpm", "poetry"}, monitor=False)
    return bare_guard
