"""How fast a model runs on this machine: prompt tokens and generated tokens per second."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hunch_models.backend import GenerationRequest, GenerationResult, StopRule, TokenBudget
from hunch_models.errors import ModelError
from hunch_models.registry.model_entry import ModelEntry
from hunch_models.registry.registry import Registry

SAMPLE = '''\
def normalise(rows, columns, default=None):
    """Return a copy of rows with every column present."""
    result = []
    for number, row in enumerate(rows):
        values = {name: row.get(name, default) for name in columns}
        values["number"] = number
        result.append(values)
    return result


'''
OPENINGS = ("class Table:\n    def __init__(self, rows):\n", "def total(", "COLORS = {\n    'red': 1,\n")
"""Places at the end of a file where a model has much to say; one run each, after one to warm up."""
DECODE_TOKENS = 64
ENOUGH_TOKENS = 8
"""A shorter answer is not timed: its first token dominates."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Rates in tokens/s over all runs together; `decode` is None when the model wrote too little to time."""

    prefill: float
    decode: float | None
    prompt_tokens: int
    decoded_tokens: int


async def bench(
    registry: Registry,
    entry: ModelEntry,
    generate: Callable[[GenerationRequest], Awaitable[GenerationResult]],
) -> Benchmark:
    """Measure with `generate` of a running backend that has loaded `entry`, and record the rates.

    Every run has a prompt of its own from the first line on, so that nothing comes from the backend's cache.
    The first run warms up and does not count. Raises BackendError as the backend does.
    """
    prompt_tokens = decoded = 0
    prefill_ms = decode_ms = 0.0
    await generate(_request(0, OPENINGS[0]))
    for run, opening in enumerate(OPENINGS, start=1):
        result = await generate(_request(run, opening))
        prompt_tokens += result.timing.new_tokens
        prefill_ms += result.timing.prefill_ms
        if result.timing.decoded_tokens >= ENOUGH_TOKENS:
            decoded += result.timing.decoded_tokens
            decode_ms += result.timing.decode_ms
    if not prefill_ms or not prompt_tokens:
        raise ModelError(f"the engine tells no timing for {entry.id}", "only a local model can be measured")
    measured = Benchmark(
        prefill=round(1000 * prompt_tokens / prefill_ms, 1),
        decode=round(1000 * decoded / decode_ms, 1) if decode_ms else None,
        prompt_tokens=prompt_tokens,
        decoded_tokens=decoded,
    )
    if measured.decode is not None:
        registry.record_speed(entry.id, prefill=measured.prefill, decode=measured.decode)
    return measured


def _request(run: int, opening: str) -> GenerationRequest:
    return GenerationRequest(
        prefix=f"# run {run}\n{SAMPLE * 4}{opening}",
        suffix="",
        path=f"run_{run}.py",
        budget=TokenBudget(prefix=384, suffix=32),
        stop=StopRule(single_line=False, max_lines=1000),
        max_tokens=DECODE_TOKENS,
        time_limit_ms=60_000.0,
    )
