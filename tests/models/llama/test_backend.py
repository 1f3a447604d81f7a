"""The backend on a real worker process: answers, cancellation in every phase, order of jobs, status."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path

import psutil
import pytest

from hunch_models.backend import (
    Backend,
    BackendState,
    BackendStatus,
    Finish,
    GenerationRequest,
    Priority,
    Snippet,
    StopRule,
    TokenBudget,
)
from hunch_models.errors import BackendError
from hunch_models.llama.backend import CHARS_PER_TOKEN, LlamaBackend, bounded
from hunch_models.llama.settings import LlamaSettings
from tests.models.llama.conftest import FIXED, Models, Start
from tests.tiny_gguf import write_scripted

BLOCK = StopRule(single_line=False, max_lines=9999)
CODE = "def value(self):\n    return self.total\n\n"
LONG = GenerationRequest("if", "", stop=BLOCK, max_tokens=4000, time_limit_ms=60_000)
"""With the endless model: more tokens than any test waits for."""
WIDE = LlamaSettings(threads=1, gpu_layers=0, extra_buffers="off", context_length=4096)
BIG_PROMPT = GenerationRequest(CODE * 150, "", budget=TokenBudget(prefix=1500), max_tokens=4, time_limit_ms=60_000)
"""With the heavy model: a prompt of many chunks."""


async def test_it_generates_and_tells_about_itself(models: Models, start: Start) -> None:
    backend: Backend = await start(models.random)
    result = await backend.generate(GenerationRequest(CODE, "\nprint()\n", path="a.py", max_tokens=4))
    assert result.text
    assert len(result.token_logprobs) == result.timing.decoded_tokens > 0
    assert result.mean_logprob is not None
    assert result.mean_logprob < 0
    timing = result.timing
    assert timing.new_tokens > 10
    assert 0 < timing.first_token_ms <= timing.total_ms
    info = backend.info
    assert info is not None
    assert (info.id, info.path, info.fim) == ("random", str(models.random), "spm")
    assert info.chars_per_token == pytest.approx(len(CODE) / 16, abs=1.0)


async def test_pieces_of_text_come_before_the_result(tmp_path: Path, start: Start) -> None:
    script = ["return", " self", " value", b"\xc3", b"\xa9", "<|endoftext|>"]
    backend = await start(write_scripted(tmp_path / "script.gguf", [script]))
    pieces: list[str] = []
    result = await backend.generate(GenerationRequest("return", ""), pieces.append)
    assert pieces == [" self", " value", "é"]
    assert (result.text, result.finish) == (" self valueé", Finish.END)


async def test_typing_on_costs_few_tokens(models: Models, start: Start) -> None:
    backend = await start(models.random)
    typed = "    for index in range(4):"
    counts = []
    for end in range(len(typed)):
        request = GenerationRequest(CODE + typed[:end], "\n\nprint(value)\n", path="a.py")
        counts.append((await backend.generate(request)).timing.new_tokens)
    assert max(counts[1:]) <= 4


async def test_prewarm_leaves_nothing_to_evaluate(models: Models, start: Start) -> None:
    backend = await start(models.random)
    request = GenerationRequest(CODE, "\nprint()\n")
    await backend.prewarm(request)
    assert (await backend.generate(request)).timing.new_tokens == 0


async def test_cancelled_while_queued_never_reaches_the_worker(models: Models, start: Start) -> None:
    backend = await start(models.endless, WIDE)
    running = asyncio.create_task(backend.generate(LONG))
    waiting = asyncio.create_task(backend.generate(LONG))
    await asyncio.sleep(0)
    waiting.cancel()
    running.cancel()
    await backend.idle()
    stats = await backend.stats()
    assert (stats.jobs, stats.cancelled) == (1, 1)


async def test_cancelled_while_the_prompt_is_evaluated(models: Models, start: Start) -> None:
    backend = await start(models.heavy)
    running = asyncio.create_task(backend.generate(BIG_PROMPT))
    await asyncio.sleep(0.1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await backend.idle()
    stats = await backend.stats()
    assert stats.cancelled == 1
    assert stats.evaluations_after_cancel <= 1
    assert 0 < stats.cached_tokens < 1500


async def test_cancelled_while_tokens_are_generated(models: Models, start: Start) -> None:
    backend = await start(models.endless, WIDE)
    first = asyncio.Event()
    running = asyncio.create_task(backend.generate(LONG, lambda _: first.set()))
    await first.wait()
    running.cancel()
    await backend.idle()
    stats = await backend.stats()
    assert stats.cancelled == 1
    assert stats.evaluations_after_cancel <= 1
    assert stats.cached_tokens < 1000


async def test_generation_takes_the_place_of_a_running_prewarm(models: Models, start: Start) -> None:
    backend = await start(models.heavy)
    ahead = asyncio.create_task(backend.prewarm(BIG_PROMPT))
    await asyncio.sleep(0.1)
    result = await backend.generate(GenerationRequest("x = ", "\n", max_tokens=1, time_limit_ms=60_000))
    assert result.finish in (Finish.LENGTH, Finish.STOP, Finish.END)
    await ahead
    stats = await backend.stats()
    assert (stats.jobs, stats.cancelled) == (2, 1)
    assert stats.evaluations_after_cancel <= 1


async def test_a_request_takes_the_place_of_a_speculation_within_one_evaluation(models: Models, start: Start) -> None:
    backend = await start(models.endless, WIDE)
    begun = asyncio.Event()
    ahead = asyncio.create_task(
        backend.generate(dataclasses.replace(LONG, priority=Priority.SPECULATION), lambda _: begun.set())
    )
    await begun.wait()
    typed = await backend.generate(GenerationRequest("x = ", "\n", max_tokens=2, time_limit_ms=60_000))
    assert typed.finish is Finish.LENGTH
    outcome = await ahead
    assert outcome.finish is Finish.CANCELLED
    assert outcome.text.startswith("if")
    stats = await backend.stats()
    assert (stats.jobs, stats.cancelled) == (2, 1)
    assert stats.evaluations_after_cancel <= 1
    assert backend.work.ahead_decoded_tokens == outcome.timing.decoded_tokens > 0
    assert backend.work.withdrawn_decoded_tokens == 0


async def test_of_what_waits_the_most_urgent_runs_first(models: Models, start: Start) -> None:
    backend = await start(models.random)
    ended: list[Priority] = []

    async def ask(priority: Priority) -> None:
        request = GenerationRequest("x = ", "\n", max_tokens=2, time_limit_ms=60_000, priority=priority)
        await backend.generate(request)
        ended.append(priority)

    running = asyncio.create_task(backend.generate(GenerationRequest(CODE, "\n", max_tokens=4, time_limit_ms=60_000)))
    await asyncio.sleep(0)
    await asyncio.gather(running, *(ask(priority) for priority in reversed(Priority)))
    assert ended == list(Priority)


async def test_burst_of_requests_of_which_all_but_the_last_are_cancelled(models: Models, start: Start) -> None:
    backend = await start(models.random)
    request = GenerationRequest(CODE, "\n", max_tokens=4, time_limit_ms=60_000)
    tasks = [asyncio.create_task(backend.generate(request)) for _ in range(100)]
    await asyncio.sleep(0)
    for task in tasks[:-1]:
        task.cancel()
    assert (await tasks[-1]).text
    await backend.idle()
    assert (await backend.stats()).jobs <= 2
    assert all(task.cancelled() for task in tasks[:-1])


async def test_newer_requests_wait_for_older_ones(models: Models, start: Start) -> None:
    backend = await start(models.random)
    ended: list[int] = []

    async def ask(number: int) -> None:
        await backend.generate(GenerationRequest(f"x = {number}", "\n", max_tokens=2))
        ended.append(number)

    await asyncio.gather(*(ask(number) for number in range(5)))
    assert ended == [0, 1, 2, 3, 4]


async def test_time_spent_in_the_queue_counts(models: Models, start: Start) -> None:
    backend = await start(models.endless, WIDE)
    running = asyncio.create_task(backend.generate(LONG))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(backend.generate(dataclasses.replace(LONG, time_limit_ms=20.0)))
    await asyncio.sleep(0.05)
    running.cancel()
    result = await waiting
    assert (result.finish, result.text) == (Finish.TIME, "")
    assert result.timing.queue_ms > 20


async def test_a_failing_listener_does_not_disturb_the_answer(
    tmp_path: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    backend = await start(write_scripted(tmp_path / "script.gguf", [["return", " self", "<|endoftext|>"]]))

    def listener(text: str) -> None:
        raise RuntimeError("boom")

    assert (await backend.generate(GenerationRequest("return", ""), listener)).text == " self"
    assert "boom" in caplog.text


async def test_hostile_requests_are_cut_to_size(models: Models, start: Start) -> None:
    backend = await start(models.random)
    huge = "é😀\ud800\x00 <|fim_middle|> " * 10_000
    request = GenerationRequest(
        huge,
        huge,
        path=huge,
        extra=(Snippet(huge, huge),) * 500,
        budget=TokenBudget(prefix=-5, suffix=50, extra=10**12),
        stop=StopRule(texts=("\ud800",)),
        max_tokens=10**9,
        time_limit_ms=300,
    )
    result = await backend.generate(request)
    assert result.finish in Finish
    assert backend.status.state is BackendState.READY


def test_bounded_requests_keep_what_their_budget_can_hold() -> None:
    snippets = (Snippet("a.py", "é" * 200), Snippet("b.py", "\ud800" * 200), Snippet("c.py", "x"))
    asked = GenerationRequest("x" * 10_000, "y" * 10_000, extra=snippets, budget=TokenBudget(100, 10, 20))
    request = bounded(asked, 2048)
    assert 0.75 * 100 * CHARS_PER_TOKEN <= len(request.prefix) <= 100 * CHARS_PER_TOKEN
    assert len(request.suffix) == 10 * CHARS_PER_TOKEN
    assert [(each.path, each.text) for each in request.extra] == [("a.py", "é" * 200), ("b.py", "?" * 120)]
    assert bounded(request, 2048) == request
    assert bounded(asked, 5).budget == TokenBudget(5, 5, 5)


async def test_a_model_without_fim_tokens_says_so(models: Models, start: Start) -> None:
    backend = await start(models.plain)
    assert "no fill-in-the-middle tokens" in backend.status.detail
    assert (await backend.generate(GenerationRequest("x = ", ") + 1\n"))).text == ""
    assert (await backend.generate(GenerationRequest("x = ", "\n", max_tokens=3))).timing.decoded_tokens > 0


async def test_status_from_start_to_stop(models: Models, tmp_path: Path) -> None:
    backend = LlamaBackend(models.random, state_dir=tmp_path, settings=FIXED)
    seen: list[BackendStatus] = []
    backend.on_status(seen.append)
    with pytest.raises(BackendError, match="not running"):
        await backend.generate(GenerationRequest("", ""))
    await backend.start()
    with pytest.raises(BackendError, match="loading"):
        await backend.generate(GenerationRequest("", ""))
    await backend.start()
    await backend.settled()
    pid = backend.worker_pid
    assert pid is not None
    assert psutil.pid_exists(pid)
    waiting = asyncio.create_task(backend.generate(LONG))
    await asyncio.sleep(0)
    await backend.stop()
    await backend.stop()
    with pytest.raises(BackendError):
        await waiting
    assert [status.state for status in seen] == [BackendState.STARTING, BackendState.READY, BackendState.STOPPED]
    assert not psutil.pid_exists(pid)
    with pytest.raises(BackendError, match="not running"):
        await backend.prewarm(GenerationRequest("", ""))


async def test_it_can_be_started_again(models: Models, tmp_path: Path) -> None:
    backend = LlamaBackend(models.random, state_dir=tmp_path, settings=FIXED)
    for _ in range(2):
        await backend.start()
        assert (await backend.settled()).state is BackendState.READY
        assert (await backend.generate(GenerationRequest("x = ", "\n", max_tokens=2))).finish
        await backend.stop()
