"""Reads git's output as it comes, with a limit on time and on the length of each piece.

Git is asked as `hunch_features.git` does: nothing that the repository's own configuration names is started.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from hunch_features.git import git_command
from hunch_models.errors import HunchError

CHUNK = 1 << 18
MAX_PIECE = 1 << 16
"""Bytes kept of one piece (a path, a message, a line of a diff); the rest of it is dropped."""


def pieces(
    root: Path, arguments: Sequence[str], separator: bytes, *, timeout_s: float, settings: Sequence[str] = ()
) -> Iterator[bytes]:
    """Output of a git command, cut at `separator`; `settings` are git's own `-c name=value`.

    Raises HunchError where git fails or takes too long.
    """
    command, environment = git_command(root, [*settings, *arguments])
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors
            )
        except OSError as error:
            raise HunchError(f"git cannot be started: {error.strerror or error}", "look at your PATH") from error
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(timeout_s, end)
        timer.daemon = True
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            yield from _cut(process.stdout, separator)
            ended = process.wait()
        finally:
            timer.cancel()
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        if late.is_set():
            raise HunchError(f"git {arguments[0]} took longer than {timeout_s:.0f} s", "try again")
        if ended:
            errors.seek(0)
            said = errors.read(2000).decode("utf-8", "replace").strip().splitlines()
            raise HunchError(f"git {arguments[0]}: {said[-1][:300] if said else ended}", "is this a repository?")


def _cut(stream: IO[bytes], separator: bytes) -> Iterator[bytes]:
    rest = b""
    while chunk := os.read(stream.fileno(), CHUNK):
        *whole, rest = (rest + chunk).split(separator)
        for piece in whole:
            yield piece[:MAX_PIECE]
        rest = rest[:MAX_PIECE]
    if rest:
        yield rest
