"""Writes small GGUF files with made-up weights, so that tests run the real engine without a download.

Two kinds: random weights (every part of the network matters), and scripted ones, in which each token is always
followed by a chosen token, so that a test knows the text that a real greedy decode gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt
from gguf.quants import quantize

QWEN_SPECIALS = (
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
)
FIM_KEYS = {
    "<|fim_prefix|>": "fim_pre",
    "<|fim_suffix|>": "fim_suf",
    "<|fim_middle|>": "fim_mid",
    "<|fim_pad|>": "fim_pad",
    "<|repo_name|>": "fim_rep",
    "<|file_sep|>": "fim_sep",
}
WORDS = (
    *("def", "class", "return", "self", "import", "from", "while", "for", "if", "else", "None", "True", "False"),
    *("value", "result", "total", "name", "index", "items", "range", "len", "print", "data", "path", "text"),
    *("line", "count", "open", "read", "write", "get", "set", "key", "list", "dict", "str", "int", "float"),
)
INDENTS = ("  ", "   ", "    ", "       ", "        ", "\n\n")

NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6

Array = npt.NDArray[np.float32]


@cache
def byte_symbols() -> dict[int, str]:
    """GPT-2's printable stand-ins for the 256 bytes, as in byte-level BPE vocabularies."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    symbols = {byte: chr(byte) for byte in printable}
    others = [byte for byte in range(256) if byte not in symbols]
    return symbols | {byte: chr(256 + number) for number, byte in enumerate(others)}


def symbols_of(text: str | bytes) -> str:
    """A piece of text as byte-level BPE vocabularies spell it."""
    table = byte_symbols()
    return "".join(table[byte] for byte in (text.encode() if isinstance(text, str) else text))


@dataclass(frozen=True)
class Vocabulary:
    """A byte-level BPE vocabulary: control tokens first, then bytes, then merged words."""

    tokens: tuple[str, ...]
    merges: tuple[str, ...]
    specials: tuple[str, ...]

    def id(self, piece: str | bytes) -> int:
        """The id of a special token or of a piece of text that is one token."""
        spelled = piece if piece in self.specials else symbols_of(piece)
        return self.tokens.index(str(spelled))


def vocabulary(words: Iterable[str] = WORDS, specials: Sequence[str] = QWEN_SPECIALS, size: int = 0) -> Vocabulary:
    """Bytes plus merges that lead to each word, with and without a space before it; filled up to `size`."""
    tokens = [*specials, *(byte_symbols()[byte] for byte in range(256))]
    known = set(tokens)
    merges: list[str] = []

    def learn(first: str, second: str) -> None:
        if first + second not in known:
            known.add(first + second)
            tokens.append(first + second)
            merges.append(f"{first} {second}")

    for piece in map(symbols_of, (*INDENTS, *words)):
        for end in range(1, len(piece)):
            learn(piece[:end], piece[end])
    for word in words:
        learn(symbols_of(" "), symbols_of(word))
    for number in range(max(0, size - len(tokens))):
        tokens.append(f"<unused{number}>")
    return Vocabulary(tuple(tokens), tuple(merges), tuple(specials))


@dataclass(frozen=True)
class Shape:
    """Size of the network. Widths are multiples of 32, the block of Q8_0."""

    width: int = 64
    layers: int = 2
    heads: int = 2
    hidden: int = 128
    context: int = 512


def write_random(
    path: Path,
    shape: Shape = Shape(),
    *,
    seed: int = 0,
    words: Vocabulary | None = None,
    order: str = "spm",
    quantised: bool = True,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """A model with random weights. `order` becomes `hunch.fim.order`; empty: no FIM metadata at all."""
    words = words or vocabulary()
    rng = np.random.default_rng(seed)

    layer, embedding, output = _random_weights(rng, shape, len(words.tokens))
    # Greedy output is text: neither end tokens nor bytes above 127, which alone are no UTF-8.
    output[: len(words.specials)] = 0
    output[[words.id(bytes([byte])) for byte in range(128, 256)]] = 0
    tokenizer = _byte_level_tokenizer(words, order, metadata or {})
    _write(path, shape, tokenizer, len(words.tokens), layer, embedding, output, quantised=quantised)
    return path


def write_scripted(
    path: Path,
    scripts: Iterable[Sequence[str | bytes]],
    *,
    words: Vocabulary | None = None,
    context: int = 512,
    order: str = "spm",
    layers: int = 1,
) -> Path:
    """A model that continues the first piece of each script with the rest of it.

    A piece is one token and has one successor in all scripts. A token without one is followed by itself, for ever.
    """
    words = words or vocabulary()
    shape = Shape(width=256, layers=layers, heads=4, hidden=64, context=context)
    rng = np.random.default_rng(0)
    embedding = rng.choice(np.array([-1, 1], dtype=np.float32), size=(len(words.tokens), shape.width))
    follows = {token: token for token in range(len(words.tokens))}
    for script in scripts:
        ids = [words.id(piece) for piece in script]
        for first, second in pairwise(ids):
            if follows[first] not in (first, second):
                raise ValueError(f"{words.tokens[first]!r} has two successors")
            follows[first] = second
    output = np.zeros_like(embedding)
    for first, second in follows.items():
        output[second] += embedding[first]
    layer = {
        name: np.zeros(size, dtype=np.float32)
        for name, size in {
            "attn_q": (shape.width, shape.width),
            "attn_k": (shape.width, shape.width),
            "attn_v": (shape.width, shape.width),
            "attn_output": (shape.width, shape.width),
            "ffn_gate": (shape.hidden, shape.width),
            "ffn_up": (shape.hidden, shape.width),
            "ffn_down": (shape.width, shape.hidden),
        }.items()
    }
    tokenizer = _byte_level_tokenizer(words, order, {})
    _write(path, shape, tokenizer, len(words.tokens), layer, embedding, output, quantised=False)
    return path


def write_sentencepiece(path: Path, shape: Shape = Shape()) -> Path:
    """A random model with Code Llama's kind of vocabulary: SentencePiece, which puts a space before every text."""
    pieces = [" x", " =", " self", "self", *map(chr, range(0x21, 0x7F)), " "]
    infill = ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>")
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokens += [*infill, *(piece.replace(" ", "▁") for piece in pieces)]
    kinds = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[CONTROL] * len(infill), *[NORMAL] * len(pieces)]

    def tokenizer(writer: gguf.GGUFWriter) -> None:
        writer.add_tokenizer_model("llama")
        writer.add_token_list(tokens)
        writer.add_token_scores([-float(number) for number in range(len(tokens))])
        writer.add_token_types(kinds)
        writer.add_bos_token_id(1)
        writer.add_eos_token_id(2)
        writer.add_add_bos_token(True)

    rng = np.random.default_rng(0)
    _write(path, shape, tokenizer, len(tokens), *_random_weights(rng, shape, len(tokens)), quantised=True)
    return path


def _random_weights(rng: np.random.Generator, shape: Shape, size: int) -> tuple[dict[str, Array], Array, Array]:
    """One layer for all, embedding, output."""

    def normal(rows: int, columns: int) -> Array:
        return rng.standard_normal((rows, columns), dtype=np.float32) * np.float32(columns**-0.5)

    layer = {
        "attn_q": normal(shape.width, shape.width),
        "attn_k": normal(shape.width, shape.width),
        "attn_v": normal(shape.width, shape.width),
        "attn_output": normal(shape.width, shape.width),
        "ffn_gate": normal(shape.hidden, shape.width),
        "ffn_up": normal(shape.hidden, shape.width),
        "ffn_down": normal(shape.width, shape.hidden),
    }
    embedding = rng.standard_normal((size, shape.width), dtype=np.float32)
    return layer, embedding, normal(size, shape.width) * 3


def _byte_level_tokenizer(
    words: Vocabulary, order: str, metadata: Mapping[str, str]
) -> Callable[[gguf.GGUFWriter], None]:
    def tokenizer(writer: gguf.GGUFWriter) -> None:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre("qwen2")
        writer.add_token_list(list(words.tokens))
        writer.add_token_types([CONTROL if token in words.specials else NORMAL for token in words.tokens])
        writer.add_token_merges(list(words.merges))
        writer.add_eos_token_id(words.id("<|endoftext|>"))
        writer.add_bos_token_id(words.id("<|endoftext|>"))
        writer.add_add_bos_token(False)
        if order:
            writer.add_string("hunch.fim.order", order)
            for token, key in FIM_KEYS.items():
                if token in words.specials:
                    writer.add_uint32(f"tokenizer.ggml.{key}_token_id", words.id(token))
        for key, value in metadata.items():
            writer.add_string(key, value)

    return tokenizer


def _write(
    path: Path,
    shape: Shape,
    tokenizer: Callable[[gguf.GGUFWriter], None],
    size: int,
    layer: Mapping[str, Array],
    embedding: Array,
    output: Array,
    *,
    quantised: bool,
) -> None:
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(path.stem)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if quantised else gguf.LlamaFileType.ALL_F32)
    writer.add_vocab_size(size)
    tokenizer(writer)

    def add(name: str, data: Array) -> None:
        if quantised and data.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, quantize(data, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, data)

    add("token_embd.weight", embedding)
    add("output.weight", output)
    add("output_norm.weight", np.ones(shape.width, dtype=np.float32))
    for number in range(shape.layers):
        for name, data in layer.items():
            add(f"blk.{number}.{name}.weight", data)
        for name in ("attn_norm", "ffn_norm"):
            add(f"blk.{number}.{name}.weight", np.ones(shape.width, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
