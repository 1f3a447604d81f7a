"""Asks git about a repository without letting the repository run anything: no hooks, filters, pagers or monitors.

A repository's own configuration can name programs that git starts. Everything of that kind which the commands used here
know is switched off; output and time are bounded.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hunch_models.errors import HunchError

TIMEOUT_S = 20.0
MAX_OUTPUT = 64 << 20
SAFE = (
    "-c", "core.fsmonitor=false",
    "-c", f"core.hooksPath={os.devnull}",
    "-c", "core.pager=cat",
    "-c", "core.quotePath=false",
    "-c", "diff.external=",
    "-c", "protocol.allow=never",
    "-c", "log.showSignature=false",
    "-c", "submodule.recurse=false",
)  # fmt: skip


def git_command(root: Path, arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The whole command line and its environment, for those who read git's output as it comes. Raises HunchError."""
    git = shutil.which("git")
    if git is None or not Path(git).is_absolute() or Path(git).is_relative_to(root):
        raise HunchError("git is not on the PATH", "install it")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment = {
        **kept,
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_ATTR_NOSYSTEM": "1",
        "LC_ALL": "C",
    }
    return [git, "--no-pager", *SAFE, "-C", str(root), *arguments], environment


def run_git(root: Path, arguments: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> bytes:
    """Output of a git command that only reads. Raises HunchError without git, and when it fails or takes too long."""
    command, environment = git_command(root, arguments)
    # Git may say a lot: to a file, so that neither it nor this process has to hold or drain a pipe.
    with tempfile.TemporaryFile() as out:
        try:
            ended = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.PIPE,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise HunchError(f"git {arguments[0]} took longer than {timeout_s:.0f} s", "try again") from error
        except OSError as error:
            raise HunchError(f"git cannot be started: {error.strerror or error}", "look at your PATH") from error
        if ended.returncode:
            said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
            raise HunchError(
                f"git {arguments[0]}: {said[0][:300] if said else ended.returncode}", "is this a repository?"
            )
        out.seek(0)
        data = out.read(MAX_OUTPUT + 1)
    if len(data) > MAX_OUTPUT:
        raise HunchError(f"git {arguments[0]} said more than {MAX_OUTPUT >> 20} MiB", "ask for less")
    return data
