"""How likely a place is the next one, and a proposed text the right one: two small forests of trees, kept as numbers.

They were fitted by `hunch_features.evaluation.next_edits_fit` on public commits; docs/benchmarks.md has the figures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt

from hunch_features.next_edit.spots import Proposal, Spot

MODEL = Path(__file__).with_name("ranker.json")

Numbers = npt.NDArray[np.float64]


class Forest(msgspec.Struct):
    """Binary trees, padded to the same number of nodes. A leaf is its own child."""

    features: list[str]
    feature: list[list[int]]
    threshold: list[list[float]]
    left: list[list[int]]
    right: list[list[int]]
    value: list[list[float]]
    depth: int


class Model(msgspec.Struct):
    """The shipped numbers. Offers below `show` are not worth an interruption, texts below `content` are not shown."""

    place: Forest
    text: Forest
    calibration: tuple[float, float]
    """Slope and shift of a place's log-odds: the best of many places looks better than it is."""
    show: float
    content: float
    must_place: float
    """Least probability of a place where code would be wrong if it stayed (`facts.must_follow`), as measured."""
    must_text: float
    fitted_on: list[str]
    """Repositories whose commits the numbers come from: no figure is to be taken on them."""


class Scorer:
    """A forest as arrays; `probabilities` looks at all rows and all trees at once."""

    def __init__(self, forest: Forest) -> None:
        self._columns = {name: number for number, name in enumerate(forest.features)}
        self._feature = np.array(forest.feature, dtype=np.int32)
        self._threshold = np.array(forest.threshold, dtype=np.float64)
        self._left = np.array(forest.left, dtype=np.int32)
        self._right = np.array(forest.right, dtype=np.int32)
        self._value = np.array(forest.value, dtype=np.float64)
        self._depth = forest.depth
        self._trees = np.arange(len(forest.feature))

    def probabilities(self, rows: Sequence[Mapping[str, float]]) -> Numbers:
        """One number from 0 to 1 per row of facts; facts that are absent count as 0."""
        if not rows:
            return np.empty(0)
        table = np.zeros((len(rows), len(self._columns)))
        for number, row in enumerate(rows):
            for name, value in row.items():
                column = self._columns.get(name)
                if column is not None:
                    table[number, column] = value
        node = np.zeros((len(rows), len(self._trees)), dtype=np.int32)
        lines = np.arange(len(rows))[:, None]
        for _ in range(self._depth):
            less = table[lines, self._feature[self._trees, node]] <= self._threshold[self._trees, node]
            node = np.where(less, self._left[self._trees, node], self._right[self._trees, node])
        total = self._value[self._trees, node].sum(axis=1)
        probabilities: Numbers = 1.0 / (1.0 + np.exp(-total))
        return probabilities


class Ranker:
    """The two forests and their thresholds."""

    def __init__(self, model: Model) -> None:
        self._place = Scorer(model.place)
        self._text = Scorer(model.text)
        self._slope, self._shift = model.calibration
        self._must = model.must_place, model.must_text
        self.show = model.show
        self.content = model.content
        self.fitted_on = frozenset(model.fitted_on)

    def places(self, spots: Sequence[Spot]) -> Numbers:
        """How likely each place is one of the next."""
        floor = np.array([self._must[0] if spot.facts.get("must") else 0.0 for spot in spots])
        raw = np.clip(self._place.probabilities([spot.facts for spot in spots]), 1e-6, 1 - 1e-6)
        odds = self._slope * np.log(raw / (1 - raw)) + self._shift
        scores: Numbers = np.maximum(1 / (1 + np.exp(-odds)), floor)
        return scores

    def texts(self, proposals: Sequence[tuple[Spot, Proposal]]) -> Numbers:
        """How likely each proposed text is exactly right at its spot."""
        floor = np.array([self._must[1] if is_forced(spot, proposal) else 0.0 for spot, proposal in proposals])
        rows = [text_facts(spot, proposal) for spot, proposal in proposals]
        scores: Numbers = np.maximum(self._text.probabilities(rows), floor)
        return scores


@cache
def shipped() -> Ranker:
    """The numbers that come with Hunch."""
    return Ranker(msgspec.json.decode(MODEL.read_bytes(), type=Model))


def is_forced(spot: Spot, proposal: Proposal) -> bool:
    """Whether a text does what must follow at its place."""
    return bool(spot.facts.get("must")) and (proposal.change.at_definition or proposal.change.resigned is not None)


def text_facts(spot: Spot, proposal: Proposal) -> dict[str, float]:
    """What is known of a proposed text: everything about its place, and which change it repeats how."""
    edits = proposal.edits
    return {
        **spot.facts,
        f"text_{proposal.change.kind}": 1.0,
        "text_forced": float(is_forced(spot, proposal)),
        "text_weight": proposal.weight,
        "text_edits": float(len(edits)),
        "text_length": float(sum(len(edit.text) for edit in edits)),
        "text_lines": float(sum(edit.text.count("\n") for edit in edits)),
        "text_replaced": float(sum(edit.end.line - edit.start.line for edit in edits)),
        "text_others": float(sum(bool(other.edits) for other in spot.proposals)),
    }
