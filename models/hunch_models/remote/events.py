"""Server-sent events from a byte stream, with bounds: bytes in any pieces in, the events' data out."""

from __future__ import annotations

from hunch_models.errors import BackendError

MAX_STREAM_BYTES = 4 * 1024 * 1024
"""A whole answer may be this long: 256 tokens take about 100 KiB with all that servers add."""
MAX_EVENT_BYTES = 1024 * 1024


class EventReader:
    """Cuts a stream into events (WHATWG HTML, section 9.2): only `data` counts, comments are skipped."""

    def __init__(self) -> None:
        self._seen = 0
        self._line = bytearray()
        self._data: list[bytes] = []
        self._data_bytes = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """Take more bytes; return the data of every event that is complete now.

        Raises BackendError when the answer or one event in it is too long.
        """
        self._seen += len(chunk)
        if self._seen > MAX_STREAM_BYTES:
            raise BackendError(f"the answer is longer than {MAX_STREAM_BYTES // 1024} KiB")
        events: list[bytes] = []
        # A lone CR ends no line here: no known server sends one, and JSON holds none.
        *complete, rest = (bytes(self._line) + chunk).split(b"\n")
        for line in complete:
            self._take(line.removesuffix(b"\r"), events)
        self._line = bytearray(rest)
        if len(self._line) + self._data_bytes > MAX_EVENT_BYTES:
            raise BackendError(f"one event of the answer is longer than {MAX_EVENT_BYTES // 1024} KiB")
        return events

    def _take(self, line: bytes, events: list[bytes]) -> None:
        if not line:
            if self._data:
                events.append(b"\n".join(self._data))
            self._data, self._data_bytes = [], 0
        elif line.startswith(b"data:"):
            data = line[len(b"data:") :].removeprefix(b" ")
            self._data.append(data)
            self._data_bytes += len(data)
