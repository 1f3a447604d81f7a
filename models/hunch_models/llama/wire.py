"""Messages between the server process and the worker process, and their framing on a pipe.

A frame is four bytes of length, little endian, and a MessagePack document of that many bytes. Both sides check
the length against `LIMIT` before they read on, and decode into the typed messages below or not at all.
"""

from __future__ import annotations

import struct
from typing import Protocol

import msgspec

from hunch_models.backend import Finish, GenerationRequest, GenerationTiming, ModelInfo
from hunch_models.instruct import InstructRequest, InstructResult
from hunch_models.llama.settings import EngineSettings

LIMIT = 16 * 1024 * 1024
"""Largest message in bytes."""

HEADER = struct.Struct("<I")


class WireError(Exception):
    """The other side sent something that is no message of this protocol."""


# Server to worker


class Load(msgspec.Struct, tag=True, frozen=True):
    """Load a model; answered by `Loaded` or `LoadFailed`. `path` is in the file system's bytes (`os.fsencode`)."""

    path: bytes
    settings: EngineSettings


class Generate(msgspec.Struct, tag=True, frozen=True):
    """Run a job; answered by `Text` (if `stream`) and one `Done` or `Failed`. Not `decode`: only evaluate the prompt.

    Job numbers rise. One job is sent at a time.
    """

    job: int
    request: GenerationRequest
    stream: bool
    decode: bool


class Instruct(msgspec.Struct, tag=True, frozen=True):
    """Answer a question under a grammar; answered by `Instructed` or `Failed`. Numbers are those of `Generate`."""

    job: int
    request: InstructRequest


class Cancel(msgspec.Struct, tag=True, frozen=True):
    """End a job as soon as possible; it still answers `Done`."""

    job: int


class Ping(msgspec.Struct, tag=True, frozen=True):
    """Ask whether the worker makes progress; answered by `Pong` even while it computes."""


class Measure(msgspec.Struct, tag=True, frozen=True):
    """Time the model with each number of threads, for about `seconds` each; answered by `Measured`."""

    threads: tuple[int, ...]
    seconds: float


class AskStats(msgspec.Struct, tag=True, frozen=True):
    """Answered by `Stats`, after the jobs sent before it."""


class Shutdown(msgspec.Struct, tag=True, frozen=True):
    """Exit now."""


# Worker to server


class Loaded(msgspec.Struct, tag=True, frozen=True):
    """The model is ready. `gpu`: whether this llama.cpp can use a GPU at all."""

    info: ModelInfo
    gpu: bool


class LoadFailed(msgspec.Struct, tag=True, frozen=True):
    """The model cannot be loaded, and the same file will fail again."""

    reason: str


class Text(msgspec.Struct, tag=True, frozen=True):
    """The next piece of a job's text."""

    job: int
    text: str


class Done(msgspec.Struct, tag=True, frozen=True):
    """A job's result, with what the worker has learnt about its own speed meanwhile (tokens per second)."""

    job: int
    text: str
    logprobs: tuple[float, ...]
    finish: Finish
    timing: GenerationTiming
    prefill_rate: float
    decode_rate: float
    chars_per_token: float
    scores: tuple[tuple[float, ...], ...] = ()


class Instructed(msgspec.Struct, tag=True, frozen=True):
    """The answer to a question."""

    job: int
    result: InstructResult


class Failed(msgspec.Struct, tag=True, frozen=True):
    """A job could not be run."""

    job: int
    reason: str


class Pong(msgspec.Struct, tag=True, frozen=True):
    """`progress` rises with every evaluation; `chunk_ms` is the longest that one has taken so far."""

    progress: int
    chunk_ms: float


class Speed(msgspec.Struct, frozen=True):
    """Times with one number of threads, in ms."""

    threads: int
    chunk_ms: float
    token_ms: float


class Measured(msgspec.Struct, tag=True, frozen=True):
    """The answer to `Measure`."""

    speeds: tuple[Speed, ...]


class Stats(msgspec.Struct, tag=True, frozen=True):
    """Counts since the worker started.

    `evaluations_after_cancel` is the most calls of llama_decode that any cancelled job made after its
    cancellation had arrived.
    """

    jobs: int = 0
    cancelled: int = 0
    evaluations: int = 0
    evaluations_after_cancel: int = 0
    cached_tokens: int = 0
    chunk_tokens: int = 0


Request = Load | Generate | Instruct | Cancel | Ping | Measure | AskStats | Shutdown
Response = Loaded | LoadFailed | Text | Done | Instructed | Failed | Pong | Measured | Stats

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_responses: msgspec.msgpack.Decoder[Response] = msgspec.msgpack.Decoder(Response)


class ByteSource(Protocol):
    """A blocking stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """`size` bytes; fewer at the end of the stream."""
        ...


def frame(message: Request | Response) -> bytes:
    """A message as it goes over the pipe. Raises WireError when it is too large."""
    body = _encoder.encode(message)
    return HEADER.pack(checked_length(len(body))) + body


def checked_length(length: int) -> int:
    """`length` itself, or WireError when no message may be so long."""
    if length > LIMIT:
        raise WireError(f"a message of {length} bytes is too long")
    return length


def read_request(source: ByteSource) -> Request | None:
    """The next message to the worker; None when the server is gone. Raises WireError."""
    header = source.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    length = checked_length(HEADER.unpack(header)[0])
    body = source.read(length)
    if len(body) < length:
        return None
    try:
        return _requests.decode(body)
    except msgspec.MsgspecError as error:
        raise WireError(f"not a request: {error}") from error


def parse_response(body: bytes) -> Response:
    """A message from the worker. Raises WireError."""
    try:
        return _responses.decode(body)
    except msgspec.MsgspecError as error:
        raise WireError(f"not a response: {error}") from error
