"""The gate's two forests, and what they were fitted to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from hunch_models.errors import ModelError
from hunch_models.forests import forest
from hunch_models.forests.forest import Forest
from hunch_models.onnx_weights import description_path

WEIGHTS = Path(__file__).resolve().parent / "weights"
REQUEST, SHOW = WEIGHTS / "request.onnx", WEIGHTS / "show.onnx"


class Description(forest.Description, kw_only=True, frozen=True):
    """What stands beside the weights.

    `typical`: the features' medians in the data, NaN as null. `taken`: log-odds that people left out had for what they
    took, ascending; `lost`: by level, which share of these may lie below the threshold. `people`: fingerprints of
    whom it was fitted to.
    """

    typical: tuple[float | None, ...]
    taken: tuple[float, ...]
    lost: dict[str, float]
    people: tuple[str, ...] = ()


class TreeModel(Forest[Description]):
    """A forest of one stage."""

    def __init__(self, weights: Path, version: int, features: Sequence[str]) -> None:
        """Load and check; the weights must be made for these features. Raises ModelError. Takes some 50 ms."""
        super().__init__(weights, Description, version, features)
        self.typical = np.array([math.nan if value is None else value for value in self.about.typical], np.float32)
        if len(self.typical) != len(self.about.features):
            raise ModelError(f"{description_path(weights).name} does not describe all features", "install it again")
