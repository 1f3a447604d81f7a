"""The instructor over HTTP: a stand-in that speaks as servers do, and llama.cpp's own server where it is built."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import math
import time
from pathlib import Path
from typing import Any

import pytest

from hunch_models.backend import Finish
from hunch_models.errors import BackendError
from hunch_models.instruct import InstructRequest
from hunch_models.remote import RemoteOptions
from hunch_models.remote.instructor import CHAT, RemoteInstructor
from tests.models.remote.stand_in import Asked, Reply, StandIn, serving
from tests.models.remote.test_real_llama_server import program, start  # noqa: F401 - the fixture
from tests.tiny_gguf import Shape, write_random

YES_NO = InstructRequest("You judge.", "Is it so?", 'root ::= "yes" | "no"\n', choices=("yes", "no"), max_tokens=4)
SCHEMA = '{"type": "object"}'


def chat(text: str, finish: str = "stop", tokens: list[dict[str, Any]] | None = None) -> Reply:
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}
    if tokens is not None:
        choice["logprobs"] = {"content": tokens}
    return Reply.json(200, {"choices": [choice], "usage": {"completion_tokens": 3, "prompt_tokens": 9}})


def answers(reply: Reply) -> StandIn:
    return StandIn(override=lambda asked: reply if asked.path == CHAT else None)


async def test_a_llama_server_gets_the_grammar_and_others_the_schema() -> None:
    bodies = {}
    for kind in ("llama", "openai"):
        stand_in = StandIn(kind=kind, override=lambda asked: chat("yes") if asked.path == CHAT else None)
        async with serving(stand_in) as server:
            made = RemoteInstructor(RemoteOptions(server.url, kind=kind))  # type: ignore[arg-type]
            await made.start()
            result = await made.ask(dataclasses.replace(YES_NO, schema=SCHEMA))
            await made.stop()
        assert (result.text, result.finish, result.tokens) == ("yes", Finish.END, 3)
        bodies[kind] = server.asked_for(CHAT)[0].body
    assert bodies["llama"]["grammar"] == YES_NO.grammar
    assert "response_format" not in bodies["llama"]
    assert bodies["openai"]["response_format"]["json_schema"]["schema"] == json.loads(SCHEMA)
    assert bodies["openai"]["model"] == "team/coder"
    assert [message["role"] for message in bodies["llama"]["messages"]] == ["system", "user"]


async def test_likelihoods_come_from_the_first_token_with_text() -> None:
    top = [{"token": "yes", "logprob": math.log(0.6)}, {"token": "No", "logprob": math.log(0.2)}]
    tokens = [{"token": " ", "logprob": -0.1}, {"token": "yes", "logprob": math.log(0.6), "top_logprobs": top}]
    async with serving(answers(chat("yes", tokens=tokens))) as server:
        made = RemoteInstructor(RemoteOptions(server.url))
        await made.start()
        result = await made.ask(YES_NO)
        await made.stop()
    assert [round(math.exp(value), 2) for value in result.choice_logprobs] == [0.75, 0.25]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply.error(400, "grammar is not supported"), "grammar is not supported"),
        (Reply.json(200, {"choices": []}), "without a text"),
        (Reply(200, b"<html>"), "no answer"),
        (Reply(200, b"x" * (9 << 20)), "more than"),
        (Reply.error(401, "Invalid API Key"), "API key"),
    ],
)
async def test_what_is_no_answer_is_one_line(reply: Reply, said: str) -> None:
    async with serving(answers(reply)) as server:
        made = RemoteInstructor(RemoteOptions(server.url))
        await made.start()
        with pytest.raises(BackendError, match=said) as caught:
            await made.ask(YES_NO)
        await made.stop()
    assert "\n" not in caught.value.one_line()


async def test_an_answer_cut_off_is_not_finished_and_a_slow_one_ends_in_time() -> None:
    async with serving(answers(chat("ye", finish="length"))) as server:
        made = RemoteInstructor(RemoteOptions(server.url))
        await made.start()
        assert (await made.ask(YES_NO)).finish is Finish.LENGTH
        await made.stop()

    made = RemoteInstructor(RemoteOptions("127.0.0.1:9"))
    with pytest.raises(BackendError, match="closed"):
        await made.ask(YES_NO)
    with pytest.raises(BackendError, match="cannot be reached"):
        await made.start()

    def slow(asked: Asked) -> Reply | None:
        if asked.path == CHAT:
            time.sleep(0.4)  # holds the stand-in, and the clock of the question
            return chat("yes")
        return None

    async with serving(StandIn(override=slow)) as server:
        made = RemoteInstructor(RemoteOptions(server.url))
        await made.start()
        late = await made.ask(dataclasses.replace(YES_NO, time_limit_ms=50))
        await made.stop()
    assert (late.text, late.finish) == ("", Finish.TIME)


async def test_llama_cpps_own_server_keeps_to_the_grammar(program: Path, tmp_path: Path) -> None:  # noqa: F811
    server = start(program, write_random(tmp_path / "random.gguf", Shape(context=2048)))
    made = RemoteInstructor(RemoteOptions(server.url, read_timeout_ms=20_000))
    try:
        for _ in range(100):
            try:
                await made.start()
                break
            except BackendError:
                await asyncio.sleep(0.1)
        digits = InstructRequest("You count.", "How many?", 'root ::= "[" [0-9]{1,6} "]"\n', max_tokens=40)
        for seed in range(4):
            result = await made.ask(dataclasses.replace(digits, temperature=1.0, seed=seed))
            assert result.finish is Finish.END
            assert result.text[0] + result.text[-1] == "[]"
            assert result.text[1:-1].isdigit()
        judged = await made.ask(YES_NO)
        assert judged.text in ("yes", "no")
        if judged.choice_logprobs:
            assert sum(map(math.exp, judged.choice_logprobs)) == pytest.approx(1, abs=1e-6)
    finally:
        await made.stop()
        server.end()
