"""The byte-level BPE tokenizer: learnt here, shipped inside the GGUF, and equal to llama.cpp's reading of it.

Merges are learnt from pieces in which a newline and every digit stand alone, so that no token spans lines
and numbers are read digit by digit. Encoding uses the pattern that llama.cpp knows as `qwen2`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from hunch_models.training.special import SPECIAL

#: llama.cpp's pre-tokenizer `qwen2` (that of Qwen2's tokenizer.json).
QWEN2_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Learn a tokenizer with `vocabulary` entries, special tokens and the 256 bytes included."""
    tokenizer = Tokenizer(models.BPE())
    newline_apart = pre_tokenizers.Split(Regex(r"[\r\n]"), "isolated")
    words = pre_tokenizers.Split(Regex(QWEN2_PATTERN), "isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([newline_apart, words, to_bytes])
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    learnt = json.loads(tokenizer.to_str())["model"]
    return assemble(learnt["vocab"], [tuple(pair) for pair in learnt["merges"]])


def assemble(vocabulary: dict[str, int], merges: list[tuple[str, str]]) -> Tokenizer:
    """The tokenizer as used for encoding, from its vocabulary and merges."""
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    words = pre_tokenizers.Split(Regex(QWEN2_PATTERN), "isolated")
    to_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, to_bytes])
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL])
    tokenizer.encode_special_tokens = True  # text that looks like a special token stays text
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    """Write vocabulary and merges as JSON."""
    model = json.loads(tokenizer.to_str())["model"]
    content = {"vocab": model["vocab"], "merges": model["merges"]}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def load_tokenizer(path: Path) -> Tokenizer:
    """Read what `save_tokenizer` wrote."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return assemble(content["vocab"], [tuple(pair) for pair in content["merges"]])


def vocabulary_and_merges(tokenizer: Tokenizer) -> tuple[list[str], list[str]]:
    """Tokens in order of their ids and merges as `left right`, in the byte-level alphabet, as GGUF wants them."""
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    return tokens, [" ".join(pair) for pair in model["merges"]]
