"""The gate in the real server: it holds back what is hardly taken, says why, and always answers a request by key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hunch_server.adapters.editor import Editor
from tests.e2e.conftest import Start

HEAD = "def total(items):\n    count = 0\n    for item in items:\n        "
QUIET = {"completion": {"minLogprob": -100}, "gate": {"level": "quiet", "explore": 0}}


async def turn_down(editor: Editor, uri: str, times: int) -> int:
    """Ask, see and refuse again and again, as somebody does who wants none; answers how many were shown."""
    shown = 0
    for number in range(times):
        end = editor.documents[uri].char_count
        # Every line is another: where lines repeat, memory is right about the next one, which then is likely enough.
        word = "".join(chr(ord("a") + (number * step + step) % 26) for step in (3, 7, 11, 5, 17))
        editor.replace(uri, end, end, f"{word}(item.{word[::-1]})\n        ")
        _, future = editor.complete(uri, editor.documents[uri].char_count)
        answer: Any = await future
        for item in answer.items:
            shown += 1
            editor.notify("textDocument/didShowCompletion", {"item": {"id": item.command.arguments[0]}})
            refused = {"item": {"id": item.command.arguments[0]}, "reason": "moved", "shownMs": 900}
            editor.notify("hunch/didRejectCompletion", refused)
    return shown


async def why(editor: Editor, uri: str) -> dict[str, Any]:
    line = editor.documents[uri].line_count - 1
    answer: dict[str, Any] = await editor.request("hunch/why", {"uri": uri, "position": {"line": line, "character": 8}})
    return answer


async def test_who_turns_everything_down_is_left_alone(start: Start, tmp_path: Path) -> None:
    async with start(options=QUIET) as editor:
        uri = editor.open(tmp_path / "workspace" / "a.py", "python", HEAD)
        assert await turn_down(editor, uri, 24) < 8
        told = await why(editor, uri)
        assert told["reason"] in ("unlikely", "unlikely_here"), told
        assert "your least is" in told["summary"]
        assert told["knob"]["setting"] == "hunch.gate.level"
        factors = {factor["name"]: factor["value"] for factor in told["factors"]}
        shares = [value for name, value in factors.items() if name.startswith("share_")]
        assert factors["p_accept"] < factors["least"]
        assert factors["usual"] + sum(shares) == pytest.approx(factors["score"], abs=1e-3)
        # Asked for by a key, it answers all the same.
        _, future = editor.complete(uri, editor.documents[uri].char_count, explicit=True)
        answer: Any = await future
        told = await why(editor, uri)
        assert answer.items or told["reason"] not in ("unlikely", "unlikely_here")


async def test_switched_off_it_hides_nothing(start: Start, tmp_path: Path) -> None:
    options = {**QUIET, "gate": {"level": "off"}}
    async with start(options=options) as editor:
        uri = editor.open(tmp_path / "workspace" / "a.py", "python", HEAD)
        await turn_down(editor, uri, 16)
        told = await why(editor, uri)
        assert told["reason"] not in ("unlikely", "unlikely_here")
