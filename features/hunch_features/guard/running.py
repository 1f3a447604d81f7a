"""Finds the real program behind a shim and runs it in place of this process."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from hunch_features.guard.shims import MARKER
from hunch_features.guard.windows import batch_line, is_batch, programs

NOT_FOUND = 127
NOT_EXECUTABLE = 126


def real_program(name: str, path: str | None = None) -> str | None:
    """The program that a shell would run if there were no shims; None without one. A name with a slash is itself."""
    if os.path.dirname(name):  # noqa: PTH120
        return name
    folders = (os.environ.get("PATH", os.defpath) if path is None else path).split(os.pathsep)
    kept = [folder or os.curdir for folder in folders]
    kept = [folder for folder in kept if not os.path.exists(os.path.join(folder, MARKER))]  # noqa: PTH110, PTH118
    if os.name == "nt":
        return next(programs(name, kept, os.environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD"), os.path.isfile), None)
    return shutil.which(name, path=os.pathsep.join(kept)) if kept else None


def run(command: Sequence[str]) -> int:
    """Run the real program; on POSIX this process becomes it. Returns its exit code, or 126 and 127 as a shell does."""
    program = real_program(command[0])
    if program is None:
        return NOT_FOUND
    try:
        if os.name == "posix":
            os.execv(program, [program, *command[1:]])  # noqa: S606 - what the person asked for
        if is_batch(program):
            system = os.environ.get("SystemRoot", "C:/Windows")  # noqa: SIM112 - its name there
            line = batch_line(program, command[1:])
            return subprocess.run(line, executable=f"{system}/System32/cmd.exe", check=False).returncode
        return subprocess.run([program, *command[1:]], check=False).returncode
    except FileNotFoundError:
        return NOT_FOUND
    except (OSError, ValueError):
        return NOT_EXECUTABLE
