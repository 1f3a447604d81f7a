"""The worker process: owns one engine, answers over a pipe, and ends when its server does.

The main thread computes. A second thread reads messages, so that cancellation and pings are seen meanwhile. File
descriptor 1 is pointed at stderr first of all: whatever prints cannot break the protocol.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO

from hunch_models.llama import wire
from hunch_models.llama.engine import Engine, EngineError
from hunch_models.llama.generation import Generator
from hunch_models.llama.library import NativeLog, load_library

PARENT_CHECK_S = 1.0

BROKEN_PROTOCOL, BROKEN_PIPE = 65, 74
"""Exit codes, as in sysexits.h: EX_DATAERR and EX_IOERR."""


class Channel:
    """The two ends of the pipe, and what the reading thread has seen."""

    def __init__(self, source: BinaryIO, sink: int) -> None:
        self.jobs: queue.SimpleQueue[wire.Request] = queue.SimpleQueue()
        self.cancelled_job = 0
        self.progress_at_cancel = 0
        self.generator: Generator | None = None
        self.engine: Engine | None = None
        self._source = source
        self._sink = sink
        self._lock = threading.Lock()

    def send(self, message: wire.Response) -> None:
        """Write one message; the process ends when nobody can read it."""
        data = memoryview(wire.frame(message))
        try:
            with self._lock:
                while data:
                    data = data[os.write(self._sink, data) :]
        except OSError:
            os._exit(BROKEN_PIPE)

    def read_forever(self) -> None:
        """Take messages until the server is gone, then end the process at once, whatever it computes."""
        while True:
            try:
                message = wire.read_request(self._source)
            except (wire.WireError, OSError) as error:
                sys.stderr.write(f"worker: {error}\n")
                os._exit(BROKEN_PROTOCOL)
            match message:
                case None | wire.Shutdown():
                    os._exit(0)
                case wire.Cancel(job):
                    self.progress_at_cancel = self.progress()
                    self.cancelled_job = job
                case wire.Ping():
                    chunk_s = self.generator.pace.chunk_s if self.generator else 0.0
                    self.send(wire.Pong(self.progress(), chunk_s * 1000))
                case _:
                    self.jobs.put(message)

    def progress(self) -> int:
        """Evaluations so far."""
        return self.engine.evaluated if self.engine else 0


class Worker:
    """Answers one message after the other."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._jobs = self._cancelled = self._after_cancel = 0

    def run(self) -> None:
        """Answer for ever; the reading thread ends the process."""
        while True:
            match self._channel.jobs.get():
                case wire.Load() as load:
                    self._load(load)
                case wire.Generate() as job:
                    self._generate(job)
                case wire.Instruct() as question:
                    self._instruct(question)
                case wire.Measure(threads, seconds):
                    self._measure(threads, seconds)
                case wire.AskStats():
                    self._channel.send(self._stats())

    def _load(self, load: wire.Load) -> None:
        try:
            library = load_library()
            engine = Engine(library, NativeLog(library), Path(os.fsdecode(load.path)), load.settings)
        except (EngineError, ImportError, OSError) as error:
            self._channel.send(wire.LoadFailed(" ".join(str(error).split())))
            return
        self._channel.generator = Generator(engine, time.perf_counter)
        self._channel.engine = engine
        self._channel.send(wire.Loaded(engine.info(), engine.supports_gpu()))

    def _generate(self, job: wire.Generate) -> None:
        channel, number = self._channel, job.job
        generator, engine = channel.generator, channel.engine
        if generator is None or engine is None:
            channel.send(wire.Failed(number, "no model is loaded"))
            return

        def emit(text: str) -> None:
            channel.send(wire.Text(number, text))

        try:
            outcome = generator.run(
                job.request,
                cancelled=lambda: channel.cancelled_job == number,
                emit=emit if job.stream else None,
                decode=job.decode,
            )
        except EngineError as error:
            channel.send(wire.Failed(number, str(error)))
            return
        self._jobs += 1
        if channel.cancelled_job == number:
            self._cancelled += 1
            self._after_cancel = max(self._after_cancel, channel.progress() - channel.progress_at_cancel)
        read = generator.read_chars / generator.read_tokens if generator.read_tokens else 3.0
        channel.send(
            wire.Done(
                number,
                outcome.text,
                outcome.logprobs,
                outcome.finish,
                outcome.timing,
                generator.pace.prefill,
                generator.pace.decode,
                read,
                outcome.scores,
            )
        )

    def _instruct(self, question: wire.Instruct) -> None:
        from hunch_models.llama.instructing import answer  # noqa: PLC0415 - completions do without

        channel, number = self._channel, question.job
        if channel.engine is None:
            channel.send(wire.Failed(number, "no model is loaded"))
            return
        try:
            result = answer(
                channel.engine,
                question.request,
                cancelled=lambda: channel.cancelled_job == number,
                clock=time.perf_counter,
            )
        except EngineError as error:
            channel.send(wire.Failed(number, str(error)))
            return
        channel.send(wire.Instructed(number, result))

    def _measure(self, threads: tuple[int, ...], seconds: float) -> None:
        engine = self._channel.engine
        speeds = () if engine is None else tuple(_speed(engine, count, seconds) for count in threads)
        self._channel.send(wire.Measured(speeds))

    def _stats(self) -> wire.Stats:
        engine, generator = self._channel.engine, self._channel.generator
        return wire.Stats(
            jobs=self._jobs,
            cancelled=self._cancelled,
            evaluations=self._channel.progress(),
            evaluations_after_cancel=self._after_cancel,
            cached_tokens=len(engine.tokens) if engine else 0,
            chunk_tokens=generator.pace.chunk if generator else 0,
        )


def _speed(engine: Engine, threads: int, seconds: float) -> wire.Speed:
    """Median times of an eight-token chunk and of one token, the usual work of a keystroke, in ms."""
    engine.set_threads(threads)
    batch = (engine.tokenize("    return self.value + other.value\n") or [0]) * 16
    engine.clear()
    engine.evaluate(batch[:16])
    base = len(engine.tokens)
    chunks: list[float] = []
    tokens: list[float] = []
    until = time.perf_counter() + seconds
    while not chunks or time.perf_counter() < until:
        engine.keep(base)
        started = time.perf_counter()
        engine.evaluate(batch[:8])
        between = time.perf_counter()
        engine.evaluate(batch[:1])
        chunks.append((between - started) * 1000)
        tokens.append((time.perf_counter() - between) * 1000)
    engine.greedy()  # raises when the numbers are wrong, however fast they came
    return wire.Speed(threads, statistics.median(chunks), statistics.median(tokens))


def _watch_parent(parent: int) -> None:
    """End when the server is gone although something else still holds the other end of the pipe (POSIX).

    On Windows the end of the pipe has to be enough: process ids of dead parents are given to others there.
    """
    while os.getppid() == parent:
        time.sleep(PARENT_CHECK_S)
    os._exit(0)


def _quiet_crashes() -> None:
    """No core file and no dialogue window when native code fails: the server tells the person."""
    if sys.platform == "win32":
        import ctypes  # noqa: PLC0415

        # SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX
        ctypes.windll.kernel32.SetErrorMode(0x0001 | 0x0002)
    else:
        import resource  # noqa: PLC0415

        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Serve on the standard streams until the server closes them."""
    source, sink = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        for descriptor in (source, sink):
            msvcrt.setmode(descriptor, os.O_BINARY)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C in a terminal is for the server to answer
    _quiet_crashes()
    channel = Channel(os.fdopen(source, "rb"), sink)
    threading.Thread(target=channel.read_forever, name="reader", daemon=True).start()
    if os.name == "posix":
        threading.Thread(target=_watch_parent, args=(os.getppid(),), name="parent", daemon=True).start()
    Worker(channel).run()
