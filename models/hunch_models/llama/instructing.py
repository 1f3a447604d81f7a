"""Answers a question under a grammar: the model's own chat template around it, then a token at a time.

Runs in the worker process only. The text of a question is never read as special tokens: a sentence of a workspace
cannot pretend to be the model's own words.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from hunch_models.backend import Finish, StopRule
from hunch_models.instruct import InstructRequest, InstructResult, choice_logprobs
from hunch_models.llama.engine import BATCH, Engine, EngineError
from hunch_models.llama.output import GeneratedText

SYSTEM, PROMPT = "HunchSystemText", "HunchPromptText"
"""Stand for the two texts while the chat template is filled in."""

LONGEST_TEMPLATE = 1 << 16
"""Bytes of a filled-in chat template without the two texts."""

CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
"""`llama_token_data` of llama.h."""

Clock = Callable[[], float]


class Grammar:
    """A GBNF grammar at some place of a text: which tokens may come next. Raises EngineError when it is not valid."""

    def __init__(self, engine: Engine, text: str) -> None:
        self._lib, _, vocab = engine.native()
        self._sampler = self._lib.llama_sampler_init_grammar(vocab, text.encode(), b"root")
        if not self._sampler:
            raise EngineError("llama.cpp cannot read the grammar")
        self._silent = _silent_tokens(engine)
        self._all = np.zeros(engine.vocabulary_size, CANDIDATE)

    def close(self) -> None:
        """Free it."""
        self._lib.llama_sampler_free(self._sampler)

    def allows(self, token: int) -> bool:
        """Whether the token may come next."""
        one = np.zeros(1, CANDIDATE)
        one["id"] = token
        return not self._silent[token] and bool(np.isfinite(self._apply(one)["logit"][0]))

    def masked(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """A copy of the logits with minus infinity for every token that may not come next."""
        self._all["id"] = np.arange(len(logits))
        self._all["logit"] = np.where(self._silent, -np.inf, logits)
        result: npt.NDArray[np.float32] = self._apply(self._all)["logit"].copy()
        return result

    def accept(self, token: int) -> None:
        """The token was taken; it must be one that is allowed."""
        self._lib.llama_sampler_accept(self._sampler, token)

    def _apply(self, candidates: npt.NDArray[Any]) -> npt.NDArray[Any]:
        library = self._lib
        array = library.llama_token_data_array(
            candidates.ctypes.data_as(ctypes.POINTER(library.llama_token_data)), len(candidates), -1, False
        )
        library.llama_sampler_apply(self._sampler, ctypes.byref(array))
        return candidates


def answer(engine: Engine, request: InstructRequest, *, cancelled: Callable[[], bool], clock: Clock) -> InstructResult:
    """Answer one question. Raises EngineError, also for one that the context cannot hold."""
    started = clock()
    deadline = started + request.time_limit_ms / 1000
    prompt = chat_prompt(engine, request.system, request.prompt)
    room = engine.context_length - len(prompt)
    if room < min(request.max_tokens, 16):
        raise EngineError(f"a question of {len(prompt)} tokens does not fit into {engine.context_length}")
    engine.reuse(prompt)
    output = GeneratedText(StopRule(single_line=False, max_lines=1 << 20))
    choices: tuple[float, ...] = ()
    count = 0

    def ended(finish: Finish) -> InstructResult:
        output.finish()
        return InstructResult(output.text, finish, count, (clock() - started) * 1000, choices)

    while len(engine.tokens) < len(prompt):
        if cancelled():
            return ended(Finish.CANCELLED)
        if clock() >= deadline:
            return ended(Finish.TIME)
        at = len(engine.tokens)
        engine.evaluate(prompt[at : at + min(BATCH, 128)])
    grammar = Grammar(engine, request.grammar)
    random = np.random.default_rng(request.seed)
    try:
        if request.choices:
            choices = _choices(engine, grammar, request.choices)
        while count < min(request.max_tokens, room):
            token = _next(engine.next_logits(), grammar, request.temperature, random)
            if engine.is_end(token):
                return ended(Finish.END)
            grammar.accept(token)
            count += 1
            output.add(engine.piece(token), 0.0)
            if output.ended:
                return ended(Finish.STOP)  # bytes that are no text
            if cancelled():
                return ended(Finish.CANCELLED)
            if clock() >= deadline:
                return ended(Finish.TIME)
            if count < room:
                engine.evaluate([token])
        return ended(Finish.LENGTH)
    finally:
        grammar.close()


def chat_prompt(engine: Engine, system: str, prompt: str) -> list[int]:
    """The tokens of both texts in the model's chat template; one after the other where it has none that is known."""
    filled = _filled_template(engine)
    parts = [filled.partition(SYSTEM)[0], *filled.partition(SYSTEM)[2].partition(PROMPT)]
    if filled.count(SYSTEM) != 1 or filled.count(PROMPT) != 1 or PROMPT not in parts[2:]:
        tokens = engine.tokenize(f"{system}\n\n{prompt}\n")
    else:
        before, between, _, after = parts
        tokens = [
            *engine.special_tokens(before),
            *engine.tokenize(system),
            *engine.special_tokens(between),
            *engine.tokenize(prompt),
            *engine.special_tokens(after),
        ]
    library, _, vocab = engine.native()
    first: int = library.llama_vocab_bos(vocab)
    if library.llama_vocab_get_add_bos(vocab) and first >= 0 and tokens[:1] != [first]:
        tokens = [first, *tokens]
    return tokens or [0]


def _filled_template(engine: Engine) -> str:
    library, model, _ = engine.native()
    template = library.llama_model_chat_template(model, None)
    if not template:
        return ""
    messages = (library.llama_chat_message * 2)(
        library.llama_chat_message(b"system", SYSTEM.encode()), library.llama_chat_message(b"user", PROMPT.encode())
    )
    buffer = ctypes.create_string_buffer(LONGEST_TEMPLATE)
    length = library.llama_chat_apply_template(template, messages, 2, True, buffer, LONGEST_TEMPLATE)
    return buffer.raw[:length].decode("utf-8", "replace") if 0 < length <= LONGEST_TEMPLATE else ""


def _next(logits: npt.NDArray[np.float32], grammar: Grammar, temperature: float, random: np.random.Generator) -> int:
    """The next token. Most of the time the first pick is allowed, and the grammar need not look at all tokens."""
    token = _pick(logits, temperature, random)
    if grammar.allows(token):
        return token
    return _pick(grammar.masked(logits), temperature, random)


def _pick(logits: npt.NDArray[np.float32], temperature: float, random: np.random.Generator) -> int:
    best = int(logits.argmax())
    if not np.isfinite(logits[best]):
        raise EngineError("the grammar allows no token of this model")
    if temperature <= 0:
        return best
    weights = np.exp((logits.astype(np.float64) - float(logits[best])) / temperature)
    return int(random.choice(len(logits), p=weights / weights.sum()))


def _choices(engine: Engine, grammar: Grammar, choices: tuple[str, ...]) -> tuple[float, ...]:
    logits = grammar.masked(engine.next_logits())
    allowed = np.flatnonzero(np.isfinite(logits))
    if not len(allowed):
        return ()
    row = logits[allowed]
    shifted = row - row.max()
    logprobs = shifted - np.log(np.exp(shifted).sum())
    pieces = (engine.piece(int(token)).decode("utf-8", "replace") for token in allowed)
    return choice_logprobs(choices, zip(pieces, map(float, logprobs), strict=True))


def _silent_tokens(engine: Engine) -> npt.NDArray[np.bool_]:
    """Tokens that stand for no text, apart from those that end it: llama.cpp's grammars would spell them out."""
    library, _, vocab = engine.native()
    return np.array(
        [
            (not engine.piece(token) or engine.is_end(token)) and not library.llama_vocab_is_eog(vocab, token)
            for token in range(engine.vocabulary_size)
        ],
        np.bool_,
    )
