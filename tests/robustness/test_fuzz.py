"""Thousands of random messages: every request answered once, no crash, no bug in the log, no leak.

Ordinary form 2,000 messages, with `--long` 100,000. A failure is repeated by its seed.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.robustness.fuzz_messages import Fuzzer
from tests.robustness.raw_client import RunningServer, raw_server
from tests.tiny_gguf import write_scripted

CODES = {-32700, -32600, -32601, -32602, -32603, -32800, -32801, -32802}
WINDOW = 64
"""Requests that wait for their answers at a time."""
MOST_MB_PER_1000 = 0.35
"""Growth of memory that is taken for noise: caches that fill, pages that the allocator keeps."""
FEWEST_MB = 25.0


async def talk(server: RunningServer, fuzzer: Fuzzer, count: int) -> Counter[int]:
    """Send the messages and take in all answers; returns how often each request was answered."""
    client = server.client
    answered: Counter[int] = Counter()
    room = asyncio.Event()

    async def read() -> None:
        while True:
            message = await client.receive()
            assert message is not None, server.stderr[-20:]
            if "method" in message or not isinstance(message.get("id"), int):
                continue
            assert ("result" in message) != ("error" in message)
            if "error" in message:
                check_error(message["error"])
            answered[message["id"]] += 1
            room.set()

    reading = asyncio.create_task(read())
    try:
        for message in fuzzer.messages(count):
            await client.send(message)
            while len(fuzzer.asked) - len(answered) > WINDOW:
                room.clear()
                done, _ = await asyncio.wait({reading, asyncio.ensure_future(room.wait())}, timeout=30,
                                             return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
                assert done, f"no answer to {sorted(set(fuzzer.asked) - set(answered))[:5]}"
                if reading.done():
                    reading.result()
        async with asyncio.timeout(60):
            while len(answered) < len(fuzzer.asked):
                await asyncio.sleep(0.02)
                if reading.done():
                    reading.result()
    except TimeoutError:
        missing = sorted(set(fuzzer.asked) - set(answered))
        raise AssertionError(f"never answered: {missing[:10]}") from None
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    return answered


def check_error(error: dict[str, Any]) -> None:
    assert error["code"] in CODES, error
    assert "Traceback" not in str(error)
    assert "\n" not in error["message"]


@pytest.mark.timeout(3600)
async def test_random_messages(tmp_path: Path, long_form: bool) -> None:
    count = 100_000 if long_form else 2_000
    model = write_scripted(tmp_path / "tiny.gguf", [["<|fim_middle|>", " self", ".", "name", "\n", "<|endoftext|>"]])
    workspace = tmp_path / "w"
    workspace.mkdir()
    async with raw_server(tmp_path / "home", HUNCH_MODEL_ID=str(model), HUNCH_LOG_LEVEL="warning") as server:
        await server.client.initialize(workspace, {"completion": {"minLogprob": -100}})
        seed = 20
        # What is loaded lazily is loaded by the first part; the rest is measured.
        await check_part(server, seed, count // 4)
        memory, descriptors = server.memory_mb, server.descriptors
        for part in range(3):
            await check_part(server, seed + 1 + part, count // 4)
        grown = server.memory_mb - memory
        print(f"fuzzing: {count} messages, memory {memory:.0f} MB and {grown:+.1f} MB over the last three quarters")
        assert grown < max(FEWEST_MB, MOST_MB_PER_1000 * count * 0.75 / 1000)
        assert server.descriptors <= descriptors + 3
        assert await server.client.still_serves()
        bugs = server.bugs()
        assert not bugs, f"{len(bugs)} bugs, the first:\n{bugs[0]}"


async def check_part(server: RunningServer, seed: int, count: int) -> None:
    fuzzer = Fuzzer(seed)
    answered = await talk(server, fuzzer, count)
    assert answered == Counter(fuzzer.asked), f"seed {seed}"
    # Number ranges begin anew with the next part: nothing may come late.
    assert await server.client.still_serves()
