"""LSP's base protocol without any input or output: bytes in, bodies of messages (or what was wrong) out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_MESSAGE_BYTES = 64 << 20
"""Longest body; a document that Hunch follows has 5,000,000 characters, at most 30 MB as escaped JSON."""
MAX_HEADER_BYTES = 8 << 10

# Searched at the end of a line, not matched against all of it: after a body longer than its header said, the rest of
# it stands right before the next header.
_LENGTH = re.compile(rb"content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
_HEADER_END = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Broken:
    """Bytes that are no message, and why."""

    why: str


class Framer:
    """Cuts a stream into bodies. What is broken is told once and skipped up to where a header can begin again."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._wanted: int | None = None  # length of the body that comes now
        self._skip = 0  # bytes of a body that is too long
        self._lost = False  # inside bytes without a header

    def feed(self, data: bytes) -> Iterator[bytes | Broken]:
        """Take bytes as they come and yield what they complete."""
        self._buffer += data
        while True:
            if self._skip:
                gone = min(self._skip, len(self._buffer))
                del self._buffer[:gone]
                self._skip -= gone
                if self._skip:
                    return
            if self._wanted is None:
                broken = self._header()
                if broken is not None:
                    yield broken
                    continue
                if self._wanted is None:
                    return
            if len(self._buffer) < self._wanted:
                return
            body = bytes(self._buffer[: self._wanted])
            del self._buffer[: self._wanted]
            self._wanted = None
            yield body

    def _header(self) -> Broken | None:
        """Take one header off the buffer, if it is there; sets `_wanted` or `_skip`."""
        blank = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
        del self._buffer[:blank]
        end = _HEADER_END.search(self._buffer)
        if end is None:
            if len(self._buffer) <= MAX_HEADER_BYTES:
                return None
            # No header is that long: keep only what could be the beginning of one.
            del self._buffer[: -len("\r\n\r")]
            lost, self._lost = self._lost, True
            return None if lost else Broken("bytes without a header")
        header = bytes(self._buffer[: end.start()])
        del self._buffer[: end.end()]
        self._lost = False
        lengths = _LENGTH.findall(header)
        if not lengths:
            return Broken("a header without Content-Length")
        length = int(lengths[-1])
        if length > MAX_MESSAGE_BYTES:
            self._skip = length
            return Broken(f"a message of {length} bytes; at most {MAX_MESSAGE_BYTES} are taken")
        self._wanted = length
        return None


def frame(body: bytes) -> bytes:
    """A body with its header."""
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
