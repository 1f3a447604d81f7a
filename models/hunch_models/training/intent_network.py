"""Fits the network that tells what a developer is doing: a small GRU with a short cut from the newest rows.

Needs torch (the `train` extra); nothing here is imported at run time. The same data and seed give the same weights.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hunch_models.intent.state_model import INPUT, OUTPUT

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

SHORT_CUT = 3
"""Newest rows that the output layer sees directly, beside the GRU's state: on little data this is most of it."""


@dataclass(frozen=True, slots=True)
class FitConfig:
    """Every choice of a fit. `balance` is the strength of the logit adjustment (arXiv 2007.07314) by which the class to
    say is found; probabilities are left as they are.

    The defaults were chosen on 12 of the 16 people of the telemetry; the other 4 were not looked at meanwhile.
    """

    hidden: int = 24
    members: int = 3
    dropout: float = 0.5
    noise: float = 0.05
    weight_decay: float = 0.03
    rate: float = 0.003
    epochs: int = 4
    batch: int = 64
    balance: float = 0.0
    temperature: float = 1.0
    seed: int = 7
    start: Path | None = None
    """Weights of the rows' layer and the GRU to begin with, as `pretrain` left them; None to begin at random."""


class Member(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """One GRU and its output layer: (n, window, width) → (n, classes)."""

    def __init__(self, width: int, classes: int, config: FitConfig) -> None:
        super().__init__()
        self.narrow = nn.Linear(width, config.hidden)
        self.gru = nn.GRU(config.hidden, config.hidden, batch_first=True)
        self.drop = nn.Dropout(config.dropout)
        self.out = nn.Linear(config.hidden + (SHORT_CUT + 1) * width, classes)

    def forward(self, rows: Tensor) -> Tensor:
        """Logits."""
        states, _ = self.gru(torch.tanh(self.narrow(rows)))
        newest = rows[:, -SHORT_CUT:].flatten(1)
        seen = torch.cat([states[:, -1], newest, rows[:, -10:].mean(1)], dim=1)
        return self.out(self.drop(seen))


class StateNetwork(nn.Module):  # type: ignore[misc]  # torch is untyped here
    """The mean of a few members, calibrated: (n, window, width) → probabilities (n, classes)."""

    def __init__(self, members: Sequence[Member], prior: Tensor, config: FitConfig) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.temperature = config.temperature
        self.register_buffer("log_prior", prior.clamp_min(1e-3).log())

    def logits(self, rows: Tensor) -> Tensor:
        """The members' mean, before the temperature."""
        return torch.stack([member(rows) for member in self.members]).mean(0)

    def forward(self, rows: Tensor) -> Tensor:
        """Probabilities."""
        return torch.softmax(self.logits(rows) / self.temperature, dim=1)


def fit(
    windows: Floats, labels: Labels, classes: int, config: FitConfig, weights: Floats | None = None
) -> StateNetwork:
    """A network fitted to windows (n, window, width) and labels (n); `weights` (n) says how much each counts."""
    torch.set_num_threads(1)
    rows, targets = torch.from_numpy(windows), torch.from_numpy(labels)
    weigh = torch.from_numpy(weights) if weights is not None else torch.ones(len(labels))
    counts = torch.zeros(classes).index_add_(0, targets, weigh)
    members = [
        _fit_member(rows, targets, weigh, classes, replace(config, seed=config.seed + number))
        for number in range(config.members)
    ]
    network = StateNetwork(members, counts / counts.sum(), config)
    network.eval()
    return network


def _fit_member(rows: Tensor, targets: Tensor, weights: Tensor, classes: int, config: FitConfig) -> Member:
    torch.manual_seed(config.seed)
    order = torch.Generator().manual_seed(config.seed)
    member = Member(rows.shape[2], classes, config)
    if config.start is not None:
        member.load_state_dict(torch.load(config.start, weights_only=True), strict=False)
    member.train()
    optimizer = torch.optim.AdamW(member.parameters(), lr=config.rate, weight_decay=config.weight_decay)
    steps = config.epochs * -(-len(rows) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, config.rate, total_steps=steps)
    for _ in range(config.epochs):
        for chosen in torch.randperm(len(rows), generator=order).split(config.batch):
            batch = rows[chosen]
            batch = batch + config.noise * torch.randn(batch.shape, generator=order)
            loss = F.cross_entropy(member(batch), targets[chosen], reduction="none", label_smoothing=0.05)
            (loss * weights[chosen]).mean().backward()
            nn.utils.clip_grad_norm_(member.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            schedule.step()
    member.eval()
    return member


def pretrain(windows: Floats, following: Floats, out: Path, config: FitConfig) -> list[float]:
    """Learn to say the row that follows (n, width) from windows (n, window, width); `FitConfig.start` reads `out`.

    Answers the loss of every epoch. The columns count alike: what is rarely anything but 0 adds little.
    """
    torch.set_num_threads(1)
    torch.manual_seed(config.seed)
    order = torch.Generator().manual_seed(config.seed)
    rows, targets = torch.from_numpy(windows), torch.from_numpy(following)
    width = rows.shape[2]
    member = Member(width, width, config)
    optimizer = torch.optim.AdamW(member.parameters(), lr=config.rate, weight_decay=config.weight_decay)
    losses = []
    for _ in range(config.epochs):
        total = 0.0
        for chosen in torch.randperm(len(rows), generator=order).split(config.batch):
            states, _ = member.gru(torch.tanh(member.narrow(rows[chosen])))
            said = member.out(F.pad(states[:, -1], (0, member.out.in_features - config.hidden)))
            loss = F.mse_loss(said, targets[chosen])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            total += float(loss.detach()) * len(chosen)
        losses.append(total / len(rows))
    kept = {name: value for name, value in member.state_dict().items() if name.startswith(("narrow.", "gru."))}
    torch.save(kept, out)
    return losses


def offsets(network: StateNetwork, config: FitConfig) -> Floats:
    """What is added to the logarithms of the probabilities (classes) before the largest is said."""
    found: Floats = (-config.balance / config.temperature * network.log_prior).numpy()
    return found


@torch.no_grad()  # type: ignore[untyped-decorator]
def logits(network: StateNetwork, windows: Floats) -> Floats:
    """Raw logits (n, classes) of windows."""
    found: Floats = network.logits(torch.from_numpy(windows)).numpy()
    return found


def calibrated(raw: Floats, temperature: float) -> Floats:
    """Probabilities from raw logits: what `StateNetwork.forward` does."""
    scaled = raw / temperature
    scaled = np.exp(scaled - scaled.max(1, keepdims=True))
    found: Floats = scaled / scaled.sum(1, keepdims=True)
    return found


def fit_logistic(rows: Floats, labels: Labels, classes: int, decay: float = 0.01) -> tuple[Floats, Floats]:
    """Weights (width, classes) and bias (classes) of a logistic regression on single rows: the plain baseline."""
    torch.manual_seed(0)
    x, y = torch.from_numpy(rows), torch.from_numpy(labels)
    weight = torch.zeros(rows.shape[1], classes, requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(x @ weight + bias, y) + decay * weight.square().sum() / 2
        value.backward()
        return value

    optimizer.step(loss)
    return weight.detach().numpy(), bias.detach().numpy()


def export(network: StateNetwork, path: Path, window: int, width: int) -> None:
    """Write the network as ONNX: `rows` (n, window, width) → `probabilities` (n, classes)."""
    with warnings.catch_warnings():
        # The exporter that torch prefers needs onnxscript; this one is all that a GRU needs.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (torch.zeros(1, window, width),),
            str(path),
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "n"}, OUTPUT: {0: "n"}},
            opset_version=17,
            dynamo=False,
        )
