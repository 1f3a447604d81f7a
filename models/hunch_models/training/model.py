"""A Llama-style decoder, kept small and plain: RMSNorm, rotary positions, SwiGLU, tied embeddings, no biases.

Rotary pairs are stored in halves (fast to compute); `export` permutes them into the layout of llama.cpp.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hunch_models.training.config import ModelConfig


class Attention(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """Causal self-attention; `mask` keeps samples that share a row apart."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.heads
        width = config.heads * config.head_width
        self.qkv = nn.Linear(config.width, 3 * width, bias=False)
        self.out = nn.Linear(width, config.width, bias=False)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        """Map (rows, length, width) to the same shape; `mask` is (rows, 1, length, length), true = may see."""
        rows, length, _ = x.shape
        q, k, v = self.qkv(x).view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        q, k = rotate(q, *rope), rotate(k, *rope)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=mask is None)
        return self.out(mixed.transpose(1, 2).reshape(rows, length, -1))


class FeedForward(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """SwiGLU: `down(silu(gate) * up)` with gate and up in one matrix."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate_up = nn.Linear(config.width, 2 * config.hidden, bias=False)
        self.down = nn.Linear(config.hidden, config.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (rows, length, width) to the same shape."""
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        return self.down(F.silu(gate) * up)


class Block(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """One decoder layer, normalised before each half."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.width, eps=config.norm_eps)
        self.attention = Attention(config)
        self.feed_norm = nn.RMSNorm(config.width, eps=config.norm_eps)
        self.feed = FeedForward(config)

    def forward(self, x: Tensor, rope: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        """Map (rows, length, width) to the same shape."""
        x = x + self.attention(self.attention_norm(x), rope, mask)
        return x + self.feed(self.feed_norm(x))


class Decoder(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """The whole model: token ids in, next-token logits out."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocabulary, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.width, eps=config.norm_eps)
        cos, sin = rope_table(config.context, config.head_width, config.rope_base)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self._initialise()

    def _initialise(self) -> None:
        """Normal weights; what writes into the residual stream is scaled down by depth (GPT-2)."""
        for name, weight in self.named_parameters():
            if weight.ndim < 2:
                continue
            std = 0.02 if name == "embedding.weight" else weight.shape[1] ** -0.5 * 0.7
            if name.endswith(("out.weight", "down.weight")):
                std /= math.sqrt(2 * self.config.layers)
            nn.init.normal_(weight, std=std)

    def hidden(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Normalised final states, (rows, length, width), for tokens (rows, length)."""
        x = self.embedding(tokens)
        length = tokens.shape[1]
        rope = (self.cos[:length].to(x.dtype), self.sin[:length].to(x.dtype))
        for block in self.blocks:
            x = block(x, rope, mask)
        return self.norm(x)

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits, (rows, length, vocabulary)."""
        return F.linear(self.hidden(tokens, mask), self.embedding.weight)

    def loss(self, tokens: Tensor, targets: Tensor, mask: Tensor | None = None) -> Tensor:
        """Mean cross-entropy in nats over targets that are not negative."""
        logits = self(tokens, mask).flatten(0, 1)
        return F.cross_entropy(logits.float(), targets.flatten(), ignore_index=-100)


def rope_table(length: int, head_width: int, base: float) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each (length, head_width / 2)."""
    frequencies = base ** (-torch.arange(0, head_width, 2, dtype=torch.float64) / head_width)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * frequencies[None]
    return angles.cos().float(), angles.sin().float()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn the pairs (i, i + half) of the last axis of x (rows, heads, length, head_width)."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)
