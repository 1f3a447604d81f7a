"""A GGUF model in llama.cpp for checks and evaluation: tokenise, logits of every token, greedy decoding.

Serving has its own worker; this one is small, synchronous and takes the whole prompt each time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from hunch_models.errors import ModelError


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _quiet(level: int, text: bytes, user_data: ctypes.c_void_p) -> None:
    """llama.cpp's own log lines are not wanted here."""


class GgufModel:
    """One model with one context of `context` tokens; a context manager."""

    def __init__(self, path: Path, *, context: int, threads: int = 1) -> None:
        llama_cpp.llama_log_set(_quiet, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        model_options = llama_cpp.llama_model_default_params()
        model_options.use_extra_bufts = False  # the AMX buffers crash on quantised weights
        model_options.n_gpu_layers = 0
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), model_options)
        if not self._model:
            raise ModelError(f"llama.cpp cannot load {path.name}")
        options = llama_cpp.llama_context_default_params()
        options.n_ctx = options.n_batch = options.n_ubatch = context
        options.n_threads = options.n_threads_batch = threads
        self._context = llama_cpp.llama_init_from_model(self._model, options)
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._model)
        self.size: int = llama_cpp.llama_vocab_n_tokens(self._vocabulary)
        self._batch = llama_cpp.llama_batch_init(context, 0, 1)
        self.capacity = context
        self._pieces: list[bytes] = []

    def __enter__(self) -> GgufModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        llama_cpp.llama_batch_free(self._batch)
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)

    def tokenise(self, text: str) -> list[int]:
        """Token ids of plain text; text that looks like a special token stays text."""
        raw = text.encode("utf-8")
        room = len(raw) + 8
        ids = (llama_cpp.llama_token * room)()
        count = llama_cpp.llama_tokenize(self._vocabulary, raw, len(raw), ids, room, False, False)
        return list(ids[:count])

    def piece(self, token: int) -> bytes:
        """The bytes of one token."""
        buffer = ctypes.create_string_buffer(256)
        count = llama_cpp.llama_token_to_piece(self._vocabulary, token, buffer, len(buffer), 0, False)
        return buffer.raw[: max(0, count)]

    def logits(self, tokens: Sequence[int]) -> NDArray[np.float32]:
        """Logits after every token, shape (tokens, vocabulary); at most `capacity` tokens."""
        self._forget()
        self._decode(tokens, 0, every=True)
        rows = llama_cpp.llama_get_logits(self._context)
        return np.ctypeslib.as_array(rows, shape=(len(tokens), self.size)).copy()

    def healed(self, text: str) -> tuple[list[int], bytes]:
        """Tokens of `text` without its last one, and the bytes with which the answer must begin instead.

        A cursor seldom stands where a token ends: after `x = ` the tokenizer would join the space to the next word.
        Of white space only one space is taken back; a line end stays. (Token healing, as in `guidance`.)
        """
        if text.endswith(" "):
            return self.tokenise(text[:-1]), b" "
        tokens = self.tokenise(text)
        if not tokens or text.endswith("\n"):
            return tokens, b""
        return tokens[:-1], self.piece(tokens[-1])

    def _beginning(self, start: bytes) -> NDArray[np.bool_]:
        """Which tokens begin with `start`; after a lone space there must be more than spaces."""
        if not self._pieces:
            self._pieces = [self.piece(token) for token in range(self.size)]
        return np.array([piece.startswith(start) and (start != b" " or piece.strip()) for piece in self._pieces], bool)

    def greedy(
        self, tokens: Sequence[int], *, most: int, done: Callable[[bytes], bool], end: int, start: bytes = b""
    ) -> bytes:
        """The likeliest continuation, token by token, until `end`, `most` tokens, or `done(text so far)`.

        With `start` the first token must begin with these bytes, which are not part of the answer.
        """
        self._forget()
        self._decode(tokens, 0, every=False)
        text = b""
        at = len(tokens)
        for number in range(min(most, self.capacity - at)):
            row = np.ctypeslib.as_array(llama_cpp.llama_get_logits_ith(self._context, -1), shape=(self.size,))
            if start and number == 0:
                row = np.where(self._beginning(start), row, -np.inf)
            token = int(row.argmax())
            if token == end:
                break
            text += self.piece(token)[len(start) if number == 0 else 0 :]
            if done(text):
                break
            self._decode([token], at, every=False)
            at += 1
        return text

    def _forget(self) -> None:
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)

    def _decode(self, tokens: Sequence[int], position: int, *, every: bool) -> None:
        batch = self._batch
        batch.n_tokens = len(tokens)
        for number, token in enumerate(tokens):
            batch.token[number] = token
            batch.pos[number] = position + number
            batch.n_seq_id[number] = 1
            batch.seq_id[number][0] = 0
            batch.logits[number] = every or number == len(tokens) - 1
        if llama_cpp.llama_decode(self._context, batch) != 0:
            raise ModelError(f"llama.cpp could not decode {len(tokens)} tokens at {position}")
