"""The `hunch` command. Imports nothing heavy before the workspace is off the import path."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def drop_workspace_from_import_path() -> None:
    """Remove the current folder and PYTHONPATH entries from `sys.path`.

    The console script has no `-I`; without this an `attr.py` in the workspace would be imported.
    """
    if sys.flags.isolated:
        return
    unsafe = {os.path.realpath(p or ".") for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p}
    unsafe.add(os.path.realpath("."))
    own = {str(Path(__file__).resolve().parents[1])}
    sys.path[:] = [p for p in sys.path if p and (os.path.realpath(p) not in unsafe or p in own)]


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code (0 fine, 1 found something, 2 bad use or input)."""
    drop_workspace_from_import_path()
    from hunch_server.commands import run  # noqa: PLC0415 - only after the import path is safe

    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
