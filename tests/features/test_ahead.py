"""Idle work: what is made as if a suggestion were accepted, when it is of use, and that it gives way."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion import CompletionEngine, CompletionQuery, CompletionSettings, EditKind
from hunch_features.completion.ahead import MOST_LINES, SETTLE_S, after_accepting
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


def make(backend: FakeBackend | LlamaBackend, *, free: bool = True, **settings: object) -> CompletionEngine:
    return CompletionEngine(
        backend,
        CompletionSettings(**{"delay_ms": 0, "multiline": "never", **settings}),  # type: ignore[arg-type]
        machine_free=lambda: free,
    )


def document(text: str = START) -> Document:
    return Document(text, path="shapes.py", language="python", version=1)


async def ask(engine: CompletionEngine, text: Document, offset: int | None = None, **others: object) -> str:
    """What is offered at the end of the text, reported as shown."""
    query = CompletionQuery(text.snapshot(), text.char_count if offset is None else offset, **others)  # type: ignore[arg-type]
    outcome = await engine.complete(query)
    if not outcome.items or not outcome.items[0].shown:
        return ""
    engine.shown(outcome.items[0].id)
    return outcome.items[0].completion


def type_in(text: Document, added: str) -> None:
    end = text.position_at(text.char_count)
    text.apply(Edit(end, end, added))


async def settle() -> None:
    await asyncio.sleep(SETTLE_S + 0.1)


async def test_the_lines_after_a_suggestion_are_there_before_they_are_asked_for() -> None:
    backend = LocalBackend(ANSWERS)
    engine = make(backend)
    text = document()
    first = await ask(engine, text)
    await settle()
    made = len(backend.requests)
    assert made == 3  # what follows `return` is not guessed
    assert [request.priority for request in backend.requests] == [Priority.TYPED, *[Priority.SPECULATION] * 2]
    type_in(text, first + "\n    ")
    assert await ask(engine, text) == "print(size)"
    type_in(text, "print(size)\n    ")
    assert await ask(engine, text) == "return size"
    assert len(backend.requests) == made
    assert (engine.ahead.kept, engine.ahead.used) == (2, 2)


async def test_what_is_typed_otherwise_is_never_answered_from_it() -> None:
    backend = LocalBackend(ANSWERS)
    engine = make(backend)
    text = document()
    await ask(engine, text)
    await settle()
    type_in(text, "size = width + height\n    ")
    assert await ask(engine, text) == ""
    assert engine.ahead.used == 0


async def test_another_key_ends_it_and_typing_the_suggestion_does_not() -> None:
    backend = LocalBackend({"height):\n    ": "size = 1", "size = 1\n    ": "return size"}, stepped=True)
    engine = make(backend)
    text = document()
    asked = asyncio.create_task(ask(engine, text))
    await asyncio.sleep(0)
    backend.step(len("size = 1"))
    assert await asked
    await settle()
    for key in "siz":
        type_in(text, key)
        assert await ask(engine, text)
    assert (engine.ahead.begun, backend.cancelled) == (1, 0)
    type_in(text, "y")
    asked = asyncio.create_task(ask(engine, text))
    await asyncio.sleep(0.01)
    assert backend.cancelled == 1
    await asked


async def test_nothing_is_begun_while_keys_come() -> None:
    engine = make(LocalBackend(ANSWERS))
    text = document()
    for key in (await ask(engine, text))[:4]:
        type_in(text, key)
        assert await ask(engine, text)
        await asyncio.sleep(SETTLE_S / 4)
    assert engine.ahead.begun == 0


async def test_a_request_for_the_same_place_waits_for_what_is_under_way() -> None:
    backend = LocalBackend({"height):\n    ": "size = 1", "size = 1\n    ": "return size"}, stepped=True)
    engine = make(backend)
    text = document()
    asked = asyncio.create_task(ask(engine, text))
    await asyncio.sleep(0)
    backend.step(len("size = 1"))
    assert await asked == "size = 1"
    await settle()
    backend.step(2)  # of "return size"
    type_in(text, "size = 1\n    ")
    asked = asyncio.create_task(ask(engine, text))
    await asyncio.sleep(0.01)
    backend.step(50)
    assert await asked == "return size"
    assert len([request for request in backend.requests if request.priority is Priority.TYPED]) == 1
    assert backend.cancelled == 0


@pytest.mark.parametrize(
    ("backend", "free", "settings"),
    [
        (LocalBackend(ANSWERS), False, {}),
        (LocalBackend(ANSWERS), True, {"idle_work": False}),
        (LocalBackend(ANSWERS, logprob=-2.0), True, {"min_logprob": -9.0}),
        (FakeBackend(ANSWERS), True, {}),
    ],
    ids=["busy or on battery", "switched off", "hardly ever taken", "remote"],
)
async def test_when_nothing_is_done_ahead(backend: FakeBackend, free: bool, settings: dict[str, object]) -> None:
    engine = make(backend, free=free, **settings)
    assert await ask(engine, document())
    await settle()
    assert len(backend.requests) == 1
    assert engine.ahead.begun == 0


async def test_with_a_real_worker(tmp_path: Path) -> None:
    script = [" self", ".", "value", "\n", "   ", " print", "<|endoftext|>"]
    model = write_scripted(tmp_path / "script.gguf", [script])
    backend = LlamaBackend(
        model, state_dir=tmp_path, settings=LlamaSettings(threads=1, gpu_layers=0, extra_buffers="off")
    )
    await backend.start()
    await backend.settled()
    try:
        engine = make(backend)
        text = document("if value:\n    x = self")
        assert await ask(engine, text) == ".value"
        await settle()
        await backend.idle()
        await settle()
        done = backend.work.decoded_tokens
        assert backend.work.ahead_decoded_tokens > 0
        assert engine.ahead.kept == MOST_LINES, "it is sure of every line"
        type_in(text, ".value\n    ")
        assert await ask(engine, text) == "print"
        assert backend.work.decoded_tokens == done
        assert engine.ahead.used == 1
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
    engine = make(Overtaken(ANSWERS))
    text = document()
    type_in(text, await ask(engine, text) + "\n    ")
    await settle()
    assert (engine.ahead.kept, engine.ahead.begun) == (0, 3)
    assert await ask(engine, text) == "print(size)"


async def test_a_place_where_nothing_is_asked_is_read() -> None:
    backend = LocalBackend(ANSWERS)
    engine = make(backend)
    assert await ask(engine, document(), last_edit=EditKind.DELETE) == ""
    await settle()
    assert [request.prefix for request in backend.warmed] == [START]
    assert (engine.ahead.prewarmed, backend.requests) == (1, [])


async def test_a_closed_document_is_forgotten() -> None:
    backend = LocalBackend(ANSWERS)
    engine = make(backend)
    await ask(engine, document())
    engine.document_closed("shapes.py")
    await settle()
    assert engine.ahead.begun == 0


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
