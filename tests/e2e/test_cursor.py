"""Where a person puts the cursor is read ahead, so that the first key there is cheap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from hunch_features.completion.ahead import SETTLE_S
from hunch_server import convert
from hunch_server.adapters.editor import Editor
from tests.e2e.conftest import Start

BLOCK = "def total_{0}(items):\n    result = 0\n    for item in items:\n        result += item\n    return result\n\n\n"
TEXT = "".join(BLOCK.format(number) for number in range(60))
LINE = TEXT.index("    return", TEXT.index("total_30"))
MOST_TOKENS = 24
"""What is typed, and what is taken back of the token before."""


def put(editor: Editor, uri: str) -> int:
    """At the end of a line, where the next one is begun."""
    document, offset = editor.documents[uri], LINE - 1
    position = convert.position_to_lsp(document, document.position_at(offset))
    here = {"line": position.line, "character": position.character}
    editor.notify("hunch/didMoveCursor", {"textDocument": {"uri": uri}, "position": here})
    return offset


def delete(editor: Editor, uri: str) -> int:
    """The rest of a line, which is then written anew."""
    offset = LINE + len("    return")
    editor.replace(uri, offset, TEXT.index("\n", offset), "")
    return offset


@pytest.mark.parametrize(("arrive", "typed"), [(put, "\n        "), (delete, " ")])
async def test_the_first_key_at_a_place_reads_little(
    start: Start, tmp_path: Path, arrive: Callable[[Editor, str], int], typed: str
) -> None:
    async with start() as editor:
        assert editor.capabilities is not None
        assert "hunch/didMoveCursor" in (editor.capabilities.experimental or {})["hunch"]["messages"]
        uri = editor.open(tmp_path / "workspace" / "a.py", "python", TEXT)
        offset = arrive(editor, uri)
        await asyncio.sleep(2 * SETTLE_S)
        await editor.request("hunch/idle")
        ahead = (await editor.request("hunch/stats"))["ahead"]
        assert ahead["prewarmed"] + ahead["declined"] == 1  # a busy machine says no
        editor.replace(uri, offset, offset, typed)
        await editor.complete(uri, offset + len(typed))[1]
        stats = await editor.request("hunch/stats")
        assert stats["generations"] == 1
        assert not ahead["prewarmed"] or stats["new_tokens"]["p50"] <= MOST_TOKENS


async def test_odd_places_are_harmless(start: Start, tmp_path: Path) -> None:
    async with start() as editor:
        uri = editor.open(tmp_path / "workspace" / "a.py", "python", "é😀\n")
        for document, line, character in ((uri, 0, 1), (uri, 99_999, 99_999), (uri, 0, -1), ("file:///other.py", 0, 0)):
            here = {"line": line, "character": character}
            editor.notify("hunch/didMoveCursor", {"textDocument": {"uri": document}, "position": here})
        for params in ({}, {"textDocument": 1}, None):
            editor.notify("hunch/didMoveCursor", params)
        await asyncio.sleep(2 * SETTLE_S)
        stats = await editor.request("hunch/stats")
        assert stats["ahead"]["prewarmed"] + stats["ahead"]["declined"] >= 1
