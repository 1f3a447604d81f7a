"""Guessed tokens: the text stays the one of plain decoding, with fewer evaluations, and only while that pays."""

from __future__ import annotations

import dataclasses
import itertools
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hunch_models.backend import GenerationRequest, StopRule
from hunch_models.llama.decoding import Guesses
from hunch_models.llama.drafting import TRY_EVERY, Acceptance, Drafter, Kind
from hunch_models.llama.engine import Engine
from hunch_models.llama.generation import Generator, Outcome
from hunch_models.llama.library import NativeLog, load_library
from hunch_models.llama.pace import LONGEST_DRAFT, Pace
from hunch_models.llama.settings import EngineSettings
from tests.models.llama.conftest import Models
from tests.tiny_gguf import write_scripted

ROUNDING = {"bundled": 0.14}
"""How far log-probabilities may lie apart that come of batches of different sizes; with the bundled weights of 8 bits
they moved by up to 0.135 at 400 places."""
BUNDLED = Path(__file__).parents[3] / "models" / "hunch_models" / "weights" / "hunch-py-10m-q8_0.gguf"
SOURCES = [
    path
    for path in sorted((Path(__file__).parents[3] / "models" / "hunch_models").glob("*.py"))
    if path.stat().st_size > 1000
]
END = "<|endoftext|>"


def load(path: Path, *, drafts: bool) -> Generator:
    """With a clock that always takes the same time: measured speed decides into which chunks a prompt is cut, and those
    of another size round otherwise."""
    library, ticks = load_library(), itertools.count()
    engine = Engine(library, NativeLog(library), path, EngineSettings(drafts=drafts))
    engine.prefill_rate, engine.decode_rate = 3_000.0, 800.0
    return Generator(engine, lambda: next(ticks) / 1000)


def run(generator: Generator, request: GenerationRequest) -> Outcome:
    return generator.run(request, cancelled=lambda: False)


def places(count: int) -> list[GenerationRequest]:
    """Requests in real code: half of one line, half of several; recalled texts that are right, half right and wrong."""
    dice = random.Random(7)
    found = []
    for number in range(count):
        text = dice.choice(SOURCES).read_text(encoding="utf-8")
        at = dice.randrange(200, len(text) - 200)
        rest = text[at : at + 60].partition("\n")[0]
        recalled = tuple(one for one in (rest, rest[: len(rest) // 2] + "x", "return None") if one.strip())
        stop = StopRule() if number % 2 else StopRule(single_line=False, max_lines=4)
        found.append(
            GenerationRequest(
                text[max(0, at - 900) : at],
                text[at : at + 200],
                stop=stop,
                max_tokens=24,
                time_limit_ms=60_000.0,
                score=recalled if number % 3 else (),
            )
        )
    return found


@pytest.mark.parametrize("model", ["bundled", "exact", "random"])
def test_the_text_is_the_one_of_plain_decoding(models: Models, model: str) -> None:
    path = BUNDLED if model == "bundled" else getattr(models, model)
    plain, drafting = load(path, drafts=False), load(path, drafts=True)
    drafted = accepted = 0
    rounding = ROUNDING.get(model, 0.05)
    for request in places(24):
        expected, outcome = run(plain, request), run(drafting, request)
        assert (outcome.text, outcome.finish) == (expected.text, expected.finish)
        np.testing.assert_allclose(outcome.logprobs, expected.logprobs, atol=rounding)
        assert len(outcome.scores) == len(expected.scores)
        for ours, theirs in zip(outcome.scores, expected.scores, strict=True):
            np.testing.assert_allclose(ours, theirs, atol=rounding)
        assert outcome.timing.accepted_tokens <= outcome.timing.drafted_tokens
        assert expected.timing.drafted_tokens == 0
        drafted += outcome.timing.drafted_tokens
        accepted += outcome.timing.accepted_tokens
    assert drafted
    if model == "bundled":
        assert accepted
        assert drafting.engine.evaluated < plain.engine.evaluated


def test_what_stood_there_before_takes_fewer_evaluations(tmp_path: Path) -> None:
    script = ["return", " self", " value", " total", " name", " data", " items", END]
    path = write_scripted(tmp_path / "again.gguf", [script])
    before = "return self value total name data items\n" * 3
    evaluations = []
    for drafts in (False, True):
        generator = load(path, drafts=drafts)
        generator.pace.extra_s = 0.0
        request = GenerationRequest(before + "return self value", "", max_tokens=9, time_limit_ms=60_000.0)
        generator.run(request, cancelled=lambda: False, decode=False)
        began = generator.engine.evaluated
        assert run(generator, request).text == " total name data items"
        evaluations.append(generator.engine.evaluated - began)
    assert evaluations == [5, 1]


def test_a_recalled_text_is_read_once_for_its_score_and_as_a_guess(tmp_path: Path) -> None:
    path = write_scripted(tmp_path / "recalled.gguf", [["return", " self", " value", " total", END]])
    request = GenerationRequest(
        "return", "", max_tokens=9, time_limit_ms=60_000.0, score=(" self value total", " name")
    )
    generator = load(path, drafts=True)
    outcome = run(generator, request)
    assert outcome.text == " self value total"
    assert (outcome.timing.drafted_tokens, outcome.timing.accepted_tokens) == (4, 4)  # with "return" once more
    assert outcome.scores[0] == outcome.scores[2]
    assert len(outcome.scores[1]) == 3
    assert outcome.timing.scored_tokens == 2
    plain = run(load(path, drafts=False), request)
    np.testing.assert_allclose(np.concatenate(outcome.scores), np.concatenate(plain.scores), atol=1e-3)


def test_what_was_deleted_is_guessed_and_leaves_no_trace(tmp_path: Path) -> None:
    script = ["return", " self", " value", " total", " name", " data", " items", END]
    generator = load(write_scripted(tmp_path / "deleted.gguf", [script]), drafts=True)
    generator.pace.extra_s = 0.0
    request = GenerationRequest(
        "return self value",
        "",
        max_tokens=9,
        time_limit_ms=60_000.0,
        lookup=("nothing", "return self value total name data items"),
    )
    generator.run(request, cancelled=lambda: False, decode=False)
    began = generator.engine.evaluated
    outcome = run(generator, request)
    assert outcome.text == " total name data items"
    assert generator.engine.evaluated - began == 1
    assert generator.prompt(request) == generator.prompt(dataclasses.replace(request, lookup=()))


def test_a_guess_ends_with_the_line_and_with_the_most_tokens(tmp_path: Path) -> None:
    script = ["return", " self", " value", "\n", "def", " name", END]
    path = write_scripted(tmp_path / "line.gguf", [script])
    before = "return self value\ndef name\n" * 3
    generator = load(path, drafts=True)
    outcome = run(generator, GenerationRequest(before + "return", "", max_tokens=20, time_limit_ms=60_000.0))
    assert (outcome.text, outcome.timing.drafted_tokens) == (" self value", outcome.timing.accepted_tokens)
    short = run(generator, GenerationRequest(before + "return", "", max_tokens=1, time_limit_ms=60_000.0))
    assert short.text == " self"


def test_the_context_is_never_overrun(models: Models) -> None:
    generator = load(models.endless, drafts=True)
    request = GenerationRequest(
        "if" * 3000, "", stop=StopRule(single_line=False, max_lines=99), max_tokens=4000, time_limit_ms=60_000.0
    )
    run(generator, request)
    assert len(generator.engine.tokens) <= generator.engine.context_length


@given(st.lists(st.integers(0, 4), max_size=60), st.lists(st.integers(0, 4), max_size=8), st.integers(0, 8))
@settings(max_examples=300, deadline=None)
def test_a_guess_is_what_followed_the_last_time(corpus: list[int], tail: list[int], cut: int) -> None:
    cut = min(cut, len(tail))
    draft = Drafter([], corpus, tail[:cut]).propose(tail[cut:])

    def latest(length: int) -> int | None:
        ends = range(length, len(corpus))
        return max(
            (end for end in ends if len(tail) >= length and corpus[end - length : end] == tail[-length:]), default=None
        )

    short, clear = latest(2), latest(4)
    if short is None:
        assert draft is None
    else:
        assert draft is not None
        assert draft.tokens == corpus[short if clear is None else clear :]
        assert draft.kind is (Kind.SHORT if clear is None else Kind.CLEAR)


def test_recalled_texts_come_first_while_they_fit() -> None:
    drafter = Drafter([[5, 6, 7], [5, 8, 9]], [1, 2, 3], [1, 2])
    first, second, neither = drafter.propose([5]), drafter.propose([5, 8]), drafter.propose([6])
    assert [None if one is None else (one.kind, one.tokens) for one in (first, second, neither)] == [
        (Kind.RECALLED, [6, 7]),
        (Kind.RECALLED, [9]),
        None,
    ]


def test_guessing_stops_when_it_does_not_pay_and_is_tried_again() -> None:
    pace = Pace(prefill=2000.0, decode=800.0)  # one more token costs 0.4 of one by itself
    kind = Acceptance()
    assert kind.length(pace) == 1
    for _ in range(40):
        kind.note(2, 0)
    assert [kind.length(pace) for _ in range(TRY_EVERY)] == [0] * (TRY_EVERY - 1) + [1]
    for _ in range(40):
        kind.note(3, 3)
    assert kind.length(pace) > 3


def test_the_length_of_a_guess_weighs_what_it_saves_against_what_it_costs() -> None:
    cheap, dear = Pace(prefill=100_000.0, decode=100.0), Pace(prefill=110.0, decode=100.0)
    assert cheap.draft_length(0.9) == LONGEST_DRAFT
    assert dear.draft_length(0.9) == 0
    middle = Pace(prefill=400.0, decode=100.0)  # a fourth of a token by itself
    assert [middle.draft_length(right) for right in (0.2, 0.3, 0.6, 0.8)] == [0, 1, 2, 6]
    for _ in range(50):
        middle.draft_done(4, 0.010 + 4 * 0.005)  # measured: half
    assert middle.draft_length(0.6) == 1


def test_switched_off_means_off() -> None:
    guesses = Guesses(enabled=False)
    assert guesses.length(Kind.CLEAR, Pace(1e6, 1.0)) == 0
