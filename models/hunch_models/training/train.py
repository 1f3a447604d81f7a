"""The training loop: warm-up, a slowly falling rate that can go on for ever, and decay branches that end a model.

A file named `pause` in the run folder makes the trainer sleep until it is gone; `stop` makes it write a
checkpoint and return.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hunch_models.training.config import RunConfig
from hunch_models.training.model import Decoder
from hunch_models.training.packing import Batch
from hunch_models.training.sources import source_of

Progress = Callable[[Mapping[str, object]], None]
CHECKPOINT = "latest.pt"


@dataclass
class State:
    """What a checkpoint holds besides weights and optimizers."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    position: tuple[int, int] = (0, 0)
    ended: bool = False
    """Whether this is the end of a decay branch."""


class Trainer:
    """One process that trains one model on one device."""

    def __init__(self, config: RunConfig, run: Path, progress: Progress) -> None:
        self.config = config
        self.run = run
        self.progress = progress
        self.fim = config.fim
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        torch.set_num_threads(config.train.threads)
        torch.manual_seed(config.train.seed)
        self.state = State()
        self.model = Decoder(config.model).to(self.device)
        matrices = [p for p in self.model.blocks.parameters() if p.ndim == 2]
        vectors = [p for p in self.model.parameters() if p.ndim < 2]
        embedding = [self.model.embedding.weight]
        self.optimizers: list[torch.optim.Optimizer] = [
            torch.optim.Muon(
                matrices, lr=config.train.matrix_rate, weight_decay=config.train.weight_decay, momentum=0.95
            ),
            torch.optim.AdamW(
                [{"params": embedding}, {"params": vectors}],
                lr=config.train.vector_rate,
                betas=(0.9, 0.95),
                weight_decay=0.0,
            ),
        ]
        self.rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in self.optimizers]
        self.source = source_of(run, config)
        self.validation = self.source.validation()
        self.loss = torch.compile(self._loss) if config.train.compile else self._loss

    def _loss(self, tokens: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16):
            return self.model.loss(tokens, targets, mask)

    def resume(self, path: Path) -> None:
        """Go on from a checkpoint. Rows that were being packed are lost, nothing else."""
        saved = torch.load(path, map_location=self.device, weights_only=True)
        self.model.load_state_dict(saved["model"])
        for optimizer, content in zip(self.optimizers, saved["optimizers"], strict=True):
            decay = [group["weight_decay"] for group in optimizer.param_groups]
            optimizer.load_state_dict(content)
            for group, wanted in zip(optimizer.param_groups, decay, strict=True):
                group["weight_decay"] = wanted  # the configuration's: it may have changed since
        torch.set_rng_state(saved["rng"].cpu())
        self.state = _state(saved)

    def save(self, path: Path) -> None:
        """Write a checkpoint beside the old one and swap it in."""
        content = {
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "rng": torch.get_rng_state(),
            "step": self.state.step,
            "tokens": self.state.tokens,
            "seconds": self.state.seconds,
            "position": list(self.state.position),
            "ended": self.state.ended,
        }
        fresh = path.with_suffix(".tmp")
        torch.save(content, fresh)
        fresh.replace(path)

    def set_rate(self, factor: float) -> None:
        """Scale every learning rate."""
        for optimizer, rates in zip(self.optimizers, self.rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor

    def settled(self) -> float:
        """Share of the rates at this point of the run: 1 up to the knee, then falling with the square root."""
        knee = self.config.train.knee_tokens
        return math.sqrt(knee / max(knee, self.state.tokens))

    def step(self, batch: Batch) -> float:
        """One update; returns the batch's loss in nats per token."""
        loss = self.loss(*self._tensors(batch))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.train.clip)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        self.state.step += 1
        self.state.tokens += int((batch.segments >= 0).sum())
        return float(loss.detach())

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def validate(self) -> float:
        """Loss in nats per token over the validation batches."""
        losses = [float(self._loss(*self._tensors(batch))) for batch in self.validation]
        return sum(losses) / len(losses)

    def _tensors(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        tokens = torch.from_numpy(batch.tokens).to(self.device)
        targets = torch.from_numpy(batch.targets).to(self.device)
        segments = torch.from_numpy(batch.segments).to(self.device)
        return tokens, targets, attention_mask(segments)

    def row_length(self) -> int:
        """Tokens a row at this point of the schedule."""
        planned = [length for start, length in self.config.train.lengths if self.state.tokens >= start][-1]
        return self.source.length or planned

    def batches(self) -> Iterator[Batch]:
        """Batches from the saved position on; a new row length begins a new shuffled pass over the data."""
        while True:
            length = self.row_length()
            train = self.config.train
            stream = self.source.stream(self.fim, self.state.position)
            rows = max(1, train.rows * train.lengths[0][1] // length)
            for batch in stream.batches(rows, length):
                self.state.position = stream.position
                yield batch
                if self.row_length() != length:
                    self.state.position = (stream.position[0] + 1, 0)
                    break

    def fit(
        self,
        *,
        until_tokens: int | None = None,
        decay_tokens: int = 0,
        begin: int | None = None,
        seconds: float = math.inf,
        folder: Path | None = None,
    ) -> None:
        """Train until `until_tokens` (None: until told to stop), or for `decay_tokens` with a falling rate.

        `seconds` ends either sooner; a falling rate then reaches zero at that time. A decay branch writes into its own
        `folder` and leaves the run's checkpoint alone. `begin`: tokens at which it branched off, if that was earlier.
        """
        train = self.config.train
        folder = folder or self.run
        self.fim = self.config.decay_fim if decay_tokens else self.config.fim
        folder.mkdir(parents=True, exist_ok=True)
        trim_log(folder / "log.jsonl", self.state.tokens)
        begin = self.state.tokens if begin is None else begin
        started_at = last_save = last_validation = time.monotonic()
        for batch in self.batches():
            started = time.monotonic()
            spent = (started - started_at) / seconds
            fraction = max(spent, (self.state.tokens - begin) / decay_tokens) if decay_tokens else 0.0
            warm = min(1.0, (self.state.step + 1) / train.warmup_steps)
            self.set_rate(warm * self.settled() * max(0.0, 1.0 - fraction))
            before = self.state.tokens
            loss = self.step(batch)
            now = time.monotonic()
            self.state.seconds += now - started
            record: dict[str, object] = {
                "step": self.state.step,
                "tokens": self.state.tokens,
                "loss": round(loss, 4),
                "tokens_per_s": round((self.state.tokens - before) / (now - started)),
                "seconds": round(self.state.seconds),
                "length": batch.tokens.shape[1],
            }
            stopping = spent >= 1 or (folder / "stop").exists() or self._done(begin, until_tokens, decay_tokens)
            if stopping or now - last_validation > train.validate_seconds:
                record["validation_loss"] = round(self.validate(), 4)
                last_validation = time.monotonic()
            self.state.ended = bool(decay_tokens) and (spent >= 1 or self._done(begin, None, decay_tokens))
            if stopping or now - last_save > train.checkpoint_seconds:
                self.save(folder / CHECKPOINT)
                last_save = time.monotonic()
            self._log(folder, record)
            if stopping:
                return
            while (folder / "pause").exists():
                time.sleep(5.0)

    def _done(self, begin: int, until_tokens: int | None, decay_tokens: int) -> bool:
        if decay_tokens:
            return self.state.tokens - begin >= decay_tokens
        return until_tokens is not None and self.state.tokens >= until_tokens

    def _log(self, folder: Path, record: dict[str, object]) -> None:
        with (folder / "log.jsonl").open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(record) + "\n")
        self.progress(record)


def trim_log(path: Path, tokens: int) -> None:
    """Drop what was logged after `tokens`: steps that were lost with the process that made them."""
    if path.exists():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if json.loads(line)["tokens"] <= tokens]
        path.write_text("".join(kept), encoding="utf-8", newline="\n")


def attention_mask(segments: Tensor) -> Tensor:
    """(rows, 1, length, length), true where a token may look: back, and within its own sample.

    Padding looks at itself, so that no row of the softmax is empty.
    """
    length = segments.shape[1]
    same = segments[:, :, None] == segments[:, None, :]
    causal = torch.ones(length, length, dtype=torch.bool, device=segments.device).tril()
    return (same & causal)[:, None]


def load_weights(checkpoint: Path, config: RunConfig) -> tuple[Decoder, State]:
    """The model of a checkpoint, on the CPU, ready for inference, and how far it was trained."""
    saved: dict[str, Any] = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = Decoder(config.model)
    model.load_state_dict(saved["model"])
    return model.eval(), _state(saved)


def _state(saved: Mapping[str, Any]) -> State:
    position = tuple(saved["position"])
    return State(saved["step"], saved["tokens"], saved["seconds"], position, saved.get("ended", False))
