"""One llama.cpp model and one context: tokens in, logits out, and what the KV cache holds.

Not thread-safe, as a llama.cpp context is not. Runs in the worker process only.
"""

from __future__ import annotations

import bisect
import ctypes
import itertools
import math
import os
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hunch_models.backend import ModelInfo
from hunch_models.fim import ORDER_KEY, FimFormat, ModelFacts, recognise
from hunch_models.llama.library import NativeLog
from hunch_models.llama.settings import DEFAULT_CONTEXT, EngineSettings

BATCH = 512
"""Most tokens per call of `llama_decode`; chunks of a prompt are smaller."""

BRANCHES = 8
"""Texts that can be evaluated at once after the same tokens."""

SENTENCEPIECE = 1
"""`LLAMA_VOCAB_TYPE_SPM` in llama.h."""

WARM_UP_TOKENS = 16

BEGINNINGS = 256
"""How many answers of `Engine.beginning_with` are kept."""


Logits = npt.NDArray[np.float32]
"""One number per token of the vocabulary."""


class EngineError(Exception):
    """The model could not be loaded or evaluated; the message is one line."""


class Engine:
    """A loaded model with sequence 0 of its context."""

    def __init__(self, library: Any, log: NativeLog, path: Path, settings: EngineSettings) -> None:
        """Load the model and evaluate a first batch. Raises EngineError; native code may also end the process."""
        self._lib = library
        self._log = log
        library.llama_backend_init()
        params = library.llama_model_default_params()
        params.n_gpu_layers = settings.gpu_layers
        params.use_extra_bufts = settings.extra_buffers
        log.errors.clear()
        self._model = library.llama_model_load_from_file(_file_name(path), params)
        if not self._model:
            raise EngineError(self._reason("llama.cpp cannot load it"))
        if library.llama_model_has_encoder(self._model) or not library.llama_model_has_decoder(self._model):
            raise EngineError("it is not a text generation model")
        self._vocab = library.llama_model_get_vocab(self._model)
        self.vocabulary_size: int = library.llama_vocab_n_tokens(self._vocab)
        trained: int = library.llama_model_n_ctx_train(self._model)
        limit = settings.context_length or DEFAULT_CONTEXT
        self.context_length = min(limit, trained) if trained > 0 else limit
        self.goes_back = not (
            library.llama_model_is_recurrent(self._model) or library.llama_model_is_hybrid(self._model)
        )
        """Whether tokens at the end can be taken out of the KV cache again."""
        self._context = self._new_context(settings)
        self._memory = library.llama_get_memory(self._context)
        if not self._memory:
            raise EngineError("it keeps no KV cache and cannot generate text")
        self._batch = library.llama_batch_init(BATCH, 0, 1)
        self._batch_tokens = np.ctypeslib.as_array(self._batch.token, (BATCH,))
        self._batch_positions = np.ctypeslib.as_array(self._batch.pos, (BATCH,))
        self._batch_logits = np.ctypeslib.as_array(self._batch.logits, (BATCH,))
        for row in range(BATCH):
            self._batch.n_seq_id[row] = 1
            self._batch.seq_id[row][0] = 0
        self._batch_logits[:] = 0
        self.settings = settings
        self.tokens: list[int] = []
        """What the KV cache holds, in order."""
        self._fresh = False  # whether the logits belong to the last of `tokens`
        self._pieces: dict[int, bytes] = {}
        self._sorted = sorted((piece, token) for token in range(self.vocabulary_size) if (piece := self._piece(token)))
        self._beginnings: dict[bytes, npt.NDArray[np.int64]] = {}
        self._ends: npt.NDArray[np.int64] | None = None
        self._line_lead = self._leading_line_break()
        self.form = self._recognise()
        self.evaluated = 0
        """Calls of llama_decode so far: the progress that a watching process looks at."""
        self.prefill_rate, self.decode_rate = self._warm_up()
        """Tokens per second measured in the first evaluations."""

    def _new_context(self, settings: EngineSettings) -> Any:
        library = self._lib
        params = library.llama_context_default_params()
        params.n_ctx = self.context_length
        params.n_batch = params.n_ubatch = min(BATCH, self.context_length)
        params.n_seq_max = 1 + BRANCHES if self.goes_back else 1  # a recurrent state is one copy for each
        params.kv_unified = True  # all branches share the cells of what is before them
        params.n_threads = params.n_threads_batch = settings.threads
        # Measured on CPU: without it a 10 M model decodes a token in 0.6 ms, with it in 1.0 ms.
        on_gpu = settings.gpu_layers != 0 and library.llama_supports_gpu_offload()
        params.flash_attn_type = (
            library.LLAMA_FLASH_ATTN_TYPE_AUTO if on_gpu else library.LLAMA_FLASH_ATTN_TYPE_DISABLED
        )
        params.swa_full = True  # a windowed cache could not be cut back to a common prefix
        params.no_perf = True
        context = library.llama_init_from_model(self._model, params)
        if not context:
            raise EngineError(self._reason("llama.cpp cannot create a context for it"))
        return context

    def _reason(self, fallback: str) -> str:
        """llama.cpp's own first error line: the later ones only repeat that loading failed."""
        return self._log.errors[0] if self._log.errors else fallback

    def _warm_up(self) -> tuple[float, float]:
        """Evaluate a batch and single tokens: crashes happen here, pages are read, speed is known."""
        plain = self.tokenize("def main(self):\n    return self.value\n") or [0]
        batch = (plain * WARM_UP_TOKENS)[: min(WARM_UP_TOKENS, self.context_length - 2)]
        self.evaluate(batch)
        self.clear()
        started = time.perf_counter()
        self.evaluate(batch)
        between = time.perf_counter()
        self.evaluate(batch[:1])
        ended = time.perf_counter()
        self.greedy()
        self.clear()
        return len(batch) / max(between - started, 1e-6), 1 / max(ended - between, 1e-6)

    def set_threads(self, threads: int) -> None:
        """Use so many CPU threads from now on."""
        self._lib.llama_set_n_threads(self._context, threads, threads)

    # Text and tokens

    def tokenize(self, text: str) -> list[int]:
        """Tokens of plain text: no special token is read from it, none is added."""
        return list(self._tokenize(text))

    @lru_cache(maxsize=64)  # noqa: B019 (one engine lives as long as its process)
    def _tokenize(self, text: str) -> tuple[int, ...]:
        if not text:
            return ()
        lead = self._line_lead
        if not lead:
            return self._tokens_of(text, special=False)
        # SentencePiece puts a space before every text it is given. After a line break that was put there it does
        # not touch the text itself (Code Llama's own code does the same with a rare symbol).
        tokens = self._tokens_of("\n" + text, special=False)
        return tokens[len(lead) :] if tokens[: len(lead)] == lead else self._tokens_of(text, special=False)

    def _leading_line_break(self) -> tuple[int, ...]:
        if self._lib.llama_vocab_type(self._vocab) != SENTENCEPIECE:
            return ()
        return self._tokens_of("\n", special=False)

    def _tokens_of(self, text: str, *, special: bool) -> tuple[int, ...]:
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        buffer = (ctypes.c_int32 * room)()
        count = self._lib.llama_tokenize(self._vocab, data, len(data), buffer, room, False, special)
        if count < 0:
            raise EngineError("the text cannot be tokenised")
        return tuple(buffer[:count])

    def special(self, text: str) -> int | None:
        """The id of the special token spelled `text`, if the vocabulary has it."""
        for token in self._tokens_of(text, special=True):
            if self._lib.llama_vocab_get_text(self._vocab, token) == text.encode():
                return token
        return None

    def special_tokens(self, text: str) -> list[int]:
        """Tokens of text that is ours, such as a chat template: special tokens that it spells are read as such."""
        return list(self._tokens_of(text, special=True)) if text else []

    def native(self) -> tuple[Any, Any, Any]:
        """llama.cpp's functions, the model and its vocabulary, for what is built upon an engine."""
        return self._lib, self._model, self._vocab

    def piece(self, token: int) -> bytes:
        """The bytes that a token stands for; empty for special tokens."""
        known = self._pieces.get(token)
        if known is None:
            known = self._pieces[token] = self._piece(token)
        return known

    def _piece(self, token: int) -> bytes:
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            count: int = self._lib.llama_token_to_piece(self._vocab, token, buffer, size, 0, False)
            if count >= 0:
                return buffer.raw[:count]
            size = -count

    def beginning_with(self, start: bytes) -> npt.NDArray[np.int64]:
        """Ids of the tokens whose bytes begin with `start`; after one lone space there must be more than spaces."""
        known = self._beginnings.get(start)
        if known is None:
            first = bisect.bisect_left(self._sorted, (start, 0))
            found = []
            for piece, token in itertools.islice(self._sorted, first, None):
                if not piece.startswith(start):
                    break
                if start != b" " or not piece.isspace():
                    found.append(token)
            known = self._beginnings[start] = np.array(sorted(found), np.int64)
            if len(self._beginnings) > BEGINNINGS:
                del self._beginnings[next(iter(self._beginnings))]
        return known

    def ends_line(self, token: int) -> bool:
        """Whether the text of `token` ends with a line break."""
        return self.piece(token).endswith((b"\n", b"\r"))

    def is_end(self, token: int) -> bool:
        """Whether generation ends at `token`: an end token or any other that stands for no text."""
        library, vocab = self._lib, self._vocab
        return (
            token in self.form.stops
            or library.llama_vocab_is_eog(vocab, token)
            or library.llama_vocab_is_control(vocab, token)
        )

    # Evaluation

    def keep(self, count: int) -> int:
        """Cut the KV cache back to its first `count` tokens; return how many it holds then.

        Models with a recurrent state cannot be cut back and start afresh, with 0.
        """
        if count == len(self.tokens):
            return count
        self._fresh = False
        if not self._lib.llama_memory_seq_rm(self._memory, 0, count, -1):
            self.clear()
            return 0
        del self.tokens[count:]
        return count

    def reuse(self, prompt: list[int]) -> int:
        """Cut the KV cache back to what it has in common with `prompt`; the rest must be evaluated for its logits."""
        count = common(self.tokens, prompt)
        if count == len(prompt) and not (self._fresh and count == len(self.tokens)):
            count -= 1
        return self.keep(max(0, count))

    def state_size(self) -> int:
        """Bytes of a copy of the KV cache."""
        size: int = self._lib.llama_state_seq_get_size(self._context, 0)
        return size

    def state(self, size: int) -> Any:
        """A copy of the KV cache, `size` bytes (see `state_size`); None when it cannot be had."""
        buffer = (ctypes.c_uint8 * size)()
        return buffer if self._lib.llama_state_seq_get_data(self._context, buffer, size, 0) == size else None

    def restore(self, tokens: Sequence[int], state: Any) -> bool:
        """Put a copy of the KV cache back in its place; `tokens`: what it holds. When it fails, nothing is held."""
        self.clear()
        if self._lib.llama_state_seq_set_data(self._context, state, len(state), 0) != len(state):
            self.clear()
            return False
        self.tokens += tokens
        return True

    def clear(self) -> None:
        """Forget everything evaluated."""
        self._lib.llama_memory_clear(self._memory, True)
        self.tokens.clear()
        self._fresh = False

    def evaluate(self, tokens: list[int], rows: int = 1) -> None:
        """Append 1 to `BATCH` tokens to the KV cache; logits are kept for the last `rows` of them.

        Raises EngineError.
        """
        count, start = len(tokens), len(self.tokens)
        self._batch_tokens[:count] = tokens
        self._batch_positions[:count] = range(start, start + count)
        self._batch_logits[count - rows : count] = 1
        self._decode(count)
        self.tokens += tokens
        self._fresh = True

    def branch(self, start: int, texts: Sequence[list[int]]) -> list[list[Logits]]:
        """Evaluate each of at most `BRANCHES` texts after the first `start` tokens, all in one call.

        Returns the logits after each token of each, good until the next evaluation; what the KV cache holds stays as it
        is. At most `BATCH` tokens in all, and they must fit into the context beside those held. Raises EngineError.
        """
        library, count = self._lib, 0
        for branch, tokens in enumerate(texts, 1):
            library.llama_memory_seq_cp(self._memory, 0, branch, 0, start)
            end = count + len(tokens)
            self._batch_tokens[count:end] = tokens
            self._batch_positions[count:end] = range(start, start + len(tokens))
            for row in range(count, end):
                self._batch.seq_id[row][0] = branch
            count = end
        self._batch_logits[:count] = 1
        try:
            self._decode(count)
        finally:
            for row in range(count):
                self._batch.seq_id[row][0] = 0
            for branch in range(1, len(texts) + 1):
                library.llama_memory_seq_rm(self._memory, branch, -1, -1)
        rows = iter(self.logits_of(count, count))
        return [list(itertools.islice(rows, len(tokens))) for tokens in texts]

    def _decode(self, count: int) -> None:
        """Evaluate the first `count` tokens of the batch; the KV cache is empty when that fails. Raises EngineError."""
        self._batch.n_tokens = count
        self._fresh = False
        try:
            code = self._lib.llama_decode(self._context, self._batch)
            self._lib.llama_synchronize(self._context)
        finally:
            self._batch_logits[:count] = 0
        self.evaluated += 1
        if code != 0:
            self.clear()
            raise EngineError(f"llama_decode failed with code {code}")

    def greedy(self, among: npt.NDArray[np.int64] | None = None, row: Logits | None = None) -> tuple[int, float]:
        """The likeliest next token and its natural-log probability; both among these only, if given.

        `row`: the logits to choose by, else those after the last token.
        """
        row = self._logits() if row is None else row
        if among is not None:
            row = row[among]
        best = int(row.argmax())
        shifted = row - row[best]
        np.exp(shifted, out=shifted)
        total = float(shifted.sum())
        if not math.isfinite(total):
            raise EngineError("the model's output is not a number")
        return (best if among is None else int(among[best])), -math.log(total)

    def next_logits(self) -> Logits:
        """A copy of the logits after the last token."""
        return self._logits().copy()

    def logits_of(self, count: int, rows: int) -> list[Logits]:
        """Logits after each of the last `rows` of the `count` tokens evaluated last; good until the next evaluation."""
        return [self._logits(place) for place in range(count - rows, count)]

    def likelihood(
        self, rows: Sequence[Logits], tokens: list[int], first: npt.NDArray[np.int64] | None = None
    ) -> tuple[float, ...]:
        """Natural-log probabilities of `tokens` and then of an end or a line break.

        `rows`: the logits before each of them and after the last; `first`: the only tokens that the first could
        have been. Raises EngineError.
        """
        found = [self.logprob(rows[0], tokens[0], first)]
        found += [self.logprob(row, token) for row, token in zip(rows[1:], tokens[1:], strict=False)]
        found.append(self.ending(rows[len(tokens)]))
        if not all(map(math.isfinite, found)):
            raise EngineError("the model's output is not a number")
        return tuple(found)

    def logprob(self, row: Logits, token: int, among: npt.NDArray[np.int64] | None = None) -> float:
        """Natural-log probability of a token where `row` are the logits; of these only, if it is one of them."""
        restricted = among is not None and token in among
        return float(row[token]) - _log_total(row[among] if restricted else row)

    def ending(self, row: Logits) -> float:
        """Natural-log probability that the text or the line ends where `row` are the logits."""
        return _log_total(row[self._line_ends()]) - _log_total(row)

    def _line_ends(self) -> npt.NDArray[np.int64]:
        """Ids of the tokens that end a text or begin with a line break."""
        if self._ends is None:
            self._ends = np.array(
                [
                    token
                    for token in range(self.vocabulary_size)
                    if self.is_end(token) or self.piece(token).startswith((b"\n", b"\r"))
                ],
                np.int64,
            )
        return self._ends

    def _logits(self, place: int = -1) -> Logits:
        """Logits after the token at `place` of the last batch, which must have kept them."""
        pointer = self._lib.llama_get_logits_ith(self._context, place)
        if not pointer:
            raise EngineError("llama.cpp gave no logits")
        return np.ctypeslib.as_array(pointer, (self.vocabulary_size,))

    # Facts

    def _recognise(self) -> FimFormat:
        library, vocab = self._lib, self._vocab

        def known(token: int) -> int | None:
            return token if 0 <= token < self.vocabulary_size else None

        bos = known(library.llama_vocab_bos(vocab)) if library.llama_vocab_get_add_bos(vocab) else None
        ends = {known(library.llama_vocab_eos(vocab)), known(library.llama_vocab_eot(vocab))}
        facts = ModelFacts(
            name=f"{self.metadata('general.name')} {self.metadata('general.basename')}",
            architecture=self.metadata("general.architecture"),
            order=self.metadata(ORDER_KEY),
            pre=known(library.llama_vocab_fim_pre(vocab)),
            suf=known(library.llama_vocab_fim_suf(vocab)),
            mid=known(library.llama_vocab_fim_mid(vocab)),
            sep=known(library.llama_vocab_fim_sep(vocab)),
            rep=known(library.llama_vocab_fim_rep(vocab)),
            pad=known(library.llama_vocab_fim_pad(vocab)),
            bos=bos,
            ends=frozenset(token for token in ends if token is not None),
        )
        return recognise(facts, self.special)

    def metadata(self, key: str) -> str:
        """A value of the GGUF's metadata as text, at most 255 bytes; empty when it has none."""
        buffer = ctypes.create_string_buffer(256)
        length = self._lib.llama_model_meta_val_str(self._model, key.encode(), buffer, 256)
        return buffer.value.decode("utf-8", "replace") if length > 0 else ""

    def info(self) -> ModelInfo:
        """What is known of the model; the caller adds its id and path."""
        library = self._lib
        buffer = ctypes.create_string_buffer(256)
        library.llama_model_desc(self._model, buffer, 256)
        # "llama 10M Q4_K - Medium": architecture, size, quantisation
        words = buffer.value.decode("utf-8", "replace").split(" ", 2)
        return ModelInfo(
            id="",
            params=int(library.llama_model_n_params(self._model)),
            quant=words[2].removeprefix("all ") if len(words) > 2 else "",
            license=self.metadata("general.license"),
            fim=self.form.order,
            context_length=self.context_length,
            gpu_layers=self._gpu_layers(),
            threads=self.settings.threads,
            tokens_per_s=self.decode_rate,
            prefill_tokens_per_s=self.prefill_rate,
        )

    def _gpu_layers(self) -> int:
        layers: int = self._lib.llama_model_n_layer(self._model) + 1  # the output counts as one
        wanted = self.settings.gpu_layers
        return (layers if wanted < 0 else min(wanted, layers)) if self.supports_gpu() else 0

    def supports_gpu(self) -> bool:
        """Whether this build of llama.cpp can put layers on a GPU."""
        return bool(self._lib.llama_supports_gpu_offload())


def common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    for at, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return at
    return min(len(one), len(other))


def _log_total(row: Logits) -> float:
    """Log of the sum of exponentials."""
    top = float(row.max())
    return top + math.log(float(np.exp(row - top).sum()))


def _file_name(path: Path) -> bytes:
    """The path as llama.cpp takes it: UTF-8 on Windows, the file system's own bytes elsewhere."""
    return str(path).encode("utf-8") if os.name == "nt" else os.fsencode(path)
