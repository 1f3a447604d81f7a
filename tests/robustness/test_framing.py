"""Bodies are found in a stream however it is cut, and what is no message costs neither memory nor the next one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_server.transport.framing import MAX_MESSAGE_BYTES, Broken, Framer, frame


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_bodies_are_cut_out_wherever_the_stream_breaks(size: int) -> None:
    stream = (
        frame(b"one")
        + b"content-length:5\nContent-Type: x\n\nthree"
        + b"\r\n\r\n"
        + frame(b"")
        + b"garbage\r\n\r\n"
        + frame(b"four")
        + b"rest of a body" + frame(b"five")
    )  # fmt: skip
    framer = Framer()
    found = [item for start in range(0, len(stream), size) for item in framer.feed(stream[start : start + size])]
    assert [item for item in found if isinstance(item, bytes)] == [b"one", b"three", b"", b"four", b"five"]
    assert [item for item in found if isinstance(item, Broken)] == [Broken("a header without Content-Length")]


def test_endless_bytes_without_a_header_are_not_kept() -> None:
    framer = Framer()
    found = [item for _ in range(1000) for item in framer.feed(b"x" * 10_000)]
    assert found == [Broken("bytes without a header")]
    assert len(framer._buffer) < 10_000
    assert list(framer.feed(b"\r\n\r\n" + frame(b"ok")))[-1] == b"ok"


def test_a_body_beyond_the_limit_is_skipped() -> None:
    framer = Framer()
    (broken,) = framer.feed(b"Content-Length: %d\r\n\r\n" % (MAX_MESSAGE_BYTES + 5))
    assert isinstance(broken, Broken)
    for _ in range(MAX_MESSAGE_BYTES >> 20):
        assert list(framer.feed(b" " * (1 << 20))) == []
        assert len(framer._buffer) == 0
    assert list(framer.feed(b"12345" + frame(b"next"))) == [b"next"]


@given(st.lists(st.binary(max_size=40)), st.integers(1, 50))
def test_every_body_comes_out_as_it_went_in(bodies: list[bytes], size: int) -> None:
    stream = b"".join(map(frame, bodies))
    framer = Framer()
    found = [item for start in range(0, len(stream), size) for item in framer.feed(stream[start : start + size])]
    assert found == bodies


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_any_bytes_are_survived(pieces: list[bytes]) -> None:
    framer = Framer()
    for piece in pieces:
        assert all(isinstance(item, bytes | Broken) for item in framer.feed(piece))
