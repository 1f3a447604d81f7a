"""Messages survive the way over a pipe, and nothing else gets through."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_models.backend import Finish, GenerationRequest, GenerationTiming, ModelInfo, Snippet, StopRule
from hunch_models.llama import wire
from hunch_models.llama.settings import EngineSettings

REQUEST = GenerationRequest("prefix é", "suffix", "a/b.py", (Snippet("c.py", "x"),), stop=StopRule(texts=("\n\n",)))
REQUESTS = [
    wire.Load(b"/models/\xff.gguf", EngineSettings(4, -1, True, 2048)),
    wire.Generate(7, REQUEST, stream=True, decode=False),
    wire.Cancel(7),
    wire.Ping(),
    wire.Measure((1, 2), 0.5),
    wire.AskStats(),
    wire.Shutdown(),
]
RESPONSES = [
    wire.Loaded(ModelInfo("id", params=10_000_000, fim="spm"), gpu=False),
    wire.LoadFailed("no"),
    wire.Text(7, "é"),
    wire.Done(7, "text", (-0.5, -1.0), Finish.STOP, GenerationTiming(reused_tokens=3), 100.0, 50.0, 3.3),
    wire.Failed(7, "no"),
    wire.Pong(12, 3.5),
    wire.Measured((wire.Speed(1, 2.0, 3.0),)),
    wire.Stats(jobs=1),
]


@pytest.mark.parametrize("message", REQUESTS, ids=lambda message: type(message).__name__)
def test_requests_come_out_as_they_went_in(message: wire.Request) -> None:
    pipe = io.BytesIO(wire.frame(message) * 2)
    assert wire.read_request(pipe) == message
    assert wire.read_request(pipe) == message
    assert wire.read_request(pipe) is None


@pytest.mark.parametrize("message", RESPONSES, ids=lambda message: type(message).__name__)
def test_responses_come_out_as_they_went_in(message: wire.Response) -> None:
    assert wire.parse_response(wire.frame(message)[wire.HEADER.size :]) == message


@given(st.binary(max_size=64))
def test_anything_else_is_refused(data: bytes) -> None:
    framed = wire.HEADER.pack(len(data)) + data
    for read in (lambda: wire.read_request(io.BytesIO(framed)), lambda: wire.parse_response(data)):
        with pytest.raises(wire.WireError):
            read()


def test_lengths_are_bounded_on_both_sides() -> None:
    class Endless(io.RawIOBase):
        asked = 0

        def read(self, size: int = -1, /) -> bytes:
            self.asked = max(self.asked, size)
            return b"\xff" * size

    source = Endless()
    with pytest.raises(wire.WireError):
        wire.read_request(source)
    assert source.asked == wire.HEADER.size
    huge = GenerationRequest("x" * (wire.LIMIT + 1), "")
    with pytest.raises(wire.WireError):
        wire.frame(wire.Generate(1, huge, stream=False, decode=True))


@pytest.mark.parametrize("cut", [1, 3, 5, 9])
def test_a_stream_that_breaks_off_is_the_end(cut: int) -> None:
    assert wire.read_request(io.BytesIO(wire.frame(REQUESTS[1])[:cut])) is None
