"""Stands between an editor and a language server: passes every byte on and writes every message down, one per line.

`python recorder.py LOG COMMAND…`. A line is `{"from": "client" | "server", "at": seconds, "message": {…}}`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TextIO


class Frames:
    """Cuts a stream of LSP frames into messages."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> list[object]:
        """The messages that are complete now."""
        self._buffer += data
        messages: list[object] = []
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            fields = (line.split(b":", 1) for line in self._buffer[:end].split(b"\r\n") if b":" in line)
            headers = {name.strip().lower(): value for name, value in fields}
            start, length = end + 4, int(headers[b"content-length"])
            if len(self._buffer) < start + length:
                break
            messages.append(json.loads(self._buffer[start : start + length]))
            self._buffer = self._buffer[start + length :]
        return messages


def pump(source: IO[bytes], target: IO[bytes], side: str, log: TextIO, lock: threading.Lock) -> None:
    """Pass `source` on to `target` until it ends, then close `target`."""
    frames = Frames()
    while data := source.read1(1 << 16):  # type: ignore[attr-defined]
        target.write(data)
        target.flush()
        for message in frames.feed(data):
            with lock:
                log.write(json.dumps({"from": side, "at": time.time(), "message": message}) + "\n")
                log.flush()
    target.close()


def main(log_path: Path, command: list[str]) -> int:
    """Run `command` between stdin and stdout; its exit status."""
    lock = threading.Lock()
    with log_path.open("a", encoding="utf-8") as log:
        server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert server.stdin is not None
        assert server.stdout is not None
        threading.Thread(target=pump, args=(sys.stdin.buffer, server.stdin, "client", log, lock), daemon=True).start()
        pump(server.stdout, sys.stdout.buffer, "server", log, lock)
        return server.wait()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
