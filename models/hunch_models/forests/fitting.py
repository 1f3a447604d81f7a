"""Fits forests and writes them as ONNX. Needs LightGBM and onnx (the `train` extra); nothing here is used at run time.

The trees are written node by node, so that the exported forest decides exactly as the fitted one: thresholds are
rounded down to 32 bits (converters round to the nearest, which moves values across), missing values go the same way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from hunch_models.forests.forest import INPUT, OUTPUT

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FitConfig:
    """Every choice of a fit. On a few thousand noisy decisions, extremely randomised splits beat exact ones."""

    members: int = 3
    trees: int = 400
    leaves: int = 16
    rate: float = 0.03
    least_in_leaf: int = 10
    features: float = 0.3
    rows: float = 0.7
    decay: float = 5.0
    random_splits: bool = True
    seed: int = 11


Forest = tuple[lightgbm.Booster, ...]


def fit(rows: Floats, labels: Labels, config: FitConfig, weights: Floats | None = None) -> Forest:
    """`members` boosters of different seeds, whose mean log-odds is the forest's."""
    options = {
        "objective": "binary",
        "extra_trees": config.random_splits,
        "num_leaves": config.leaves,
        "learning_rate": config.rate,
        "min_data_in_leaf": config.least_in_leaf,
        "feature_fraction": config.features,
        "bagging_fraction": config.rows,
        "bagging_freq": 1,
        "lambda_l2": config.decay,
        "num_threads": 1,
        "deterministic": True,
        "verbose": -1,
    }
    return tuple(
        lightgbm.train(
            {**options, "seed": config.seed + number}, lightgbm.Dataset(rows, labels, weight=weights), config.trees
        )
        for number in range(config.members)
    )


def log_odds(forest: Forest, rows: Floats) -> npt.NDArray[np.float64]:
    """Raw log-odds (n)."""
    found: npt.NDArray[np.float64] = np.mean([member.predict(rows, raw_score=True) for member in forest], axis=0)
    return found


def calibrate(raw: npt.NDArray[np.float64], labels: Labels, weights: Floats) -> tuple[float, float]:
    """Scale and shift (Platt) that make raw log-odds of left-out people probabilities. Newton's method."""
    design = np.stack([raw, np.ones_like(raw)], axis=1)
    found = np.array([1.0, 0.0])
    for _ in range(50):
        guess = 1 / (1 + np.exp(-design @ found))
        gradient = design.T @ (weights * (guess - labels))
        curvature = (design * (weights * guess * (1 - guess))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        found -= step
        if np.abs(step).max() < 1e-9:
            break
    return float(found[0]), float(found[1])


def export(forest: Forest, path: Path, width: int) -> None:
    """Write the forest's mean as ONNX: `rows` (n, width) → `scores` (n, 1)."""
    nodes: dict[str, list[Any]] = {name: [] for name in _NODE_FIELDS}
    leaves: dict[str, list[Any]] = {name: [] for name in _LEAF_FIELDS}
    number = 0
    for member in forest:
        for tree in member.dump_model()["tree_info"]:
            _write(tree["tree_structure"], number, nodes, leaves, 1 / len(forest))
            number += 1
    node = helper.make_node(
        "TreeEnsembleRegressor",
        [INPUT],
        [OUTPUT],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        **nodes,
        **leaves,
    )
    graph = helper.make_graph(
        [node],
        "forest",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 1])],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="hunch")
    model.ir_version = 9
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


_NODE_FIELDS = (
    "nodes_treeids",
    "nodes_nodeids",
    "nodes_featureids",
    "nodes_values",
    "nodes_modes",
    "nodes_truenodeids",
    "nodes_falsenodeids",
    "nodes_missing_value_tracks_true",
)
_LEAF_FIELDS = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def _write(
    root: dict[str, Any], tree: int, nodes: dict[str, list[Any]], leaves: dict[str, list[Any]], weight: float
) -> None:
    """Append one tree, its nodes numbered as they are met."""
    waiting: list[tuple[dict[str, Any], int]] = [(root, 0)]
    count = 1
    while waiting:
        node, own = waiting.pop()
        if "leaf_value" in node:
            _append(nodes, (tree, own, 0, 0.0, "LEAF", 0, 0, 0))
            for field, value in zip(_LEAF_FIELDS, (tree, own, 0, node["leaf_value"] * weight), strict=True):
                leaves[field].append(value)
            continue
        yes, no = count, count + 1
        count += 2
        missing_left = node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0
        threshold = _rounded_down(node["threshold"])
        _append(nodes, (tree, own, node["split_feature"], threshold, "BRANCH_LEQ", yes, no, int(missing_left)))
        waiting += [(node["left_child"], yes), (node["right_child"], no)]


def _append(nodes: dict[str, list[Any]], values: Sequence[Any]) -> None:
    for field, value in zip(_NODE_FIELDS, values, strict=True):
        nodes[field].append(value)


def _rounded_down(threshold: float) -> float:
    """The largest 32-bit float that is not above the threshold: 32-bit values compare with both alike."""
    found = np.float32(threshold)
    if float(found) > threshold:
        found = np.nextafter(found, np.float32(-math.inf))
    return float(found)
