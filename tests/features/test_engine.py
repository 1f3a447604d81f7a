"""The completion engine: who is asked, what is shown, what is withheld and why."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Sequence
from pathlib import Path

import pytest

from hunch_features.completion import CompletionEngine, CompletionQuery, CompletionSettings, EditKind
from hunch_features.completion.candidates import Outcome, Source
from hunch_features.completion.reasons import SENTENCES, Reason
from hunch_features.completion.recall import Recalled
from hunch_features.text import Position, Snapshot
from hunch_models.backend import BackendState, BackendStatus
from hunch_models.errors import BackendError
from hunch_models.llama.backend import LlamaBackend
from hunch_models.llama.settings import LlamaSettings
from tests.fakes import FakeBackend
from tests.features.marks import marked
from tests.tiny_gguf import write_scripted

CALL = "total = sum(items)\nprint(<cursor>\n"
ANSWERS = {"print(": "total, end='')", "print(t": "otal, end='')", "= ": "compute(first)"}


def query(
    text: str, *, explicit: bool = False, selected: str | None = None, edit: EditKind = EditKind.INSERT, **more: str
) -> CompletionQuery:
    snapshot, position = marked(text, **more)
    offset = snapshot.line_start(position.line) + position.column
    return CompletionQuery(snapshot, offset, explicit=explicit, selected_text=selected, last_edit=edit)


def engine(backend: FakeBackend, **settings: object) -> CompletionEngine:
    return CompletionEngine(backend, CompletionSettings(**{"delay_ms": 0, **settings}))  # type: ignore[arg-type]


async def ask(text: str, backend: FakeBackend | None = None, **settings: object) -> Outcome:
    return await engine(backend or FakeBackend(ANSWERS), **settings).complete(query(text))


async def test_a_suggestion_replaces_the_line_up_to_the_cursor() -> None:
    outcome = await ask(CALL)
    (item,) = outcome.items
    assert (item.text, item.completion) == ("print(total, end='')", "total, end='')")
    assert (item.start, item.end) == (19, 25)
    assert (item.source, item.shown, item.reason) == (Source.MODEL, True, Reason.SHOWN)
    assert outcome.decision.shown


async def test_typing_through_is_answered_from_the_cache() -> None:
    backend = FakeBackend(ANSWERS)
    both = engine(backend)
    await both.complete(query(CALL))
    outcome = await both.complete(query(CALL.replace("print(", "print(tot")))
    assert [(item.completion, item.source) for item in outcome.items] == [("al, end='')", Source.CACHE)]
    assert len(backend.requests) == 1
    assert outcome.decision.timing.new_tokens == outcome.decision.timing.decoded_tokens == 0


async def test_typing_something_else_asks_anew() -> None:
    backend = FakeBackend(ANSWERS)
    both = engine(backend)
    await both.complete(query(CALL))
    await both.complete(query(CALL.replace("print(", "print(x")))
    assert len(backend.requests) == 2


async def test_a_changed_suffix_asks_anew() -> None:
    backend = FakeBackend(ANSWERS)
    both = engine(backend)
    await both.complete(query(CALL))
    await both.complete(query(CALL + "print('more')\n"))
    assert len(backend.requests) == 2


SILENT: list[tuple[str, Reason, dict[str, object], dict[str, object]]] = [
    ("x = <cursor>\n", Reason.DISABLED, {"enable": False}, {}),
    ("x = <cursor>\n", Reason.LANGUAGE_OFF, {"languages": {"python": False}}, {}),
    ("x = <cursor>\n", Reason.MANUAL, {"trigger": "manual"}, {}),
    ("x = <cursor>\n", Reason.SNOOZED, {"snooze_until": 4e9}, {}),
    ("x = <cursor>\n", Reason.AFTER_DELETE, {}, {"edit": EditKind.DELETE}),
    ("x = <cursor>\n", Reason.AFTER_DELETE, {}, {"edit": EditKind.UNDO}),
    ("x = lo<cursor>ng\n", Reason.MID_WORD, {}, {}),
    ("x = <cursor> + 1\n", Reason.TEXT_RIGHT, {}, {}),
    ("# a note about <cursor>\n", Reason.IN_COMMENT, {"in_comments": False}, {}),
    ("name = 'some <cursor>'\n", Reason.IN_STRING, {"in_strings": False}, {}),
    ("<cursor>\n", Reason.NOT_ENOUGH_CONTEXT, {}, {}),
]


@pytest.mark.parametrize(("text", "reason", "settings", "how"), SILENT, ids=[str(case[1]) for case in SILENT])
async def test_when_not_to_ask(text: str, reason: Reason, settings: dict[str, object], how: dict[str, object]) -> None:
    backend = FakeBackend(ANSWERS)
    outcome = await engine(backend, **settings).complete(query(text, **how))  # type: ignore[arg-type]
    assert (outcome.items, outcome.decision.reason, outcome.decision.asked) == ((), reason, False)
    assert not backend.requests


@pytest.mark.parametrize("text", ["x = <cursor> + 1\n", "x = lo<cursor>ng\n", "<cursor>\n"])
async def test_an_explicit_request_is_always_asked(text: str) -> None:
    backend = FakeBackend(ANSWERS)
    await engine(backend, trigger="manual", snooze_until=4e9).complete(query(text, explicit=True, edit=EditKind.DELETE))
    assert len(backend.requests) == 1


async def test_the_unsure_is_withheld_but_told() -> None:
    backend = FakeBackend(ANSWERS, logprob=-2.0)
    outcome = await ask(CALL, backend, min_logprob=-1.0)
    (item,) = outcome.items
    assert (item.shown, item.reason) == (False, Reason.UNSURE)
    assert outcome.decision.asked
    assert not outcome.decision.shown
    assert "14%" in outcome.decision.summary
    assert "37%" in outcome.decision.summary
    assert outcome.decision.knob == "completion.min_logprob"


async def test_the_unsure_is_shown_when_asked_for() -> None:
    both = engine(FakeBackend(ANSWERS, logprob=-2.0), min_logprob=-1.0)
    outcome = await both.complete(query(CALL, explicit=True))
    assert outcome.items[0].shown


async def test_an_explicit_no_is_remembered_at_its_place_only() -> None:
    both = engine(FakeBackend(ANSWERS))
    (item,) = (await both.complete(query(CALL))).items
    both.rejected(item.id, "explicit", 500.0)
    again = await both.complete(query(CALL))
    assert again.decision.reason is Reason.REJECTED_BEFORE
    elsewhere = await both.complete(query("other = 1\nprint(<cursor>\n"))
    assert elsewhere.items[0].shown


async def test_typing_past_a_suggestion_is_no_explicit_no() -> None:
    both = engine(FakeBackend(ANSWERS))
    (item,) = (await both.complete(query(CALL))).items
    both.rejected(item.id, "typed", 500.0)
    assert (await both.complete(query(CALL))).items[0].shown


@pytest.mark.parametrize(("selected", "shown"), [("total", True), ("tuple", False)])
async def test_the_open_list_must_agree(selected: str, shown: bool) -> None:
    outcome = await engine(FakeBackend(ANSWERS)).complete(query(CALL.replace("print(", "print(t"), selected=selected))
    assert outcome.items[0].shown is shown


async def test_what_is_left_of_nothing_is_a_reason() -> None:
    outcome = await ask("values = [<cursor>\n", FakeBackend({}))
    assert (outcome.items, outcome.decision.reason, outcome.decision.asked) == ((), Reason.EMPTY, True)


async def test_no_model_is_a_reason_with_its_detail() -> None:
    backend = FakeBackend(ANSWERS)
    backend.current = BackendStatus(BackendState.DEGRADED, "cannot load broken.gguf")
    outcome = await ask(CALL, backend)
    assert outcome.decision.reason is Reason.NO_MODEL
    assert "broken.gguf" in outcome.decision.summary


@pytest.mark.parametrize("error", [BackendError("the worker died"), RuntimeError("a bug")])
async def test_a_failing_backend_is_a_reason_and_the_next_request_works(error: Exception) -> None:
    backend = FakeBackend(ANSWERS)
    both = engine(backend)
    backend.error = error
    assert (await both.complete(query(CALL))).decision.reason is Reason.BACKEND_FAILED
    backend.error = None
    assert (await both.complete(query(CALL))).items[0].shown


@pytest.mark.parametrize(("error", "logged"), [(BackendError("the worker died"), 0), (RuntimeError("a bug"), 1)])
async def test_a_failure_that_nobody_waits_for_is_told_once_and_only_as_a_bug(
    error: Exception, logged: int, caplog: pytest.LogCaptureFixture
) -> None:
    backend = FakeBackend(ANSWERS, stepped=True)
    request = asyncio.create_task(engine(backend).complete(query(CALL)))
    await asked(backend)
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    backend.error = error
    backend.step()
    await asyncio.sleep(0.01)
    gc.collect()  # an exception that nobody has looked at is told by asyncio when its task goes
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == logged


async def asked(backend: FakeBackend) -> None:
    async with asyncio.timeout(5):
        while not backend.requests:
            await asyncio.sleep(0)


async def test_the_next_key_takes_over_a_generation_that_agrees() -> None:
    backend = FakeBackend(ANSWERS, stepped=True)
    both = engine(backend)
    first = asyncio.ensure_future(both.complete(query(CALL)))
    await asked(backend)
    backend.step(3)
    await asyncio.sleep(0)
    second = asyncio.ensure_future(both.complete(query(CALL.replace("print(", "print(to"))))
    await asyncio.sleep(0)
    first.cancel()
    backend.step(50)
    outcome = await second
    assert [(item.completion, item.source) for item in outcome.items] == [("tal, end='')", Source.RUNNING)]
    assert (len(backend.requests), backend.cancelled) == (1, 0)


async def test_the_next_key_ends_a_generation_that_disagrees() -> None:
    backend = FakeBackend(ANSWERS, stepped=True)
    both = engine(backend)
    first = asyncio.ensure_future(both.complete(query(CALL)))
    await asked(backend)
    backend.step(3)
    for _ in range(5):
        await asyncio.sleep(0)
    second = asyncio.ensure_future(both.complete(query(CALL.replace("print(", "print(x"))))
    outcome = await first
    backend.step(50)
    await second
    assert backend.cancelled == 1
    assert outcome.decision.reason is Reason.OVERTAKEN


async def test_a_withdrawn_request_ends_its_generation() -> None:
    backend = FakeBackend(ANSWERS, stepped=True)
    both = engine(backend)
    request = asyncio.ensure_future(both.complete(query(CALL)))
    await asked(backend)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    await asyncio.sleep(0.1)
    assert backend.cancelled == 1
    assert not both.thinking


async def test_a_burst_leaves_one_generation() -> None:
    backend = FakeBackend({"x" * 100: "yz()"}, stepped=True)
    both = engine(backend, delay_ms=5)
    requests = [asyncio.ensure_future(both.complete(query("v = " + "x" * n + "<cursor>\n"))) for n in range(1, 101)]
    await asyncio.sleep(0.05)
    backend.step(10)
    outcomes = await asyncio.gather(*requests)
    assert len(backend.requests) == 1
    assert [outcome.decision.reason for outcome in outcomes[:-1]] == [Reason.OVERTAKEN] * 99
    assert outcomes[-1].items[0].completion == "yz()"


async def test_closing_a_document_ends_its_generation() -> None:
    backend = FakeBackend(ANSWERS, stepped=True)
    both = engine(backend)
    request = asyncio.ensure_future(both.complete(query(CALL)))
    await asked(backend)
    both.document_closed("main.py")
    assert (await request).decision.reason is Reason.OVERTAKEN
    assert backend.cancelled == 1


async def test_why_answers_at_the_position_and_on_its_line() -> None:
    both = engine(FakeBackend(ANSWERS))
    await both.complete(query(CALL))
    exact = both.why("main.py", Position(1, 6))
    assert exact is not None
    assert {factor.name for factor in exact.factors} >= {"source", "mean_logprob", "min_logprob"}
    assert both.why("main.py", Position(1, 2)) is exact
    assert both.why("main.py", Position(0, 0)) is None
    assert both.why("other.py", Position(1, 6)) is None


def test_every_reason_has_a_sentence_of_its_own() -> None:
    assert set(SENTENCES) == set(Reason)
    sentences = [sentence for sentence, _ in SENTENCES.values()]
    assert len(set(sentences)) == len(sentences)
    assert all(sentence.endswith(".") for sentence in sentences)


async def test_a_real_worker_evaluates_nothing_on_a_cache_hit(tmp_path: Path) -> None:
    model = write_scripted(tmp_path / "m.gguf", [["return", " self", " value", " total", "<|endoftext|>"]])
    settings = LlamaSettings(threads=1, gpu_layers=0, extra_buffers="off")
    backend = LlamaBackend(model, state_dir=tmp_path / "state", model_id="m", settings=settings)
    await backend.start()
    await backend.settled()
    try:
        both = CompletionEngine(backend, CompletionSettings(min_logprob=-100))
        (first,) = (await both.complete(query("return<cursor>\n", language="prose"))).items
        assert first.completion == " self value total"
        before = (await backend.stats()).evaluations
        second = await both.complete(query("return self<cursor>\n", language="prose"))
        assert second.items[0].completion == " value total"
        assert (await backend.stats()).evaluations == before
    finally:
        await backend.stop()


class Remembering:
    """A memory that recalls these texts everywhere."""

    def __init__(self, *recalled: tuple[str, float]) -> None:
        self._recalled = tuple(Recalled(*one) for one in recalled)

    def continuations(self, _snapshot: Snapshot, _position: Position) -> Sequence[Recalled]:
        return self._recalled

    def unknown_call(self, _snapshot: Snapshot, _position: Position, text: str) -> str:
        return "it calls `made_up`, which nothing here defines or imports" if "made_up(" in text else ""


@pytest.mark.parametrize(
    ("recalled", "likes", "text", "source", "reason"),
    [
        # Memory's second text is what the model finds likely.
        ((("count)", 0.4), ("total)", 0.3)), {"total)": -0.1}, "total)", Source.MEMORY, Reason.SHOWN),
        # Both say the same: it is the model's.
        ((("items)", 0.5),), {"items)": -0.1}, "items)", Source.MODEL, Reason.SHOWN),
        # The likeliest is too short to be shown; a longer one is no better for its length.
        ((("y", 0.9), ("total)", 0.01)), {"y": -0.1}, "y", Source.MEMORY, Reason.TOO_SHORT),
        # The model finds nothing of it likely.
        ((("count)", 0.02),), {"items)": -0.1}, "items)", Source.MODEL, Reason.SHOWN),
    ],
)
async def test_memory_and_model_in_one_order(
    recalled: tuple[tuple[str, float], ...], likes: dict[str, float], text: str, source: Source, reason: Reason
) -> None:
    backend = FakeBackend({"print(": "items)"}, likes=likes)
    settings = CompletionSettings(delay_ms=0, min_logprob=-100)
    both = CompletionEngine(backend, settings, recall=Remembering(*recalled))
    outcome = await both.complete(query(CALL))
    (item,) = outcome.items
    assert (item.completion, item.source, item.reason) == (text, source, reason)
    assert backend.requests[0].score == tuple(one for one, _ in recalled)


async def test_a_call_of_nothing_is_withheld_with_its_name() -> None:
    settings = CompletionSettings(delay_ms=0, min_logprob=-100)
    engine = CompletionEngine(FakeBackend({"print(": "made_up(items))"}), settings, recall=Remembering())
    asked = query(CALL)
    outcome = await engine.complete(asked)
    assert not outcome.items
    assert outcome.decision.reason is Reason.UNKNOWN_NAME
    assert "`made_up`" in outcome.decision.summary
    assert outcome.decision.knob == "completion.known_names"
    engine.configure(CompletionSettings(delay_ms=0, min_logprob=-100, known_names=False))
    outcome = await engine.complete(asked)
    assert outcome.items[0].completion == "made_up(items))"


async def test_what_exists_takes_the_place_of_what_does_not() -> None:
    backend = FakeBackend({"print(": "made_up(items))"}, likes={"total)": -0.5})
    settings = CompletionSettings(delay_ms=0, min_logprob=-100)
    engine = CompletionEngine(backend, settings, recall=Remembering(("total)", 0.02)))
    outcome = await engine.complete(query(CALL))
    assert outcome.items[0].completion == "total)"
