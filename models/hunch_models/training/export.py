"""A trained model as a GGUF file for llama.cpp, with its tokenizer, FIM tokens and where it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import gguf
import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer

from hunch_models.training.bpe import vocabulary_and_merges
from hunch_models.training.config import RunConfig
from hunch_models.training.engine import GgufModel
from hunch_models.training.model import Decoder
from hunch_models.training.special import END, FILE, MIDDLE, PAD, PREFIX, REPOSITORY, SPECIAL, SUFFIX, special_ids

Weights = NDArray[np.float32]

QUANTS: dict[str, tuple[gguf.GGMLQuantizationType | None, gguf.LlamaFileType]] = {
    "q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "q5_0": (gguf.GGMLQuantizationType.Q5_0, gguf.LlamaFileType.MOSTLY_Q5_0),
    "f32": (None, gguf.LlamaFileType.ALL_F32),
}
"""Types of the matrices; norms stay float32. Of those below 8 bits, gguf's own writer knows the plain ones."""
SHIPPED, SMALLER = "q8_0", "q5_0"


def interleave(weight: Weights, heads: int) -> Weights:
    """Query or key rows from halves (i, i + half) to llama.cpp's adjacent rotary pairs (2i, 2i + 1)."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns).copy()


def tensors(model: Decoder) -> dict[str, Weights]:
    """llama.cpp's tensor names and float32 weights; the output matrix is the embedding and left out."""
    heads = model.config.heads
    state = {name: value.detach().float().cpu().numpy() for name, value in model.state_dict().items()}
    named = {"token_embd.weight": state["embedding.weight"], "output_norm.weight": state["norm.weight"]}
    for layer in range(model.config.layers):
        ours, theirs = f"blocks.{layer}", f"blk.{layer}"
        q, k, v = np.split(state[f"{ours}.attention.qkv.weight"], 3)
        gate, up = np.split(state[f"{ours}.feed.gate_up.weight"], 2)
        named |= {
            f"{theirs}.attn_norm.weight": state[f"{ours}.attention_norm.weight"],
            f"{theirs}.attn_q.weight": interleave(q, heads),
            f"{theirs}.attn_k.weight": interleave(k, heads),
            f"{theirs}.attn_v.weight": v,
            f"{theirs}.attn_output.weight": state[f"{ours}.attention.out.weight"],
            f"{theirs}.ffn_norm.weight": state[f"{ours}.feed_norm.weight"],
            f"{theirs}.ffn_gate.weight": gate,
            f"{theirs}.ffn_up.weight": up,
            f"{theirs}.ffn_down.weight": state[f"{ours}.feed.down.weight"],
        }
    return named


def write_gguf(
    model: Decoder,
    tokenizer: Tokenizer,
    config: RunConfig,
    path: Path,
    training: Mapping[str, str | int | float],
    *,
    quant: str = SHIPPED,
) -> str:
    """Write the model to `path` (swapped in whole) and return its SHA-256.

    `quant` is the type of the matrices, one of `QUANTS`. `training` becomes `hunch.training.*`.
    """
    fresh = path.with_name(path.name + ".tmp")
    writer = gguf.GGUFWriter(fresh, "llama")
    kind, file_type = QUANTS[quant]
    _write_metadata(writer, config, training, file_type)
    _write_vocabulary(writer, tokenizer)
    for name, weight in tensors(model).items():
        if weight.ndim == 2 and kind is not None:
            writer.add_tensor(name, gguf.quants.quantize(weight, kind), raw_dtype=kind)
        else:
            writer.add_tensor(name, weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    digest = hashlib.sha256(fresh.read_bytes()).hexdigest()
    fresh.replace(path)
    return digest


def agreement(
    model: Decoder, tokenizer: Tokenizer, path: Path, texts: Sequence[str], longest: int = 256
) -> dict[str, float]:
    """How far llama.cpp's logits of the file at `path` lie from the PyTorch model's, over texts of code."""
    length = min(longest, model.config.context)
    worst, same, count = 0.0, 0, 0
    with GgufModel(path, context=length) as reader:
        for text in texts:
            tokens = tokenizer.encode(text, add_special_tokens=False).ids[:length]
            with torch.no_grad():
                wanted = model(torch.tensor([tokens]))[0].float().numpy()
            got = reader.logits(tokens)
            worst = max(worst, float(np.abs(got - wanted).max()))
            same += int((got.argmax(axis=1) == wanted.argmax(axis=1)).sum())
            count += len(tokens)
    return {
        "tokens": count,
        "max_logit_difference": round(worst, 4),
        "top1_agreement": round(same / max(1, count), 4),
    }


def _write_metadata(
    writer: gguf.GGUFWriter,
    config: RunConfig,
    training: Mapping[str, str | int | float],
    file_type: gguf.LlamaFileType,
) -> None:
    shape = config.model
    writer.add_name(config.name)
    writer.add_license("Apache-2.0")
    writer.add_description("Fill-in-the-middle completion of source code")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_key_length(shape.head_width)
    writer.add_value_length(shape.head_width)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_eps)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_file_type(file_type)
    writer.add_string("hunch.fim.order", "spm")
    for key, value in training.items():
        if isinstance(value, str):
            writer.add_string(f"hunch.training.{key}", value)
        elif isinstance(value, int):
            writer.add_uint64(f"hunch.training.{key}", value)
        else:
            writer.add_float64(f"hunch.training.{key}", value)


def _write_vocabulary(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    tokens, merges = vocabulary_and_merges(tokenizer)
    ids = special_ids()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL if token in SPECIAL else gguf.TokenType.NORMAL for token in tokens])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(ids[END])
    writer.add_eot_token_id(ids[END])
    writer.add_pad_token_id(ids[PAD])
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    for key, token in (
        ("pre", PREFIX),
        ("suf", SUFFIX),
        ("mid", MIDDLE),
        ("pad", PAD),
        ("rep", REPOSITORY),
        ("sep", FILE),
    ):
        writer.add_uint32(f"tokenizer.ggml.fim_{key}_token_id", ids[token])
