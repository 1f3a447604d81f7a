"""Real `hunch` processes with a state folder of their own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hunch_server.adapters.editor import server_command

HUNCH = server_command()[:-2]
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


def environment(home: Path, **more: str) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("HUNCH_")}
    fixed = {"HUNCH_MODEL_THREADS": "1", "HUNCH_MODEL_GPU_LAYERS": "0", "HUNCH_MODEL_EXTRA_BUFFERS": "off"}
    return {**clean, "HUNCH_HOME": str(home), "NO_COLOR": "1", **fixed, **more}


@pytest.fixture
def hunch(tmp_path: Path) -> Run:
    """Run a command line in an empty folder with a state folder of its own."""
    folder = tmp_path / "here"
    folder.mkdir()

    def run(*arguments: str | Path, cwd: Path = folder, timeout: float = 60, **more: str) -> Done:
        return subprocess.run(  # noqa: PLW1510 (exit codes are what is tested)
            [*HUNCH, *map(str, arguments)],
            cwd=cwd,
            env=environment(tmp_path / "home", **more),
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            stdin=subprocess.DEVNULL,
        )

    return run


def one_line(done: Done) -> str:
    """The complaint: one line, nothing on stdout, no traceback, exit code 2."""
    assert done.returncode == 2, done
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("hunch: ")
    return lines[0]
