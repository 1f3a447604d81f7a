"""A process that reads and parses files one by one and can be ended when one of them takes too long.

Tree-sitter's own limits do not hold everywhere: at the end of some broken files it works for minutes without asking
whether it should stop, and holds Python's lock while it does. Only another process can be stopped for sure.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from hunch_features.memory.parsing import Result, be_modest, parse_files
from hunch_features.memory.walk import FoundFile

FILE_LIMIT_S = 5.0
"""A file of the largest size that is indexed parses in 0.2 s."""
START_LIMIT_S = 30.0

Parse = Callable[[str, list[FoundFile]], Result]


def _serve(connection: Connection, parse: Parse) -> None:
    be_modest()
    connection.send("ready")
    while True:
        try:
            root, files = connection.recv()
        except (EOFError, OSError):
            return
        for found in files:
            connection.send(parse(root, [found])[0][1])


class ParseWorker:
    """One such process, started when first needed and again after it had to be ended. Not for several threads."""

    def __init__(self, limit_s: float | None = None, parse: Parse = parse_files) -> None:
        self._limit_s = limit_s
        self._parse = parse
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def parse(self, root: str, files: list[FoundFile]) -> Result:
        """Rows of every file, or the reason why there are none."""
        results: Result = []
        while len(results) < len(files):
            waiting = files[len(results) :]
            connection = self._start()
            if connection is None:
                return [*results, *((found, "no process to parse it in") for found in waiting)]
            try:
                connection.send((root, waiting))
                for found in waiting:
                    if not connection.poll(self._limit_s or FILE_LIMIT_S):
                        results.append((found, "parsing took too long"))
                        self.close()
                        break
                    results.append((found, connection.recv()))
            except (EOFError, OSError):
                results.append((files[len(results)], "parser crashed"))
                self.close()
        return results

    def _start(self) -> Connection | None:
        """The connection to a process that is ready; None where none can be started."""
        if self._connection is None or self._process is None or not self._process.is_alive():
            self.close()
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs, self._parse), daemon=True)
            process.start()
            self._process = process
            theirs.close()
            try:
                if not self._connection.poll(START_LIMIT_S):
                    raise EOFError
                self._connection.recv()
            except (EOFError, OSError):
                self.close()
                return None
        return self._connection

    def close(self) -> None:
        """End the process at once."""
        process, self._process = self._process, None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        if process is not None:
            process.kill()
            process.join()
