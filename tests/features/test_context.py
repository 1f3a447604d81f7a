"""Context assembly: inside its budget, and stable from key to key."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hunch_features.completion.context import SLACK, ContextAssembler
from hunch_features.completion.settings import CompletionSettings
from hunch_features.text import Document, Edit, Position
from hunch_models.backend import GenerationRequest, Snippet, StopRule
from tests.features.marks import marked

CHARS = 3.0
LINE = "    value_{0} = compute(value_{0}, {0})\n"


def assemble(
    assembler: ContextAssembler,
    text: str,
    *,
    prefix: int = 64,
    suffix: int = 16,
    extra: int = 0,
    context_length: int = 0,
) -> GenerationRequest:
    snapshot, position = marked(text)
    settings = CompletionSettings(prefix_tokens=prefix, suffix_tokens=suffix, extra_tokens=extra)
    return assembler.assemble(snapshot, position, settings, StopRule(), 24, CHARS, context_length)


def lines(count: int, start: int = 0) -> str:
    return "".join(LINE.format(number) for number in range(start, start + count))


def test_prefix_and_suffix_meet_at_the_cursor() -> None:
    request = assemble(ContextAssembler(), lines(100) + "    total = su<cursor>)\n" + lines(100, 100))
    assert request.prefix.endswith("    total = su")
    assert request.suffix.startswith(")\n" + LINE.format(100))


def test_windows_stay_inside_the_budget() -> None:
    request = assemble(ContextAssembler(), lines(500) + "<cursor>\n" + lines(500))
    assert 32 * CHARS < len(request.prefix) <= 64 * CHARS * SLACK
    assert 0 < len(request.suffix) <= 16 * CHARS + 1
    assert request.budget.prefix >= len(request.prefix) / CHARS
    assert (request.prefix.count("\n"), request.prefix[0]) != (0, "\n")


@pytest.mark.parametrize("context_length", [64, 128, 768, 2048])
def test_a_short_context_of_the_model_shrinks_both(context_length: int) -> None:
    request = assemble(
        ContextAssembler(),
        lines(500) + "<cursor>\n" + lines(500),
        prefix=1024,
        suffix=512,
        context_length=context_length,
    )
    assert request.budget.prefix + request.budget.suffix + request.max_tokens <= context_length


def test_typing_a_line_leaves_start_and_suffix_in_place() -> None:
    assembler = ContextAssembler()
    typed = "    total = compute(first, second)"
    requests = [
        assemble(assembler, lines(100) + typed[:count] + "<cursor>\n" + lines(50)) for count in range(len(typed) + 1)
    ]
    for earlier, later in itertools.pairwise(requests):
        assert later.prefix.startswith(earlier.prefix)
        assert later.suffix == earlier.suffix


def test_the_start_moves_seldom_while_many_lines_are_typed() -> None:
    assembler = ContextAssembler()
    requests = [assemble(assembler, lines(count) + "<cursor>\n") for count in range(1, 200)]
    moved = sum(not later.prefix.startswith(earlier.prefix) for earlier, later in itertools.pairwise(requests))
    assert 1 <= moved <= 100
    assert all(len(request.prefix) <= 64 * CHARS * SLACK for request in requests)


def test_a_change_right_below_is_seen() -> None:
    assembler = ContextAssembler()
    first = assemble(assembler, "x = <cursor>\nfirst()\nsecond()\n")
    assert assemble(assembler, "x = <cursor>\nother()\nsecond()\n").suffix != first.suffix


def test_another_document_has_its_own_windows() -> None:
    assembler = ContextAssembler()
    assemble(assembler, lines(100) + "<cursor>\n")
    snapshot = Document("y = 1\nz = ", path="other.py", language="python").snapshot()
    request = assembler.assemble(snapshot, Position(1, 4), CompletionSettings(), StopRule(), 24, CHARS, 0)
    assert (request.prefix, request.path) == ("y = 1\nz = ", "other.py")


class Memory:
    def __init__(self) -> None:
        self.asked: list[int] = []
        self.forgotten: list[str] = []

    def snippets(self, _snapshot: object, _position: object, budget: int) -> list[Snippet]:
        self.asked.append(budget)
        return [Snippet("a.py", "def f(): ...")]

    def forget(self, path: str) -> None:
        self.forgotten.append(path)


def test_snippets_come_from_the_given_source() -> None:
    memory = Memory()
    assembler = ContextAssembler(memory)
    request = assemble(assembler, "x = <cursor>", extra=64)
    assert request.extra == (Snippet("a.py", "def f(): ..."),)
    assert (request.budget.extra, memory.asked) == (64, [64])
    assembler.forget(request.path)
    assert memory.forgotten == [request.path]


def test_other_files_are_left_out_where_the_context_has_no_room() -> None:
    memory = Memory()
    request = assemble(ContextAssembler(memory), "x = <cursor>", extra=64, context_length=100)
    assert (request.extra, memory.asked) == ((), [])


@given(
    text=st.text(alphabet="ab(\n\r😀é ", max_size=200),
    edits=st.lists(st.tuples(st.integers(0, 200), st.text(alphabet="xy\n😀", max_size=5)), max_size=8),
)
def test_the_request_is_always_the_text_around_the_cursor(text: str, edits: list[tuple[int, str]]) -> None:
    assembler = ContextAssembler()
    document = Document(text, path="a.py", language="python")
    for place, inserted in edits:
        position = document.position_at(min(place, document.char_count))
        document.apply(Edit(position, position, inserted))
        offset = document.offset_at(position) + len(inserted)
        snapshot = document.snapshot()
        request = assembler.assemble(
            snapshot, snapshot.position_at(offset), CompletionSettings(), StopRule(), 24, CHARS, 0
        )
        assert snapshot.text()[:offset].endswith(request.prefix)
        rest = snapshot.line(snapshot.position_at(offset).line)[snapshot.position_at(offset).column :]
        assert request.suffix.startswith(rest)
