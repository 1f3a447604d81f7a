"""Fits the next edit's ranker on cases of public repositories. Needs LightGBM (the `train` extra), only here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from hunch_features.evaluation.next_edits import Case, hits, is_exact, is_part
from hunch_features.next_edit.finding import Found
from hunch_features.next_edit.ranking import Forest, text_facts

ROUNDS_PLACE, ROUNDS_TEXT = 130, 80
KEPT_WRONG = 0.25
"""Share of the wrong places that are fitted on, each with the weight of four."""
PARAMETERS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.08,
    "num_leaves": 15,
    "min_data_in_leaf": 30,
    "max_bin": 63,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "use_missing": False,
    "verbose": -1,
    "num_threads": 1,
    "seed": 1,
    "deterministic": True,
}

Row = Mapping[str, float]


@dataclass
class Examples:
    """Rows of facts with labels; `place_cases` and `text_cases` number the case that each row belongs to."""

    place_rows: list[Row] = field(default_factory=list)
    place_labels: list[bool] = field(default_factory=list)
    place_cases: list[int] = field(default_factory=list)
    text_rows: list[Row] = field(default_factory=list)
    text_labels: list[bool] = field(default_factory=list)
    text_cases: list[int] = field(default_factory=list)
    text_parts: list[bool] = field(default_factory=list)
    """Whether the commit did at least what the text does."""
    cases: int = 0

    def add(self, case: Case, found: Found) -> None:
        """Every place that was found for a case, right or not, and every text proposed there."""
        for spot in found.spots:
            self.place_rows.append(dict(spot.facts))
            self.place_labels.append(bool(hits(case, spot.source.path, spot.line)))
            self.place_cases.append(self.cases)
            for proposal in spot.proposals:
                if proposal.edits:
                    self.text_rows.append(text_facts(spot, proposal))
                    self.text_labels.append(is_exact(case, spot.source.path, spot.source.lines, proposal.edits))
                    self.text_parts.append(is_part(case, spot.source.path, spot.source.lines, proposal.edits))
                    self.text_cases.append(self.cases)
        self.cases += 1


def columns(rows: Iterable[Row]) -> list[str]:
    """Names of all facts."""
    return sorted({name for row in rows for name in row})


def table(rows: Sequence[Row], names: Sequence[str]) -> npt.NDArray[np.float32]:
    """Facts as a table, absent ones 0."""
    place = {name: number for number, name in enumerate(names)}
    values = np.zeros((len(rows), len(names)), dtype=np.float32)
    for number, row in enumerate(rows):
        for name, value in row.items():
            if name in place:
                values[number, place[name]] = value
    return values


def weights(cases: Sequence[int]) -> npt.NDArray[np.float64]:
    """A case with many places counts more than one with few, but not in proportion."""
    numbers = np.asarray(cases)
    raw = 1.0 / np.sqrt(np.bincount(numbers)[numbers])
    scaled: npt.NDArray[np.float64] = raw / raw.mean()
    return scaled


def share_with(rows: Sequence[Row], labels: Sequence[bool], cases: Sequence[int], fact: str) -> float:
    """Share of right ones among the rows with a fact, every case counting once, with one right and one wrong added."""
    shares: dict[int, list[bool]] = {}
    for row, right, case in zip(rows, labels, cases, strict=True):
        if row.get(fact):
            shares.setdefault(case, []).append(right)
    return round((1 + sum(sum(some) / len(some) for some in shares.values())) / (2 + len(shares)), 4)


def forest(rows: Sequence[Row], labels: Sequence[bool], cases: Sequence[int], rounds: int) -> Forest:
    """Fit gradient-boosted trees and take their numbers out. All right rows count, and a sample of the wrong ones."""
    import lightgbm  # noqa: PLC0415 - the train extra

    names = columns(rows)
    right = np.asarray(labels, dtype=bool)
    kept = right | (np.random.default_rng(0).random(len(right)) < KEPT_WRONG)
    weight = weights(cases) * np.where(right, 1.0, 1 / KEPT_WRONG)
    chosen = [row for row, wanted in zip(rows, kept, strict=True) if wanted]
    data = lightgbm.Dataset(table(chosen, names), right[kept].astype(float), weight=weight[kept])
    booster = lightgbm.train(PARAMETERS, data, rounds)
    trees = [_flat(tree["tree_structure"]) for tree in booster.dump_model()["tree_info"]]
    used = sorted({node[0] for tree in trees for node in tree if node[0] >= 0})
    place = {feature: number for number, feature in enumerate(used)}
    size = max(len(tree) for tree in trees)
    result = Forest([names[feature] for feature in used], [], [], [], [], [], 0)
    for tree in trees:
        padded = [*tree, *[(-1, 0.0, at, at, 0.0) for at in range(len(tree), size)]]
        result.feature.append([place.get(node[0], 0) for node in padded])
        result.threshold.append([float(f"{node[1]:.6g}") for node in padded])
        result.left.append([node[2] for node in padded])
        result.right.append([node[3] for node in padded])
        result.value.append([float(f"{node[4]:.5g}") for node in padded])
        result.depth = max(result.depth, _depth(tree, 0))
    return result


def _flat(root: dict[str, Any]) -> list[tuple[int, float, int, int, float]]:
    """Nodes as (feature, threshold, left, right, value); a leaf has feature -1 and is its own child."""
    nodes: list[tuple[int, float, int, int, float]] = []

    def add(node: dict[str, Any]) -> int:
        at = len(nodes)
        if "split_feature" not in node:
            nodes.append((-1, 0.0, at, at, float(node["leaf_value"])))
            return at
        nodes.append((0, 0.0, at, at, 0.0))
        left, right = add(node["left_child"]), add(node["right_child"])
        nodes[at] = (int(node["split_feature"]), float(node["threshold"]), left, right, 0.0)
        return at

    add(root)
    return nodes


def _depth(tree: list[tuple[int, float, int, int, float]], at: int) -> int:
    _, _, left, right, _ = tree[at]
    return 0 if left == at else 1 + max(_depth(tree, left), _depth(tree, right))
