"""Standard input and output, each with a thread of its own: neither a silent nor a slow client stops the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import queue
import threading
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO

log = logging.getLogger(__name__)

CHUNK = 1 << 16
CHUNKS_AHEAD = 16
"""Chunks that are read before the event loop has taken them: then the client has to wait."""
MAX_UNREAD_BYTES = 256 << 20
"""Answers that a client leaves unread before it is taken for gone."""
FLUSH_TIMEOUT_S = 2.0


async def chunks(source: BinaryIO) -> AsyncIterator[bytes]:
    """What comes from a blocking stream, until its end."""
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes] = asyncio.Queue()
    room = threading.Semaphore(CHUNKS_AHEAD)
    descriptor = source.fileno()

    def read() -> None:
        while True:
            try:
                data = os.read(descriptor, CHUNK)
            except OSError:
                data = b""
            room.acquire()
            try:
                loop.call_soon_threadsafe(arrived.put_nowait, data)
            except RuntimeError:  # the loop has ended
                return
            if not data:
                return

    # A daemon: nothing can wake a thread that waits for a client.
    threading.Thread(target=read, name="stdin", daemon=True).start()
    while data := await arrived.get():
        room.release()
        yield data


class ThreadedWriter:
    """Writes in order on a thread. `gone` is called, on that thread, once the client cannot be reached any more."""

    def __init__(self, sink: BinaryIO, gone: Callable[[], None]) -> None:
        self._sink = sink
        self._gone = gone
        self._waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._unread = 0
        self._lock = threading.Lock()
        self._broken = False
        self._thread = threading.Thread(target=self._run, name="stdout", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Put bytes in line; returns at once."""
        with self._lock:
            if self._broken:
                return
            self._unread += len(data)
            overfull = self._unread > MAX_UNREAD_BYTES
            self._broken = overfull
        if overfull:
            log.error("the client does not read its answers: giving up")
            self._gone()
            return
        self._waiting.put(data)

    def close(self) -> None:
        """Write what is in line, for a moment, and end."""
        self._waiting.put(None)
        self._thread.join(FLUSH_TIMEOUT_S)

    def _run(self) -> None:
        try:
            while (data := self._waiting.get()) is not None:
                self._sink.write(data)
                if self._waiting.empty():
                    self._sink.flush()
                with self._lock:
                    self._unread -= len(data)
            self._sink.flush()
        except (OSError, ValueError):
            with self._lock:
                self._broken = True
            with contextlib.suppress(RuntimeError):  # the loop may have ended
                self._gone()
