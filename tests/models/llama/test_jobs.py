"""The line of jobs: generation before prewarming, one at a time, dropped ones leave no trace."""

from __future__ import annotations

import asyncio

import pytest

from hunch_models.backend import GenerationRequest, Priority
from hunch_models.errors import BackendError
from hunch_models.llama.jobs import Job, JobQueue


def job(decode: bool = True, priority: Priority = Priority.TYPED) -> Job:
    return Job(GenerationRequest("", "", priority=priority), decode, asyncio.get_running_loop().create_future(), 0.0)


async def test_generations_run_in_order_and_one_at_a_time() -> None:
    queue = JobQueue()
    first, second = job(), job()
    assert not queue.add(first)
    assert queue.take() is first
    assert not queue.add(second)
    assert queue.take() is None
    first.number = 1
    assert queue.finished(2) is None
    assert queue.finished(1) is first
    assert not queue.idle.is_set()
    assert queue.take() is second


async def test_generation_goes_before_a_waiting_and_a_running_prewarm() -> None:
    queue = JobQueue()
    prewarm, generation = job(decode=False), job()
    queue.add(prewarm)
    queue.add(generation)
    assert queue.take() is generation
    queue.finished(0)
    assert queue.take() is prewarm
    assert queue.add(job()), "the running prewarm should give way"


async def test_only_the_newest_prewarm_is_kept() -> None:
    queue = JobQueue()
    old, new = job(decode=False), job(decode=False)
    queue.add(old)
    queue.add(new)
    assert await old.answer is None
    assert queue.take() is new
    queue.finished(0)
    assert queue.take() is None


async def test_dropped_jobs_never_run() -> None:
    queue = JobQueue()
    running, waiting, prewarm = job(), job(), job(decode=False)
    for each in (running, waiting, prewarm):
        queue.add(each)
    queue.take()
    assert queue.drop(running), "it has to be cancelled at the worker"
    assert not queue.drop(waiting)
    assert not queue.drop(prewarm)
    assert queue.busy.is_set()
    queue.finished(0)
    assert queue.take() is None
    assert queue.idle.is_set()
    assert not queue.busy.is_set()


async def test_all_fail_together() -> None:
    queue = JobQueue()
    jobs = [job(), job(), job(decode=False)]
    for each in jobs:
        queue.add(each)
    queue.take()
    queue.fail_all(BackendError("gone"))
    for each in jobs:
        with pytest.raises(BackendError):
            await each.answer
    assert queue.idle.is_set()


async def test_the_most_urgent_goes_first_and_the_running_gives_way_to_it() -> None:
    queue = JobQueue()
    jobs = {priority: job(priority=priority) for priority in Priority}
    for priority in reversed(Priority):
        queue.add(jobs[priority])
    for priority in Priority:
        assert queue.take() is jobs[priority]
        for other in Priority:
            extra = job(priority=other)
            assert queue.add(extra) is (other < priority)
            queue.drop(extra)
        queue.finished(0)


async def test_reading_ahead_is_never_as_urgent_as_a_request() -> None:
    assert job(decode=False).priority is Priority.PREWARM
    assert job(decode=False, priority=Priority.HELP).priority is Priority.HELP
