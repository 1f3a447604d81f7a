"""Idle work: what is made as if a suggestion were accepted, when it is of use, and that it gives way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion import CompletionEngine, CompletionQuery, CompletionSettings, EditKind
from hunch_features.completion.ahead import MOST_LINES, SETTLE_S, AheadCounts, after_accepting
from hunch_features.text import Document, Edit, Position
from hunch_models.backend import Finish, GenerationRequest, GenerationResult, GenerationTiming, Priority, Work
from hunch_models.llama.backend import LlamaBackend
from hunch_models.llama.settings import LlamaSettings
from tests.fakes import FakeBackend
from tests.tiny_gguf import write_scripted

START = "def area(width, height):\n    "
ANSWERS = {
    "height):\n    ": "size = width * height",
    "width * height\n    ": "print(size)",
    "print(size)\n    ": "return size",
}


class LocalBackend(FakeBackend):
    """A model of this machine."""

    def __init__(self, answers: dict[str, str], **others: object) -> None:
        super().__init__(answers, **others)  # type: ignore[arg-type]
        self.work = Work()
        self.warmed: list[GenerationRequest] = []

    async def prewarm(self, request: GenerationRequest) -> None:
        self.warmed.append(request)


TWO_LINES = {"height):\n    ": "size = 1", "size = 1\n    ": "return size"}


class Typist:
    """A person at the end of a document, with an engine."""

    def __init__(
        self, backend: FakeBackend | LlamaBackend, text: str = START, *, free: bool = True, **settings: Any
    ) -> None:
        self.text = Document(text, path="shapes.py", language="python", version=1)
        self.engine = CompletionEngine(
            backend,
            CompletionSettings(**{"delay_ms": 0, "multiline": "never", **settings}),
            machine_free=lambda: free,
        )

    @property
    def ahead(self) -> AheadCounts:
        return self.engine.ahead

    def type(self, added: str) -> None:
        end = self.text.position_at(self.text.char_count)
        self.text.apply(Edit(end, end, added))

    async def ask(self, last_edit: EditKind = EditKind.NONE) -> str:
        """What is offered, reported as shown."""
        query = CompletionQuery(self.text.snapshot(), self.text.char_count, last_edit=last_edit)
        outcome = await self.engine.complete(query)
        if not outcome.items or not outcome.items[0].shown:
            return ""
        self.engine.shown(outcome.items[0].id)
        return outcome.items[0].completion

    async def ask_stepped(self, backend: FakeBackend, tokens: int) -> str:
        """The same, with a backend that writes a few tokens when told to."""
        asked = asyncio.create_task(self.ask())
        await asyncio.sleep(0.01)
        backend.step(tokens)
        return await asked

    def move_to(self, line: int, column: int = 0) -> None:
        self.engine.moved(self.text.snapshot(), Position(line, column))


async def settle() -> None:
    await asyncio.sleep(SETTLE_S + 0.1)


async def test_the_lines_after_a_suggestion_are_there_before_they_are_asked_for() -> None:
    backend = LocalBackend(ANSWERS)
    typist = Typist(backend)
    first = await typist.ask()
    await settle()
    made = len(backend.requests)
    assert made == 3  # what follows `return` is not guessed
    assert [request.priority for request in backend.requests] == [Priority.TYPED, *[Priority.SPECULATION] * 2]
    for line, following in ((first, "print(size)"), ("print(size)", "return size")):
        typist.type(line + "\n    ")
        assert await typist.ask() == following
    assert len(backend.requests) == made
    assert (typist.ahead.kept, typist.ahead.used) == (2, 2)


async def test_what_is_typed_otherwise_is_never_answered_from_it() -> None:
    typist = Typist(LocalBackend(ANSWERS))
    await typist.ask()
    await settle()
    typist.type("size = width + height\n    ")
    assert await typist.ask() == ""
    assert typist.ahead.used == 0


@pytest.mark.parametrize(("typed", "cancelled"), [("siz", 0), ("y", 1), ("sizy", 1)])
async def test_typing_the_suggestion_goes_on_with_it_and_another_key_ends_it(typed: str, cancelled: int) -> None:
    backend = LocalBackend(TWO_LINES, stepped=True)
    typist = Typist(backend)
    assert await typist.ask_stepped(backend, len("size = 1"))
    await settle()
    for key in typed:
        typist.type(key)
        await typist.ask_stepped(backend, 0)
    assert (typist.ahead.begun, backend.cancelled) == (1, cancelled)


async def test_nothing_is_begun_while_keys_come() -> None:
    typist = Typist(LocalBackend(ANSWERS))
    for key in (await typist.ask())[:4]:
        typist.type(key)
        assert await typist.ask()
        await asyncio.sleep(SETTLE_S / 4)
    assert typist.ahead.begun == 0


async def test_a_request_for_the_same_place_waits_for_what_is_under_way() -> None:
    backend = LocalBackend(TWO_LINES, stepped=True)
    typist = Typist(backend)
    assert await typist.ask_stepped(backend, len("size = 1")) == "size = 1"
    await settle()
    backend.step(2)  # of "return size"
    typist.type("size = 1\n    ")
    assert await typist.ask_stepped(backend, 50) == "return size"
    assert [request.priority for request in backend.requests].count(Priority.TYPED) == 1
    assert backend.cancelled == 0


@pytest.mark.parametrize(
    ("backend", "free", "settings", "declined"),
    [
        (LocalBackend(ANSWERS), False, {}, 1),
        (LocalBackend(ANSWERS), True, {"idle_work": False}, 1),
        (LocalBackend(ANSWERS, logprob=-2.0), True, {"min_logprob": -9.0}, 0),
        (FakeBackend(ANSWERS), True, {}, 1),
    ],
    ids=["busy or on battery", "switched off", "hardly ever taken", "remote"],
)
async def test_when_nothing_is_done_ahead(
    backend: FakeBackend, free: bool, settings: dict[str, Any], declined: int
) -> None:
    typist = Typist(backend, free=free, **settings)
    assert await typist.ask()
    await settle()
    assert len(backend.requests) == 1
    assert (typist.ahead.begun, typist.ahead.declined) == (0, declined)


async def test_with_a_real_worker(tmp_path: Path) -> None:
    script = [" self", ".", "value", "\n", "   ", " print", "<|endoftext|>"]
    model = write_scripted(tmp_path / "script.gguf", [script])
    backend = LlamaBackend(
        model, state_dir=tmp_path, settings=LlamaSettings(threads=1, gpu_layers=0, extra_buffers="off")
    )
    await backend.start()
    await backend.settled()
    try:
        typist = Typist(backend, "if value:\n    x = self")
        assert await typist.ask() == ".value"
        await settle()
        await backend.idle()
        await settle()
        done = backend.work.decoded_tokens
        assert backend.work.ahead_decoded_tokens > 0
        assert typist.ahead.kept == MOST_LINES, "it is sure of every line"
        typist.type(".value\n    ")
        assert await typist.ask() == "print"
        assert backend.work.decoded_tokens == done
        assert typist.ahead.used == 1
    finally:
        await backend.stop()


class Overtaken(LocalBackend):
    """Gives every speculation up half way, as a worker does for a person's own request."""

    async def generate(self, request: GenerationRequest, on_text: object = None) -> GenerationResult:
        result = await super().generate(request)
        if request.priority is Priority.SPECULATION:
            return GenerationResult(result.text[:3], (-0.1,), Finish.CANCELLED, GenerationTiming())
        return result


async def test_half_a_text_is_never_kept() -> None:
    typist = Typist(Overtaken(ANSWERS))
    typist.type(await typist.ask() + "\n    ")
    await settle()
    assert (typist.ahead.kept, typist.ahead.begun) == (0, 3)
    assert await typist.ask() == "print(size)"


async def delete(typist: Typist) -> None:
    assert await typist.ask(EditKind.DELETE) == ""


async def move(typist: Typist) -> None:
    typist.move_to(0, len("def area(width, height):"))
    typist.move_to(1, 4)


async def move_into_text(typist: Typist) -> None:
    typist.move_to(1, 4)
    typist.move_to(0, 4)


async def move_and_type(typist: Typist) -> None:
    typist.move_to(1, 4)
    await typist.ask()


@pytest.mark.parametrize(
    ("happens", "free", "settings", "read", "declined"),
    [
        (delete, True, {}, True, 0),
        (delete, False, {}, False, 1),
        (move, True, {}, True, 0),
        (move, False, {}, False, 2),
        (move, True, {"idle_work": False}, False, 2),
        (move, True, {"enable": False}, False, 0),
        (move, True, {"trigger": "manual"}, False, 0),
        (move, True, {"languages": {"python": False}}, False, 0),
        (move_into_text, True, {}, False, 0),
        (move_and_type, True, {}, False, 0),
    ],
)
async def test_the_place_where_a_person_rests_is_read(
    happens: Callable[[Typist], Awaitable[None]], free: bool, settings: dict[str, Any], read: bool, declined: int
) -> None:
    backend = LocalBackend({})
    typist = Typist(backend, free=free, **settings)
    await happens(typist)
    assert backend.warmed == [], "not before the cursor has settled"
    await settle()
    assert [request.prefix for request in backend.warmed] == ([START] if read else [])
    assert (typist.ahead.prewarmed, typist.ahead.declined) == (int(read), declined)


@pytest.mark.parametrize(
    ("line", "column", "cancelled", "read"), [(1, 4, 0, 0), (0, len("def area(width, height):"), 1, 1), (0, 4, 1, 0)]
)
async def test_a_cursor_on_the_way_leaves_what_is_made_ahead_alone(
    line: int, column: int, cancelled: int, read: int
) -> None:
    backend = LocalBackend(TWO_LINES, stepped=True)
    typist = Typist(backend)
    assert await typist.ask_stepped(backend, len("size = 1"))
    await settle()
    typist.move_to(line, column)
    await settle()
    assert (backend.cancelled, len(backend.warmed)) == (cancelled, read)


async def test_a_closed_document_is_forgotten() -> None:
    typist = Typist(LocalBackend(ANSWERS))
    await typist.ask()
    typist.engine.document_closed("shapes.py")
    await settle()
    assert typist.ahead.begun == 0


FUTURES = [
    # language, text with the cursor at |, completion, the text expected, with the cursor at |
    ("python", "if x:\n    a = |", "1", "if x:\n    a = 1\n    |"),
    ("python", "if x:\n    |\nb = 2\n", "for a in x:", "if x:\n    for a in x:\n        |\nb = 2\n"),
    ("python", "class A:\n  x = 1\n  |", "def f():", "class A:\n  x = 1\n  def f():\n    |"),
    ("go", "func a() {\n\t|", "if x {", "func a() {\n\tif x {\n\t\t|"),
    ("python", "a = f(|)\n", "b, c", "a = f(b, c|)\n"),
    ("python", "a = |\r\nb\r\n", "1", "a = 1\r\n|\r\nb\r\n"),
    ("python", "def f():\n    |", "a = 1\n    b = 2", "def f():\n    a = 1\n    b = 2\n    |"),
    ("python", "def f():\n    |", "return 1", None),
]


@pytest.mark.parametrize(("language", "marked", "completion", "expected"), FUTURES)
def test_the_text_as_if_accepted(language: str, marked: str, completion: str, expected: str | None) -> None:
    before, _, after = marked.partition("|")
    text = Document(before + after, path="a", language=language)
    found = after_accepting(text.snapshot(), text.position_at(len(before)), completion)
    if expected is None:
        assert found is None
        return
    assert found is not None
    snapshot, position = found
    at = snapshot.offset_at(position)
    assert snapshot.text()[:at] + "|" + snapshot.text()[at:] == expected


@given(st.text(alphabet="ab:\n\r (", max_size=40), st.text(alphabet="ab:\n (", min_size=1, max_size=12), st.data())
def test_what_stands_around_stays(text: str, completion: str, data: st.DataObject) -> None:
    document = Document(text, path="a", language="python")
    offset = data.draw(st.integers(0, document.char_count))
    position = document.position_at(offset)
    found = after_accepting(document.snapshot(), Position(*position), completion)
    if found is not None:
        snapshot, place = found
        at, start = snapshot.offset_at(place), document.offset_at(position)
        assert snapshot.text()[:start] == document.text()[:start]
        assert snapshot.text()[at:] == document.text()[start:]
