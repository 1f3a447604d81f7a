"""A worker process seen from the server: started isolated, spoken to in messages, ended for certain.

Time limits use `asyncio.timeout`: up to Python 3.11 `asyncio.wait_for` can lose a cancellation, and `stop` with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import subprocess
import sys
from collections import deque
from pathlib import Path

from hunch_models.llama import wire

log = logging.getLogger(__name__)

LAUNCHER = Path(__file__).resolve().with_name("launcher.py")

TERMINATE_GRACE_S = 0.3
"""How long a process may take to end after being asked to."""

CRASH_SIGNALS = ("SIGSEGV", "SIGILL", "SIGBUS", "SIGABRT", "SIGFPE")


class WorkerProcess:
    """One process. `receive` gives its messages; None when it has ended."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        stdin: asyncio.StreamWriter,
        stdout: asyncio.StreamReader,
        stderr: asyncio.StreamReader,
    ) -> None:
        self._process = process
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self.last_words: deque[str] = deque(maxlen=20)
        """The latest lines it wrote to stderr."""
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def spawn(cls, folder: Path) -> WorkerProcess:
        """Start a process that has `folder` as its current folder. Raises OSError."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        # OpenMP threads that spin while they wait make a token take 0.6 ms on idle cores, but up to a second
        # when another process wants one of them; sleeping ones need 1 ms and stay there.
        environment.setdefault("OMP_WAIT_POLICY", "passive")
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(LAUNCHER),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        streams = (process.stdin, process.stdout, process.stderr)
        if streams[0] is None or streams[1] is None or streams[2] is None:
            raise OSError("the process has no pipes")
        return cls(process, streams[0], streams[1], streams[2])

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; on POSIX the negative signal that ended it."""
        return self._process.returncode

    def send(self, message: wire.Request) -> None:
        """Write a message. Nothing happens when the process is gone: `receive` tells."""
        if not self._stdin.is_closing():
            self._stdin.write(wire.frame(message))

    async def receive(self) -> wire.Response | None:
        """The next message; None when it has ended. Raises WireError when it does not keep to the protocol."""
        try:
            header = await self._stdout.readexactly(wire.HEADER.size)
            length = wire.checked_length(wire.HEADER.unpack(header)[0])
            body = await self._stdout.readexactly(length)
        except (asyncio.IncompleteReadError, OSError):
            return None
        return wire.parse_response(body)

    async def end(self) -> int:
        """Make sure that the process is gone, gently at first; return its exit code."""
        with contextlib.suppress(OSError, RuntimeError):
            self._stdin.close()
        for stop in (self._process.terminate, self._process.kill):
            if self._process.returncode is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                stop()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TERMINATE_GRACE_S):
                    await self._process.wait()
        code = await self._process.wait()
        with contextlib.suppress(TimeoutError):  # a stray child may hold stderr open
            async with asyncio.timeout(TERMINATE_GRACE_S):
                await self._listening
        return code

    async def wait(self) -> int:
        """The exit code of a process that is about to end by itself; ended by force after a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(TERMINATE_GRACE_S):
                await self._process.wait()
        return await self.end()

    async def _listen(self) -> None:
        while True:
            try:
                line = await self._stderr.readline()
            except ValueError:  # a line longer than the stream's buffer
                continue
            except OSError:
                return
            if not line:
                return
            text = line.decode("utf-8", "replace").rstrip()
            if text:
                self.last_words.append(text[:500])
                log.debug("worker %d: %s", self.pid, text[:500])


def describe_exit(code: int) -> str:
    """An exit code in words."""
    if code < 0 and os.name == "posix":
        return f"killed by {_signal_name(-code)}"
    return f"exit code {code & 0xFFFFFFFF:#x}" if code < 0 or code > 255 else f"exit code {code}"


def is_crash(code: int) -> bool:
    """Whether native code failed, as opposed to somebody ending the process."""
    if os.name == "posix":
        return code < 0 and _signal_name(-code) in CRASH_SIGNALS
    return (code & 0xFFFFFFFF) >= 0xC0000000  # NTSTATUS of severity error


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
