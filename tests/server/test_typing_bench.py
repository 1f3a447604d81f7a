"""`hunch bench typing`: keys in the real server; the peer's client against a stand-in and a real llama-server."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from hunch_features.evaluation.typing import Step, TypingRecording
from hunch_server.benchmarks.infill_side import LONGEST_LINE_SUFFIX, InfillSide
from hunch_server.benchmarks.process_cost import CpuMeter, listener_of, memory_bytes
from hunch_server.benchmarks.sides import Shown
from hunch_server.benchmarks.typing import BenchOptions, replay
from tests.models.remote.stand_in import Asked, Reply, StandIn, serving
from tests.models.remote.test_real_llama_server import program, start
from tests.server.conftest import Run, one_line

__all__ = ["program"]  # the fixture

BUNDLED = Path(__file__).parents[2] / "models" / "hunch_models" / "weights"
TYPED = "def total(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A person who types a small function, a key every 100 ms."""
    rows = [
        {"time": f"2020-01-01T00:{i // 600:02}:{i // 10 % 60:02}.{i % 10}00Z", "patches": [[i, 0, char]]}
        for i, char in enumerate(TYPED)
    ]
    path = tmp_path / "typed.json"
    path.write_text(json.dumps({"startContent": "", "endContent": TYPED, "txns": rows}))
    return path


def test_the_contracts_figures(hunch: Run, trace: Path) -> None:
    done = hunch("bench", "typing", "--trace", trace, "--limit", "60", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["keystrokes"] == 60
    assert 0 < result["requests"] <= 60
    assert result["requests"] <= result["answered"] + result["overtaken"] + 60 // 25 + 1
    for key in ("first_text_ms", "did_change_ms", "new_tokens"):
        assert result[key]["p50"] <= result[key]["p95"] <= result[key]["p99"], key
    assert result["accepted_chars"] >= 0
    assert result["tokens"]["decoded"] == result["decoded_tokens"] > 0
    assert result["cpu_s"] > 0
    # A key must not have the whole prompt read again.
    assert result["new_tokens"]["p50"] <= 8


class Told(InfillSide):
    """A side that asks nobody, and notes where the cursor was put and how long before the next key."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:9")
        self.events: list[tuple[str, int, float]] = []

    def edit(self, name: str, start: int, end: int, text: str) -> None:
        self.events.append(("edit", start, perf_counter()))
        super().edit(name, start, end, text)

    def moved(self, _name: str, cursor: int) -> None:
        self.events.append(("moved", cursor, perf_counter()))

    def ask(self, _name: str, _cursor: int) -> asyncio.Task[Shown | None]:
        return asyncio.create_task(asyncio.sleep(0, None))


async def test_the_cursor_is_put_where_the_next_key_comes() -> None:
    steps = [Step(at, "a.py", position, 0, "x") for at, position in ((0, 0), (100, 1), (400, 9), (500, 10))]
    recording = TypingRecording({"a.py": "." * 20}, steps)
    side = Told()
    await replay(side, recording, BenchOptions(speed=1.0, time_cancels=False, cursor_ms=200))
    await side.close()
    assert [event[:2] for event in side.events] == [
        ("edit", 0), ("edit", 1), ("moved", 9), ("edit", 9), ("edit", 10)
    ]  # fmt: skip
    assert side.events[3][2] - side.events[2][2] >= 0.15


@pytest.mark.parametrize(
    ("url", "says"),
    [("http://127.0.0.1:9", "llama-server"), ("nonsense", "--against nonsense"), ("http://[", "--against")],
)
def test_a_peer_that_is_not_there(hunch: Run, trace: Path, url: str, says: str) -> None:
    assert says in one_line(hunch("bench", "typing", "--trace", trace, "--against", url))


def infill(content: str, prompt_n: int = 10, predicted_n: int = 4) -> Reply:
    timings = {"prompt_n": prompt_n, "predicted_n": predicted_n}
    return Reply.json(200, {"content": content, "timings": timings, "stop": True})


def answering(*texts: str) -> StandIn:
    left = list(texts)

    def answer(asked: Asked) -> Reply | None:
        return infill(left.pop(0) if len(left) > 1 else left[0]) if asked.path == "/infill" else None

    return StandIn(override=answer)


async def ask(side: InfillSide, text: str, cursor: int | None = None) -> Shown | None:
    side.open("a.py", text)
    return await side.ask("a.py", len(text) if cursor is None else cursor)


async def test_requests_are_those_of_the_extension() -> None:
    text = "".join(f"line {number}\n" for number in range(400)) + "    x = \n" + "after\n" * 100
    async with serving(answering("1")) as server:
        side = InfillSide(server.url)
        shown = await ask(side, text, text.index("x = ") + 4)
        await side.settle()
        body = server.asked_for("/infill")[0].body
        await side.close()
    assert shown == Shown("1", cached=False)
    assert body["prompt"] == "    x = "
    assert body["n_indent"] == 4
    assert body["input_prefix"].splitlines() == [f"line {number}" for number in range(400 - 256, 400)]
    assert body["input_suffix"] == "\n" + "after\n" * 64
    assert body["cache_prompt"] is True
    assert (body["n_predict"], body["t_max_predict_ms"], body["id_slot"]) == (128, 500, 0)


async def test_typing_on_is_answered_from_the_cache_and_the_rest_was_asked_ahead() -> None:
    async with serving(answering("12", "34")) as server:
        side = InfillSide(server.url)
        assert await ask(side, "x = ") == Shown("12", cached=False)
        await side.settle()
        assert await ask(side, "x = 1") == Shown("2", cached=True)
        await side.settle()
        assert await ask(side, "x = 12") == Shown("34", cached=True)
        await side.settle()
        costs = await side.costs()
        await side.close()
    prompts = [asked.body["prompt"] for asked in server.asked_for("/infill")]
    # Each answer was followed by a request "as if accepted" where that was not known yet.
    assert prompts == ["x = ", "x = 12", "x = 1234"]
    assert costs["tokens"].prompt == 30
    assert costs["tokens"].ahead_prompt == 20
    assert costs["tokens"].stale_prompt == 0


async def test_a_withdrawn_request_runs_on_and_counts_as_stale() -> None:
    stand_in = answering("1")
    stand_in.warm_delay_s = 0.2
    async with serving(stand_in) as server:
        side = InfillSide(server.url)
        side.open("a.py", "x = ")
        first = side.ask("a.py", 4)
        await asyncio.sleep(0.05)
        side.withdraw()
        side.edit("a.py", 4, 4, "9")
        second = side.ask("a.py", 5)
        assert await first is None
        assert await second is not None
        await side.settle()
        costs = await side.costs()
        await side.close()
    assert costs["tokens"].stale_prompt == 10
    assert [asked.body["prompt"] for asked in server.asked_for("/infill")][:2] == ["x = ", "x = 9"]


SILENT = [
    ("x = foo(bar)more", 4, "1", "too much stands right of the cursor"),
    ("x = ", 4, "", "nothing written"),
    ("x = ", 4, "\n\n", "blank lines"),
    ("x = \nx = 1\n", 4, "1", "it repeats the next line"),
    ("x = ;\n", 4, ";", "it repeats what stands there"),
]


@pytest.mark.parametrize(("text", "cursor", "answer", "why"), SILENT, ids=[case[3] for case in SILENT])
async def test_what_the_extension_does_not_show(text: str, cursor: int, answer: str, why: str) -> None:
    async with serving(answering(answer)) as server:
        side = InfillSide(server.url)
        assert await ask(side, text, cursor) is None, why
        await side.close()
    asked = len(server.asked_for("/infill"))
    assert asked == (0 if len(text.partition("\n")[0]) - cursor > LONGEST_LINE_SUFFIX else 1)


async def test_indentation_that_stands_there_is_not_inserted_again() -> None:
    async with serving(answering("    return 1\n    # done")) as server:
        side = InfillSide(server.url)
        shown = await ask(side, "def f():\n    ")
        await side.close()
    assert shown is not None
    assert shown.insertion == "return 1\n    # done"
    assert server.asked_for("/infill")[0].body["prompt"] == ""


async def test_the_processes_behind_an_address_are_found_and_metered() -> None:
    async with serving(StandIn()) as server:
        assert listener_of(server.url) in {os.getpid(), None}
    assert listener_of("http://192.0.2.1:80") is None
    assert listener_of("http://models.example:80") is None
    meter = CpuMeter(os.getpid())
    sum(number * number for number in range(2_000_000))
    assert 0.005 < meter.seconds() < 60
    assert memory_bytes(os.getpid()) > 10_000_000
    assert CpuMeter(2**22 + 1).seconds() == 0


async def test_side_by_side_with_a_real_llama_server(hunch: Run, trace: Path, program: Path) -> None:
    (model,) = BUNDLED.glob("*.gguf")
    server = start(program, model, "-c", "2048", "--override-kv", "llama.context_length=int:2048")
    try:
        side = InfillSide(server.url)
        for _ in range(100):
            try:
                await side.model()
                break
            except Exception:
                await asyncio.sleep(0.1)
        await side.close()
        arguments = ("--limit", "25", "--speed", "2", "--against", server.url, "--json")
        done = await asyncio.to_thread(hunch, "bench", "typing", "--trace", trace, *arguments)
    finally:
        server.end()
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    theirs = result["against"]
    assert theirs["model"] == model.name
    assert theirs["keystrokes"] == result["keystrokes"] == 25
    assert theirs["tokens"]["prompt"] > 0
    assert theirs["cpu_s"] is None or theirs["cpu_s"] > 0
    assert result["ratio"]["prompt_tokens_per_request"] is not None
    assert set(result["per_accepted_char"]) == {"prompt_tokens", "decoded_tokens", "cpu_ms"}
