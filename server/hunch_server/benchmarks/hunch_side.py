"""Hunch's own side of a typing benchmark: the real server over stdio, asked as VS Code asks it."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from time import perf_counter
from typing import Any

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException

from hunch_features.evaluation.typing import language_id
from hunch_features.text import Position
from hunch_models.errors import HunchError
from hunch_server import convert
from hunch_server.adapters.editor import Editor
from hunch_server.benchmarks.sides import Shown, Tokens


class HunchSide:
    """A started server; every answer must fit the text it was asked for, else the replay ends."""

    def __init__(self, editor: Editor, root: Path) -> None:
        self._editor = editor
        self._root = root
        self._uris: dict[str, str] = {}
        self._request = ""
        self._answer: asyncio.Future[Any] | None = None

    def open(self, name: str, text: str) -> None:
        """Open a document."""
        self._uris[name] = self._editor.open(self._root / name, language_id(name), text)

    def text(self, name: str) -> str:
        """A document's text as it is now."""
        return self._editor.documents[self._uris[name]].text()

    def edit(self, name: str, start: int, end: int, text: str) -> None:
        """Change a document here and in the server."""
        self._editor.replace(self._uris[name], start, end, text)

    def moved(self, name: str, cursor: int) -> None:
        """Tell where the cursor was put."""
        uri = self._uris[name]
        document = self._editor.documents[uri]
        position = convert.position_to_lsp(document, document.position_at(cursor))
        here = {"line": position.line, "character": position.character}
        self._editor.notify("hunch/didMoveCursor", {"textDocument": {"uri": uri}, "position": here})

    def ask(self, name: str, cursor: int) -> asyncio.Task[Shown | None]:
        """Ask for text at the cursor."""
        uri = self._uris[name]
        self._request, self._answer = self._editor.complete(uri, cursor)
        return asyncio.create_task(self._shown(uri, cursor, self._answer))

    async def _shown(self, uri: str, cursor: int, answer: asyncio.Future[Any]) -> Shown | None:
        document = self._editor.documents[uri]
        here, version = document.position_at(cursor), document.version
        line = document.line(here.line)
        try:
            result = await answer
        except (JsonRpcException, asyncio.CancelledError):
            return None
        items = list(result.items if isinstance(result, lsp.InlineCompletionList) else result or [])
        insertions = [insertion_of(item, here, line) for item in items]
        if not items or document.version != version:
            return None
        item: lsp.InlineCompletionItem = items[0]
        arguments = (item.command.arguments or []) if item.command else []
        cached = len(arguments) > 1 and arguments[1] == "cache"
        self._editor.notify("textDocument/didShowCompletion", {"item": {"command": {"arguments": arguments}}})
        return Shown(insertions[0], cached, item)

    def withdraw(self) -> None:
        """Cancel, as editors do."""
        if self._answer is not None and not self._answer.done():
            self._editor.cancel(self._request)

    async def time_cancel(self, name: str, cursor: int, after_ms: float) -> float | None:
        """Milliseconds from withdrawing a request until nothing is computed; None when it was answered before."""
        task = self.ask(name, cursor)
        await asyncio.sleep(after_ms / 1000)
        if task.done():
            return None
        started = perf_counter()
        self.withdraw()
        await self._editor.request("hunch/idle")
        elapsed = (perf_counter() - started) * 1000
        await task
        return elapsed

    async def accept(self, shown: Shown, chars: int) -> None:
        """Tell what was taken, as the client does."""
        item = shown.handle
        if not isinstance(item, lsp.InlineCompletionItem):
            return
        if chars == len(shown.insertion):
            await self._editor.accept(item)
            return
        text = inserted_text(item)
        kept = text[: len(text) - len(shown.insertion) + chars]
        arguments = (item.command.arguments or []) if item.command else []
        self._editor.notify(
            "textDocument/didPartiallyAcceptCompletion",
            {"item": {"command": {"arguments": arguments}}, "acceptedLength": convert.utf16_length(kept)},
        )

    async def settle(self) -> None:
        """Wait for the engine."""
        with contextlib.suppress(JsonRpcException):
            await self._editor.request("hunch/idle")

    async def costs(self) -> dict[str, Any]:
        """The server's own counts."""
        stats: dict[str, Any] = await self._editor.request("hunch/stats")
        work = stats.get("work") or {}
        tokens = Tokens(
            prompt=work.get("prompt_tokens", 0),
            decoded=work.get("decoded_tokens", stats["decoded_tokens"]),
            stale_prompt=work.get("withdrawn_prompt_tokens", 0),
            stale_decoded=work.get("withdrawn_decoded_tokens", 0),
            ahead_prompt=work.get("prewarm_tokens", 0) + work.get("ahead_prompt_tokens", 0),
            ahead_decoded=work.get("ahead_decoded_tokens", 0),
            drafted=work.get("drafted_tokens", 0),
            drafts_right=work.get("accepted_tokens", 0),
        )
        return {"stats": stats, "tokens": tokens}


def inserted_text(item: lsp.InlineCompletionItem) -> str:
    """The item's text; snippets are not used."""
    return item.insert_text if isinstance(item.insert_text, str) else item.insert_text.value


def insertion_of(item: lsp.InlineCompletionItem, here: Position, line: str) -> str:
    """What the item puts in at `here` on `line`, after what stands in its range already.

    Raises HunchError for an item that does not continue that line: it would belong to another state of the text.
    """
    text = inserted_text(item)
    if item.range is None:
        return text
    start = convert.code_points(line, item.range.start.character)
    end = convert.code_points(line, item.range.end.character)
    stands = line[start : here.column]
    one_line = item.range.start.line == item.range.end.line == here.line
    if not one_line or end != here.column or not text.startswith(stands):
        raise HunchError(f"the server answered for another text: {text[:80]!r} after {line[: here.column]!r}")
    return text[len(stands) :]
