"""How a local model is run: what a person may choose, and what is handed to the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DEFAULT_CONTEXT = 2048
"""Context length in tokens where neither model nor setting asks for less."""


@dataclass(frozen=True, slots=True)
class LlamaSettings:
    """What a person may choose; the zero of each means that it is measured or that the model decides.

    `threads` 0: measured. `gpu_layers` -1: measured, 0: none. `context_length` 0: the model's own, up to
    `DEFAULT_CONTEXT` tokens. `extra_buffers`: llama.cpp's CPU-specific weight layouts, `auto` when a trial has
    shown that they work and are faster. `drafts`: guess tokens and verify several at once where that pays.
    `load_timeout_s`: longest time to load. `probe_after_idle_s`: how long nothing must have been asked before the
    trial runs.
    """

    threads: int = 0
    gpu_layers: int = -1
    context_length: int = 0
    extra_buffers: Literal["auto", "on", "off"] = "auto"
    drafts: bool = True
    load_timeout_s: float = 60.0
    probe_after_idle_s: float = 5.0


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How to load a model, decided. `gpu_layers` -1: all; `context_length` 0: the model's own, up to a limit.

    The defaults are the safe ones: on CPUs with AMX, llama.cpp's extra buffers end the process in the first
    evaluation of a quantised model.
    """

    threads: int = 1
    gpu_layers: int = 0
    extra_buffers: bool = False
    context_length: int = 0
    drafts: bool = True
