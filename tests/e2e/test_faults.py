"""What goes wrong in real life: each ends in a clear status, and the server keeps serving."""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path

import psutil
import pytest
from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from hunch_server.adapters.editor import Editor
from tests.e2e.conftest import Start
from tests.tiny_gguf import vocabulary, write_random, write_scripted

CODE = "def total(items):\n    result = 0\n    for item in items:\n        result += "


def items_of(result: object) -> list[lsp.InlineCompletionItem]:
    assert isinstance(result, lsp.InlineCompletionList)
    return list(result.items)


async def completes(editor: Editor, uri: str) -> list[lsp.InlineCompletionItem]:
    return items_of(await editor.complete(uri, editor.documents[uri].char_count, explicit=True)[1])


def worker_of(editor: Editor) -> psutil.Process:
    assert editor.process_id is not None
    (worker,) = psutil.Process(editor.process_id).children(recursive=True)
    return worker


async def test_worker_killed_in_mid_decode_is_replaced(start: Start, tmp_path: Path) -> None:
    endless = write_scripted(tmp_path / "endless.gguf", [], context=4096, layers=4)
    options = {"completion": {"minLogprob": -100, "timeLimitMs": 60000, "maxTokensLine": 256}}
    async with start(options=options, HUNCH_MODEL_ID=str(endless)) as editor:
        uri = editor.open(tmp_path / "workspace" / "a.py", "python", CODE)
        first = worker_of(editor)
        _, answer = editor.complete(uri, len(CODE))
        await asyncio.sleep(0.02)
        first.kill()
        assert items_of(await answer) == []
        await editor.wait_for_state("degraded", "starting")
        await editor.wait_for_state("ready")
        second = worker_of(editor)
        assert second.pid != first.pid
        assert isinstance(await completes(editor, uri), list)
        assert "degraded" in editor.states


async def test_server_serves_while_the_model_is_degraded(start: Start, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    whole = write_random(tmp_path / "whole.gguf").read_bytes()
    broken.write_bytes(whole[: len(whole) // 2])
    async with start(ready=False, HUNCH_MODEL_ID=str(broken)) as editor:
        assert await editor.wait_for_state("degraded") == "degraded"
        uri = editor.open(tmp_path / "workspace" / "a.py", "python", CODE)
        assert await completes(editor, uri) == []
        why = await editor.request("hunch/why", {"uri": uri, "position": {"line": 3, "character": 18}})
        assert why["reason"] == "no_model"
        assert "broken.gguf" in why["summary"]


@pytest.mark.parametrize("content", [b"", b"GGUF", b"not a model at all" * 100])
async def test_a_file_that_is_no_model_is_named(start: Start, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.gguf"
    path.write_bytes(content)
    async with start(ready=False, HUNCH_MODEL_ID=str(path)) as editor:
        await editor.wait_for_state("degraded")
        assert "odd.gguf" in editor.details[-1]


async def test_no_model_at_all(start: Start, tmp_path: Path) -> None:
    async with start(ready=False, HUNCH_MODEL_ID=str(tmp_path / "nowhere.gguf")) as editor:
        await editor.wait_for_state("degraded")
        assert "nowhere.gguf" in editor.details[-1]
        uri = editor.open(tmp_path / "workspace" / "a.py", "python", CODE)
        assert await completes(editor, uri) == []


async def test_a_model_without_fim_tokens_still_works_in_plain_mode(start: Start, tmp_path: Path) -> None:
    plain = write_random(tmp_path / "plain.gguf", words=vocabulary(specials=("<|endoftext|>",)), order="")
    async with start(HUNCH_MODEL_ID=str(plain)) as editor:
        uri = editor.open(tmp_path / "workspace" / "a.py", "python", CODE)
        assert isinstance(await completes(editor, uri), list)


async def test_client_that_disconnects_leaves_nothing_behind(start: Start) -> None:
    async with start() as editor:
        assert editor.process_id is not None
        server = psutil.Process(editor.process_id)
        worker = worker_of(editor)
        editor.hang_up()
        gone, alive = await asyncio.to_thread(psutil.wait_procs, [server, worker], timeout=10)
        assert not alive, alive
        assert {process.pid for process in gone} == {server.pid, worker.pid}


@pytest.mark.parametrize("after_ms", [0, 1, 3, 8, 20, 60])
async def test_cancelled_in_every_phase(start: Start, tmp_path: Path, after_ms: int) -> None:
    heavy = write_scripted(tmp_path / "endless.gguf", [], context=4096, layers=4)
    options = {"completion": {"minLogprob": -100, "timeLimitMs": 60000, "maxTokensLine": 256}}
    async with start(options=options, HUNCH_MODEL_ID=str(heavy)) as editor:
        uri = editor.open(tmp_path / "workspace" / "a.py", "python", CODE * 40)
        request, answer = editor.complete(uri, len(CODE) * 40)
        await asyncio.sleep(after_ms / 1000)
        editor.cancel(request)
        with contextlib.suppress(JsonRpcException, asyncio.CancelledError):
            await answer
        await asyncio.wait_for(editor.request("hunch/idle"), timeout=5)
        stats = await editor.request("hunch/stats")
        assert stats["requests"] <= 1


async def test_a_burst_of_a_hundred_requests(start: Start, tmp_path: Path) -> None:
    async with start() as editor:
        uri = editor.open(tmp_path / "workspace" / "a.py", "python", CODE)
        answers, lines = [], []
        for index in range(100):
            end = editor.documents[uri].char_count
            editor.replace(uri, end, end, "abcdefghij"[index % 10])
            answers.append(editor.complete(uri, end + 1)[1])
            lines.append(editor.documents[uri].text().rsplit("\n", 1)[-1])
        started = time.perf_counter()
        results = await asyncio.wait_for(asyncio.gather(*answers, return_exceptions=True), timeout=60)
        # An overtaken request is answered empty; one answered before the next key belongs to the text of its own key.
        for result, line in zip(results, lines, strict=True):
            assert result is None or isinstance(result, lsp.InlineCompletionList)
            assert all(str(item.insert_text).startswith(line) for item in (result.items if result else ()))
        await editor.request("hunch/idle")
        stats = await editor.request("hunch/stats")
        assert stats["requests"] == 100
        # Most of a burst must die before it costs anything.
        assert stats["generations"] <= 60, (stats, time.perf_counter() - started)
        assert isinstance(await completes(editor, uri), list)


async def test_settings_problems_are_told_with_file_and_line(start: Start, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (workspace / ".hunch.toml").write_text("[completion]\nenabel = true\n[remote]\nurl = 'http://x.example'\n")
    async with start(workspace) as editor:
        told = "\n".join(editor.notices)
        assert ".hunch.toml:2" in told
        assert "did you mean `completion.enable`" in told
        assert ".hunch.toml:4" in told
        assert "cannot be set by a workspace" in told


async def test_unreadable_state_folder_is_one_clear_line(start: Start, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    async with start(ready=False) as editor:
        await editor.wait_for_state("degraded")
        assert str(tmp_path / "home") in editor.details[-1]
