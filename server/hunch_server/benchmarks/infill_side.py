"""A llama.cpp server driven as the extension llama.vscode drives it (commit 3938fb3), for side-by-side runs.

Taken over: 256 lines before and 64 after, the request's fields, no debounce, one request at a time with a poll every
150 ms, no abort of a request that runs, no streaming, the cache of 250 answers with type-through, the request for the
text after an answer ("as if accepted"), no request with more than 8 characters right of the cursor. Left out, each to
that client's advantage: chunks of other places (`input_extra`), and three answers per request (`n_cmpl`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import httpx

from hunch_features.text import Document, Edit
from hunch_models.errors import HunchError
from hunch_server.benchmarks.sides import Shown, Tokens
from hunch_server.counters import percentiles

PREFIX_LINES = 256
SUFFIX_LINES = 64
POLL_S = 0.15
CACHED_ANSWERS = 250
LONGEST_LINE_SUFFIX = 8
OPTIONS: dict[str, Any] = {
    "id_slot": 0,
    "input_extra": [],
    "n_predict": 128,
    "top_k": 40,
    "top_p": 0.99,
    "stream": False,
    "samplers": ["top_k", "top_p", "infill"],
    "cache_prompt": True,
    "t_max_prompt_ms": 500,
    "t_max_predict_ms": 500,
}
"""The body of a request but for the text: the extension's defaults."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is asked: the lines before, the line up to the cursor, and what follows."""

    prefix: str
    prompt: str
    suffix: str


@dataclass(slots=True)
class _Waiting:
    """One key's request. `withdrawn`: the editor wants no answer any more."""

    withdrawn: bool = False


class InfillSide:
    """One client of a running llama.cpp server."""

    def __init__(self, url: str) -> None:
        self._http = httpx.AsyncClient(base_url=url.rstrip("/"), timeout=60.0)
        self._url = url
        self._documents: dict[str, Document] = {}
        self._cache: OrderedDict[Place, str] = OrderedDict()
        self._busy = False
        self._current: _Waiting | None = None
        self._ahead: set[asyncio.Task[None]] = set()
        self._asked: set[asyncio.Task[Shown | None]] = set()
        self._tokens = Tokens()
        self._new_tokens: list[float] = []
        self._failure: BaseException | None = None

    async def model(self) -> str:
        """File name of the server's model. Raises HunchError when there is no llama.cpp server."""
        try:
            response = await self._http.get("/props")
            response.raise_for_status()
            path = str(response.json().get("model_path", ""))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as error:
            raise HunchError(
                f"--against {self._url}: {error or type(error).__name__}", "start `llama-server -m MODEL --port PORT`"
            ) from error
        return path.replace("\\", "/").rpartition("/")[2]

    def open(self, name: str, text: str) -> None:
        """Open a document."""
        self._documents[name] = Document(text)

    def text(self, name: str) -> str:
        """A document's text as it is now."""
        return self._documents[name].text()

    def edit(self, name: str, start: int, end: int, text: str) -> None:
        """Change a document."""
        document = self._documents[name]
        document.apply(Edit(document.position_at(start), document.position_at(end), text))

    def moved(self, _name: str, _cursor: int) -> None:
        """That extension only collects context from there for later requests, which is left out here."""

    def ask(self, name: str, cursor: int) -> asyncio.Task[Shown | None]:
        """Ask for text at the cursor. Raises what a request made ahead has failed with."""
        if self._failure is not None:
            raise self._failure
        self._current = _Waiting()
        task = asyncio.create_task(self._complete(self._documents[name], cursor, self._current))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)
        return task

    def withdraw(self) -> None:
        """The extension stops waiting; a request that was sent runs on."""
        if self._current is not None:
            self._current.withdrawn = True

    async def accept(self, shown: Shown, chars: int) -> None:
        """Nothing is told to this server."""

    async def settle(self) -> None:
        """Wait for everything that was sent."""
        await asyncio.gather(*self._asked, *self._ahead, return_exceptions=True)

    async def costs(self) -> dict[str, Any]:
        """Tokens as the server counted them, and the prompt tokens of each request that reached it."""
        return {"tokens": self._tokens, "new_tokens": percentiles(self._new_tokens)}

    async def close(self) -> None:
        """Free the connection."""
        for task in (*self._asked, *self._ahead):
            task.cancel()
        await self.settle()
        await self._http.aclose()

    # ---- the extension's order of things ----

    async def _complete(self, document: Document, cursor: int, waiting: _Waiting) -> Shown | None:
        while self._busy:
            await asyncio.sleep(POLL_S)
            if waiting.withdrawn:
                return None
        self._busy = True
        try:
            return await self._answer(document, cursor, waiting)
        finally:
            self._busy = False

    async def _answer(self, document: Document, cursor: int, waiting: _Waiting) -> Shown | None:
        # Read when the turn comes: the document may have gone on while this request waited.
        here = document.position_at(cursor)
        line = document.line(here.line)
        before, after = line[: here.column], line[here.column :]
        if len(after) > LONGEST_LINE_SUFFIX:
            return None
        blank = not before.strip(" \t")
        place = Place(
            "\n".join(_lines(document, here.line - PREFIX_LINES, here.line)) + "\n",
            "" if blank else before,
            after + "\n" + "\n".join(_lines(document, here.line + 1, here.line + 1 + SUFFIX_LINES)) + "\n",
        )
        text = self._cached(place)
        cached = text is not None
        if text is None:
            if waiting.withdrawn:
                return None
            text = await self._infill(place, waiting)
        lines = _without_blank_end(text.splitlines())
        if not lines or _repeats(lines, document, here.line, before, after):
            return None
        text = _fitted(lines, after)
        if not cached:
            self._put(place, text)
        if not waiting.withdrawn and not after.strip():
            task = asyncio.create_task(self._look_ahead(place, lines))
            self._ahead.add(task)
            task.add_done_callback(self._looked_ahead)
        if waiting.withdrawn:
            return None
        spaces = len(before) if blank else 0
        insertion = text[min(spaces, len(text) - len(text.lstrip(" \t"))) :]
        return Shown(insertion, cached) if insertion else None

    async def _look_ahead(self, place: Place, lines: list[str]) -> None:
        """Ask for what follows "as if accepted", and keep the rest of the text for after its first line."""
        if len(lines) > 1:
            head = (place.prefix + place.prompt + "\n".join(lines[:-1])).split("\n")
            future = Place("\n".join(head[-PREFIX_LINES:]) + "\n", lines[-1], place.suffix)
        else:
            future = Place(place.prefix, place.prompt + lines[0], place.suffix)
        if future not in self._cache:
            text = await self._infill(future, None)
            if text.strip():
                self._put(future, "\n".join(_without_blank_end(text.splitlines())))
        if len(lines) > 1:
            rest = Place(place.prefix + place.prompt + lines[0] + "\n", "", place.suffix)
            if rest not in self._cache:
                self._put(rest, "\n".join(lines[1:]))

    def _looked_ahead(self, task: asyncio.Task[None]) -> None:
        self._ahead.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failure = self._failure or task.exception()

    def _cached(self, place: Place) -> str | None:
        for end in range(len(place.prompt), -1, -1):
            text = self._cache.get(Place(place.prefix, place.prompt[:end], place.suffix))
            typed = place.prompt[end:]
            if text and text.startswith(typed):
                return text[len(typed) :]
        return None

    def _put(self, place: Place, text: str) -> None:
        self._cache[place] = text
        if len(self._cache) > CACHED_ANSWERS:
            self._cache.popitem(last=False)

    async def _infill(self, place: Place, waiting: _Waiting | None) -> str:
        indent = len(place.prompt) - len(place.prompt.lstrip())
        body = {**OPTIONS, "input_prefix": place.prefix, "prompt": place.prompt, "input_suffix": place.suffix}
        if indent:
            body["n_indent"] = indent
        try:
            response = await self._http.post("/infill", json=body)
            response.raise_for_status()
            answer: Any = response.json()
        except (httpx.HTTPError, ValueError) as error:
            said = error.response.text[:200] if isinstance(error, httpx.HTTPStatusError) else str(error)
            raise HunchError(f"--against {self._url}: {said or type(error).__name__}") from error
        if not isinstance(answer, dict):
            raise HunchError(f"--against {self._url}: not the answer of a llama.cpp server")
        timings = answer.get("timings") or {}
        self._count(int(timings.get("prompt_n", 0)), int(timings.get("predicted_n", 0)), waiting)
        return str(answer.get("content", ""))

    def _count(self, prompt: int, decoded: int, waiting: _Waiting | None) -> None:
        tokens = self._tokens
        tokens.prompt += prompt
        tokens.decoded += decoded
        if waiting is None:
            tokens.ahead_prompt += prompt
            tokens.ahead_decoded += decoded
            return
        self._new_tokens.append(float(prompt))
        if waiting.withdrawn:
            tokens.stale_prompt += prompt
            tokens.stale_decoded += decoded


def _lines(document: Document, start: int, end: int) -> list[str]:
    return [document.line(number) for number in range(max(0, start), min(end, document.line_count))]


def _without_blank_end(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def _repeats(lines: list[str], document: Document, line: int, before: str, after: str) -> bool:
    """Whether the text says what stands below already: the extension then shows nothing."""
    last = document.line_count - 1
    if line == last:
        return False
    following = [document.line(number) for number in range(line + 1, min(last + 1, line + 1 + len(lines)))]
    if len(lines) > 1 and lines[0].strip() in {"", after.strip()} and lines[1:] == following[: len(lines) - 1]:
        return True
    if lines == [after]:
        return True
    first = next((number for number in range(line + 1, last + 1) if document.line(number).strip()), None)
    if first is None or before + lines[0] != document.line(first):
        return False
    below = [document.line(number) for number in range(first + 1, min(last + 1, first + len(lines)))]
    if len(lines) == 2:
        return bool(below) and below[0].startswith(lines[1])
    return lines[1:] == below


def _fitted(lines: list[str], after: str) -> str:
    """The text without what stands right of the cursor already."""
    if after.strip():
        if lines[0].endswith(after):
            return lines[0][: -len(after)]
        if len(lines) > 1:
            return lines[0]
    return "\n".join(lines)
