"""Engine and decode loop on real llama.cpp: the same tokens as its own high-level API, and what is evaluated anew."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import llama_cpp
import numpy as np
import pytest

from hunch_models.backend import Finish, GenerationRequest, Snippet, StopRule, TokenBudget, Worth
from hunch_models.fim import Slot
from hunch_models.llama.engine import Engine, EngineError
from hunch_models.llama.generation import Generator, Outcome
from hunch_models.llama.library import NativeLog, load_library
from hunch_models.llama.pace import LARGEST_CHUNK, SMALLEST_CHUNK, Pace
from hunch_models.llama.settings import EngineSettings
from tests.models.llama.conftest import Models
from tests.tiny_gguf import vocabulary, write_random, write_scripted, write_sentencepiece

END = "<|endoftext|>"
BLOCK = StopRule(single_line=False, max_lines=99)
CODE = "def value(self):\n    return self.total\n\n\nclass index:\n    def name(self):\n        return\n"


def load(path: Path, context_length: int = 0) -> Generator:
    library = load_library()
    settings = EngineSettings(context_length=context_length)
    return Generator(Engine(library, NativeLog(library), path, settings), time.perf_counter)


def run(
    generator: Generator,
    request: GenerationRequest,
    cancelled: Callable[[], bool] = lambda: False,
    emit: Callable[[str], None] | None = None,
    decode: bool = True,
) -> Outcome:
    return generator.run(request, cancelled=cancelled, emit=emit, decode=decode)


def request(prefix: str, suffix: str = "", **others: object) -> GenerationRequest:
    return GenerationRequest(prefix, suffix, **({"time_limit_ms": 60_000.0} | others))  # type: ignore[arg-type]


def test_greedy_tokens_and_probabilities_equal_the_high_level_api(models: Models) -> None:
    generator = load(models.exact)
    asked = request(CODE, "\n\nprint(value)\n", path="a/b.py", stop=BLOCK, max_tokens=24)
    prompt, _ = generator.prompt(asked)
    outcome = run(generator, asked)
    ours = generator.engine.tokens[len(prompt) :]

    reference = llama_cpp.Llama(str(models.exact), n_ctx=512, logits_all=True, verbose=False)
    theirs: list[int] = []
    for token in reference.generate(prompt, temp=0.0):
        if len(theirs) == len(ours):
            break
        theirs.append(token)
    assert len(ours) == 23  # the last of the 24 is never evaluated
    assert ours == theirs

    rows = reference.scores[len(prompt) - 1 : len(prompt) + len(ours) - 1].astype(np.float64)
    logprobs = rows.max(axis=1) - np.log(np.exp(rows).sum(axis=1))
    np.testing.assert_allclose(outcome.logprobs[: len(ours)], logprobs, rtol=1e-3, atol=1e-3)
    pieces = b"".join(generator.engine.piece(token) for token in ours)
    assert outcome.text.encode().startswith(pieces)
    reference.close()


def test_workspace_text_is_never_read_as_special_tokens(models: Models) -> None:
    engine = load(models.random).engine
    specials = engine.form.stops
    for text in ("<|fim_middle|>", f"x{END}y", "<|file_sep|>a.py\n<|fim_prefix|><|fim_suffix|>"):
        tokens = engine.tokenize(text)
        assert not specials & set(tokens)
        assert b"".join(map(engine.piece, tokens)).decode() == text


@pytest.mark.parametrize("text", ["", "é😀\x00z", "\ud800", "a\r\nb", "x" * 5000])
def test_any_text_can_be_tokenised(models: Models, text: str) -> None:
    engine = load(models.random).engine
    tokens = engine.tokenize(text)
    assert b"".join(map(engine.piece, tokens)) == text.encode("utf-8", "replace")


def test_typing_on_evaluates_few_new_tokens(models: Models) -> None:
    generator = load(models.random)
    suffix = "\n\ndef other(self):\n    return self.name\n" * 3
    typed = "    for index in range(len(self.items)):\n        print(items[index].nämé)\n"
    new = []
    for end in range(len(typed) + 1):
        outcome = run(generator, request(CODE + typed[:end], suffix, path="a.py", max_tokens=8, stop=BLOCK))
        new.append(outcome.timing.new_tokens)
    assert new[0] > 90
    assert max(new[1:]) <= 4
    assert sum(new[1:]) / len(typed) < 2.5


def test_psm_order_evaluates_the_suffix_again(tmp_path: Path) -> None:
    generator = load(write_random(tmp_path / "psm.gguf", order="psm"))
    suffix = "print(value)\n" * 20
    run(generator, request("x = ", suffix))
    assert run(generator, request("x = 1", suffix)).timing.new_tokens > 90


def test_typing_what_was_generated_costs_only_what_was_not_evaluated(tmp_path: Path) -> None:
    script = ["return", " self", " value", " total", END]
    generator = load(write_scripted(tmp_path / "typed.gguf", [script]))
    assert run(generator, request("return")).text == " self value total"
    outcome = run(generator, request("return self value"))
    assert (outcome.text, outcome.timing.new_tokens) == (" total", 1)


def test_evaluating_ahead_leaves_nothing_to_do(models: Models) -> None:
    generator = load(models.random)
    asked = request(CODE, "\nprint()\n", max_tokens=4)
    ahead = run(generator, asked, decode=False)
    outcome = run(generator, asked)
    assert (ahead.text, ahead.timing.decoded_tokens) == ("", 0)
    assert outcome.timing.new_tokens == 0
    assert outcome.timing.reused_tokens == ahead.timing.new_tokens > 0
    fresh = run(load(models.random), asked)
    assert (outcome.text, outcome.logprobs) == (fresh.text, pytest.approx(fresh.logprobs, abs=1e-3))


def test_a_reused_cache_gives_the_same_text_as_a_fresh_one(models: Models) -> None:
    generator = load(models.exact)
    for prefix in (CODE, CODE[:-5], CODE + "self", "x = 1\n", CODE):
        asked = request(prefix, "\nprint()\n", stop=BLOCK, max_tokens=12)
        assert run(generator, asked).text == run(load(models.exact), asked).text


def test_long_prefix_keeps_its_start_while_typing(models: Models) -> None:
    generator = load(models.random)
    budget = TokenBudget(prefix=128, suffix=16)
    moved = 0
    for end in range(900, 1000):
        text = (CODE * 20)[:end]
        outcome = run(generator, request(text, "\nx", budget=budget, max_tokens=1))
        moved += outcome.timing.new_tokens > 20
    assert 1 <= moved <= 4


def test_the_whole_fits_into_the_context(models: Models) -> None:
    generator = load(models.random)
    long = CODE * 200
    budget = TokenBudget(10_000, 10_000, 10_000)
    asked = request(long, long, path="p/" * 500, extra=(Snippet("e.py", long),) * 3, budget=budget, max_tokens=999)
    prompt, _ = generator.prompt(asked)
    outcome = run(generator, asked)
    assert len(prompt) + 256 <= generator.engine.context_length == 512
    assert outcome.timing.decoded_tokens <= 256
    assert generator.engine.form.tokens[Slot.MID] in prompt


def test_an_empty_document_is_no_special_case(models: Models) -> None:
    for path in (models.random, models.plain):
        outcome = run(load(path), request("", "", max_tokens=3))
        assert outcome.finish in (Finish.LENGTH, Finish.STOP, Finish.END)


STOPS: list[tuple[str, Sequence[str | bytes], StopRule, int, str, Finish, int]] = [
    # name, script after "return", rule, max_tokens, text, finish, decoded tokens
    ("end token", [" value", END], BLOCK, 9, " value", Finish.END, 1),
    ("end token at once", [END], BLOCK, 9, "", Finish.END, 0),
    ("file separator", [" value", "<|file_sep|>"], BLOCK, 9, " value", Finish.END, 1),
    ("any special token", [" value", "<|fim_pad|>"], BLOCK, 9, " value", Finish.END, 1),
    ("one line", [" value", "\n", " total"], StopRule(), 9, " value", Finish.STOP, 2),
    ("lines in one token", [" value", "\n\n", " total"], StopRule(False, 2), 9, " value\n", Finish.STOP, 2),
    ("several lines", [" value", "\n", "   ", " total", END], BLOCK, 9, " value\n    total", Finish.END, 4),
    ("dedent", [" value", "\n", "total", END], StopRule(False, 9, 4), 9, " value", Finish.STOP, 3),
    ("stop text", [" value", " total", " name"], StopRule(texts=("ue tot",)), 9, " val", Finish.STOP, 2),
    ("held back to the end", [" value", END], StopRule(texts=("lue!",)), 9, " value", Finish.END, 1),
    ("token limit", [" value", " total", " name"], BLOCK, 2, " value total", Finish.LENGTH, 2),
    ("no tokens wanted", [" value"], BLOCK, 0, "", Finish.LENGTH, 0),
    ("two bytes, one character", [b"\xc3", b"\xa9", END], BLOCK, 9, "é", Finish.END, 2),
    ("four bytes", [b"\xf0", b"\x9f", b"\x98", b"\x80", " value", END], BLOCK, 9, "😀 value", Finish.END, 5),
    ("half a character", [" value", b"\xe2", b"\x82", END], BLOCK, 9, " value", Finish.END, 3),
    ("no character at all", [" value", b"\xff", " total"], BLOCK, 9, " value", Finish.STOP, 2),
]


@pytest.mark.parametrize(
    ("name", "script", "rule", "limit", "text", "finish", "decoded"), STOPS, ids=[case[0] for case in STOPS]
)
def test_where_generation_ends(
    tmp_path: Path,
    name: str,
    script: Sequence[str | bytes],
    rule: StopRule,
    limit: int,
    text: str,
    finish: Finish,
    decoded: int,
) -> None:
    generator = load(write_scripted(tmp_path / "script.gguf", [["return", *script]]))
    pieces: list[str] = []
    outcome = run(generator, request("return", "\n", stop=rule, max_tokens=limit), emit=pieces.append)
    again = limit > 0  # the first token says "return" once more, see "token healing"
    assert (outcome.text, outcome.finish, outcome.timing.decoded_tokens) == (text, finish, decoded + again)
    assert "".join(pieces) == text
    assert all(pieces)


HEALED: list[tuple[str, Sequence[str | bytes], str, str]] = [
    # text before the cursor, script, how the prompt ends, text
    ("x = sel", [" ", "self", END], "x = ", "f"),
    ("x = ", ["=", " value", END], "x =", "value"),
    ("return", ["\n", "return", " value", END], "", " value"),
    ("if x:\n", ["\n", "   ", " self", END], "if x:\n", "    self"),
    ("é", [b"\xc3", b"\xa9", END], "", ""),
]


@pytest.mark.parametrize(("prefix", "script", "ends", "text"), HEALED)
def test_the_token_that_the_cursor_cuts_is_chosen_again(
    tmp_path: Path, prefix: str, script: Sequence[str | bytes], ends: str, text: str
) -> None:
    generator = load(write_scripted(tmp_path / "script.gguf", [script]))
    asked = request(prefix, "\n")
    prompt, start = generator.prompt(asked)
    assert start in (b"", b" ") or prefix.encode().endswith(start)
    shown = b"".join(map(generator.engine.piece, prompt))
    assert shown.endswith(ends.encode())
    assert shown.endswith(prefix.encode().removesuffix(start))
    outcome = run(generator, asked)
    assert outcome.text == text
    assert len(outcome.logprobs) <= outcome.timing.decoded_tokens


def test_a_lone_space_is_not_answered_with_more_spaces(models: Models) -> None:
    engine = load(models.random).engine
    pieces = {engine.piece(int(token)) for token in engine.beginning_with(b" ")}
    assert b" value" in pieces
    assert all(piece.startswith(b" ") and piece.strip() for piece in pieces)
    assert b"   " in {engine.piece(int(token)) for token in engine.beginning_with(b"  ")}


def test_typing_what_was_generated_evaluates_one_token(models: Models) -> None:
    generator = load(models.random)
    typed = "x = self"
    run(generator, request(typed, "\n", max_tokens=8))
    for char in run(generator, request(typed, "\n", max_tokens=8)).text[:6]:
        typed += char
        assert run(generator, request(typed, "\n", max_tokens=8)).timing.new_tokens <= 2


def test_scores_equal_the_high_level_api(models: Models) -> None:
    generator = load(models.exact)
    engine = generator.engine
    texts = ("value", "(self.total)", "")
    prompt, start = generator.prompt(request(CODE, "\n"))
    assert not start
    outcome = run(generator, request(CODE, "\n", max_tokens=6, score=texts))
    assert len(outcome.scores) == len(texts) + 1
    assert outcome.scores[2] == ()

    reference = llama_cpp.Llama(str(models.exact), n_ctx=512, logits_all=True, verbose=False)
    for text, score in zip((texts[0], texts[1], outcome.text), (*outcome.scores[:2], outcome.scores[3]), strict=True):
        tokens = engine.tokenize(text)
        reference.reset()
        reference.eval([*prompt, *tokens])
        rows = reference.scores[len(prompt) - 1 : len(prompt) + len(tokens)].astype(np.float64)
        totals = np.log(np.exp(rows).sum(axis=1))
        expected = [rows[place, token] - totals[place] for place, token in enumerate(tokens)]
        ends = [
            token
            for token in range(engine.vocabulary_size)
            if engine.is_end(token) or engine.piece(token).startswith((b"\n", b"\r"))
        ]
        expected.append(np.log(np.exp(rows[-1][ends]).sum()) - totals[-1])
        np.testing.assert_allclose(score, expected, rtol=1e-3, atol=2e-3)
    reference.close()


def test_scoring_changes_nothing_of_what_is_generated(models: Models) -> None:
    plain = run(load(models.random), request(CODE, "\n", max_tokens=8))
    generator = load(models.random)
    scored = run(generator, request(CODE, "\n", max_tokens=8, score=("value", "name")))
    assert (scored.text, scored.logprobs) == (plain.text, plain.logprobs)
    again = run(generator, request(CODE, "\n", max_tokens=8, score=("value", "name")))
    np.testing.assert_allclose(again.scores[0], scored.scores[0], atol=1e-3)
    assert again.text == plain.text
    assert again.timing.new_tokens <= 2
    assert plain.scores == ()


def test_texts_are_judged_beside_what_was_generated(models: Models) -> None:
    generator = load(models.random)
    engine = generator.engine
    texts = ("value", "(self.total)", "name", "x" * 9, "index", "items", "range", "len", "print")
    generator.guesses.enabled = False  # of guesses some are evaluated twice, where two tokens are close
    asked = request(CODE, "\n", max_tokens=8, stop=BLOCK)
    run(generator, asked)
    held, before = list(engine.tokens), engine.evaluated
    outcome = run(generator, replace(asked, score=texts))
    assert engine.tokens[: len(held)] == held
    assert len(outcome.scores) == len(texts) + 1
    assert all(outcome.scores)
    assert engine.evaluated - before <= 7 + 1 + 4  # the tokens, the first text, and a few calls for nine more


@pytest.mark.parametrize(
    ("priors", "read"),
    [
        ((0.0, 1.0, 1.0), (True, True, True)),
        ((0.0, -1.0, 1.0), (True, False, True)),
        ((1.0, 0.0, 1.0), (True, False, False)),
        ((0.0,), (True, True, True)),  # not one for each: no use
    ],
)
def test_what_cannot_be_the_best_is_not_read(models: Models, priors: tuple[float, ...], read: tuple[bool, ...]) -> None:
    texts = ("value", "(self.total)", "name")
    worth = Worth(priors, own=0.0, written=-1.0, total=0.0, tokens=0.0, end=0.0, mean=0.0, least=0.0)
    outcome = run(load(models.random), request(CODE, "\n", max_tokens=6, score=texts, worth=worth))
    assert tuple(map(bool, outcome.scores[:3])) == read  # the first is read with the prompt anyway
    assert outcome.scores[3]
    plain = run(load(models.random), request(CODE, "\n", max_tokens=6, score=texts))
    assert (outcome.text, outcome.logprobs) == (plain.text, plain.logprobs)
    for score, other in zip(outcome.scores, plain.scores, strict=True):
        np.testing.assert_allclose(score, other if score else (), atol=1e-3)


def test_the_best_of_all_is_found_by_reading_some(models: Models) -> None:
    texts = ("value", "value.total", "name", "(self.total)", "index", "items", "range(10)", "x")
    worth = Worth((0.0,) * len(texts), own=0.0, written=0.1, total=0.0, tokens=-0.05, end=0.2, mean=1.0, least=0.1)
    generator = load(models.random)
    asked = request(CODE, "\n", max_tokens=6, score=texts)
    plain, outcome = run(generator, asked), run(generator, replace(asked, worth=worth))
    best = [
        max(range(len(texts)), key=lambda place, scores=scores: worth.of(0.0, scores[place]) if scores[place] else -99)
        for scores in (plain.scores, outcome.scores)
    ]
    assert best[0] == best[1]
    assert outcome.timing.scored_tokens < plain.timing.scored_tokens


def test_judging_many_texts_makes_room_for_itself(models: Models) -> None:
    generator = load(models.random, context_length=128)
    texts = tuple(f"{word} = compute({word})" for word in ("value", "total", "name", "index", "items", "range"))
    outcome = run(generator, request(CODE * 20, "\n", max_tokens=40, stop=BLOCK, score=texts))
    assert len(outcome.scores) in (0, len(texts) + 1)
    assert len(generator.engine.tokens) <= 128
    again = run(generator, request(CODE, "\n", max_tokens=4))
    assert again.text == run(load(models.random, context_length=128), request(CODE, "\n", max_tokens=4)).text


def test_scoring_ends_with_the_time_and_when_cancelled(models: Models) -> None:
    generator = load(models.random)
    run(generator, request(CODE, "\n", max_tokens=1))
    late = run(generator, request(CODE, "\n", max_tokens=1, score=("value",) * 8, time_limit_ms=0.0))
    assert late.scores == ()
    stopped = run(generator, request(CODE, "\n", score=("value",)), cancelled=lambda: True)
    assert stopped.scores == ()


def test_text_comes_while_it_is_generated(tmp_path: Path) -> None:
    generator = load(write_scripted(tmp_path / "script.gguf", [["return", " self", " value", END]]))
    seen: list[tuple[str, int]] = []
    run(generator, request("return"), emit=lambda text: seen.append((text, generator.engine.evaluated)))
    assert [text for text, _ in seen] == [" self", " value"]
    assert seen[0][1] + 1 == seen[1][1]


def test_time_limit_holds_for_prompt_and_tokens(models: Models) -> None:
    generator = load(models.endless, context_length=4096)
    asked = request("if", time_limit_ms=0.0, stop=BLOCK, max_tokens=2000)
    assert run(generator, asked).finish is Finish.TIME
    outcome = run(generator, request("if", time_limit_ms=50.0, stop=BLOCK, max_tokens=2000))
    assert outcome.finish is Finish.TIME
    assert outcome.text.startswith("ifif")
    assert outcome.timing.total_ms < 500


def test_context_can_run_full(models: Models) -> None:
    generator = load(models.endless, context_length=64)
    budget = TokenBudget(64, 0)
    outcome = run(generator, request("if" * 60, stop=BLOCK, max_tokens=1000, budget=budget))
    assert outcome.finish is Finish.LENGTH
    assert len(generator.engine.tokens) <= 64


def test_cancelled_prompt_keeps_what_was_evaluated(models: Models) -> None:
    generator = load(models.random)
    asked = request(CODE * 20, "\nprint()\n", max_tokens=4)
    answers = iter([False, False, True])
    outcome = run(generator, asked, cancelled=lambda: next(answers))
    assert (outcome.finish, outcome.text) == (Finish.CANCELLED, "")
    kept = len(generator.engine.tokens)
    assert 0 < kept < len(generator.prompt(asked)[0])
    assert run(generator, asked).timing.reused_tokens == kept


def test_cancelled_decode_stops_before_the_next_token(models: Models) -> None:
    generator = load(models.endless)
    pieces: list[str] = []
    outcome = run(
        generator,
        request("if", stop=BLOCK, max_tokens=1000),
        cancelled=lambda: len(pieces) == 3,
        emit=pieces.append,
    )
    assert (outcome.finish, outcome.text) == (Finish.CANCELLED, "ififif")


def test_a_model_without_fim_tokens_only_continues_at_a_line_end(models: Models) -> None:
    generator = load(models.plain)
    assert generator.engine.form.order == "none"
    before = generator.engine.evaluated
    outcome = run(generator, request("x = ", ") + 1\n", max_tokens=3))
    assert (outcome.text, outcome.finish, generator.engine.evaluated) == ("", Finish.END, before)
    outcome = run(generator, request("x = ", "  \r\ny = 2\n", max_tokens=3))
    assert outcome.timing.decoded_tokens > 0
    assert outcome.timing.new_tokens == len(generator.engine.tokenize("x ="))


def test_a_family_is_recognised_in_a_real_file(tmp_path: Path) -> None:
    specials = ("<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<file_sep>", "<repo_name>")
    path = write_random(tmp_path / "starcoder.gguf", words=vocabulary(specials=specials), order="")
    generator = load(path)
    form = generator.engine.form
    assert (form.family, form.order) == ("starcoder2", "psm")
    prompt, start = generator.prompt(request("a", "b", path="p.py"))
    assert [token for token in prompt if token < len(specials)] == [5, 4, 1, 3, 2]
    assert start == b"a"


def test_sentencepiece_puts_no_space_before_the_parts(tmp_path: Path) -> None:
    generator = load(write_sentencepiece(tmp_path / "codellama.gguf"))
    engine = generator.engine
    assert (engine.form.family, engine.form.order, engine.form.bos) == ("codellama", "psm", 1)
    for text in ("self", " self", "\nself = x", "  x\n", "é", "<s> <PRE>"):
        tokens = engine.tokenize(text)
        assert b"".join(map(engine.piece, tokens)).decode() == text
        assert not engine.form.stops & set(tokens)
    prompt, start = generator.prompt(request("x = self", "self", path="ignored.py"))
    special = [(at, token) for at, token in enumerate(prompt) if token in {1, *engine.form.tokens.values()}]
    (_, bos), (pre_at, pre), (suf_at, suf), (mid_at, mid) = special
    assert (bos, pre, suf, mid) == (1, *(engine.form.tokens[slot] for slot in (Slot.PRE, Slot.SUF, Slot.MID)))
    assert (pre_at, mid_at) == (1, len(prompt) - 1)
    assert b"".join(map(engine.piece, prompt[pre_at:suf_at])) + start == b"x = self"
    assert b"".join(map(engine.piece, prompt[suf_at:])) == b"self"


def test_facts_of_a_model(models: Models) -> None:
    info = load(models.random).engine.info()
    assert (info.quant, info.fim, info.context_length, info.threads) == ("Q8_0", "spm", 512, 1)
    assert info.params > 100_000
    assert info.tokens_per_s > 0
    assert info.prefill_tokens_per_s > 0


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\0\0\0" + bytes(64), b"x" * 4096])
def test_a_broken_file_is_an_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(content)
    with pytest.raises(EngineError):
        load(path)


def test_chunks_follow_the_measured_speed() -> None:
    pace = Pace(1000.0, 100.0)
    for _ in range(30):
        pace.chunk_done(pace.chunk, pace.chunk / 100.0)
    assert pace.chunk == SMALLEST_CHUNK
    for _ in range(30):
        pace.chunk_done(pace.chunk, pace.chunk / 4000.0)
    assert pace.chunk == pytest.approx(100, abs=2)
    for _ in range(30):
        pace.chunk_done(pace.chunk, pace.chunk / 1e6)
    assert pace.chunk == LARGEST_CHUNK
