"""One `Timing` for every stage of a completion, from the first day."""

from __future__ import annotations

from dataclasses import dataclass, fields

from hunch_models.backend import GenerationTiming


@dataclass(slots=True)
class Timing:
    """Milliseconds per stage (0: did not happen) and token counts of the generation behind it."""

    rules: float = 0.0
    cache: float = 0.0
    delay: float = 0.0
    context: float = 0.0
    queue: float = 0.0
    prefill: float = 0.0
    decode: float = 0.0
    model: float = 0.0  # wall time of the whole generation as seen here
    filters: float = 0.0
    gate: float = 0.0
    total: float = 0.0
    new_tokens: int = 0
    reused_tokens: int = 0
    decoded_tokens: int = 0

    def take(self, generation: GenerationTiming) -> None:
        """Note what the generation behind it cost."""
        self.queue, self.prefill, self.decode = generation.queue_ms, generation.prefill_ms, generation.decode_ms
        self.new_tokens, self.reused_tokens = generation.new_tokens, generation.reused_tokens
        self.decoded_tokens = generation.decoded_tokens

    def stages(self) -> dict[str, float]:
        """Milliseconds by stage."""
        return {f.name: getattr(self, f.name) for f in fields(self) if not f.name.endswith("_tokens")}

    @property
    def outside_model(self) -> float:
        """What we add ourselves: everything but waiting and the model."""
        return self.rules + self.cache + self.context + self.filters + self.gate
