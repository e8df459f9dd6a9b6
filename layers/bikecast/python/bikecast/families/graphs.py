"""ONNX graphs by hand: tree ensembles from flat tables, and the mean of several graphs.

Source: ONNX ML operator TreeEnsembleRegressor (ai.onnx.ml, version 3).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, compose, helper

from bikecast.arrays import Array
from bikecast.features import FEATURE_NAMES

OPSETS = (("", 17), ("ai.onnx.ml", 3))
IR_VERSION = 9
INPUT, OUTPUT = "features", "trips"


@dataclass(frozen=True)
class Trees:
    """All nodes of all trees, one row each; a leaf has ``feature`` -1 and its weight in ``value``.

    ``mode`` says when a row goes left: ``BRANCH_LT`` below the threshold, ``BRANCH_LEQ`` up to it.
    """

    tree: NDArray[np.int64]
    node: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: NDArray[np.float32]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float32]
    mode: str


def model(
    nodes: Sequence[onnx.NodeProto], constants: Sequence[onnx.TensorProto], *, name: str
) -> onnx.ModelProto:
    """Wrap nodes that lead from ``features`` to ``trips`` into a model."""
    width = len(FEATURE_NAMES)
    inputs = [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, width])]
    outputs = [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 1])]
    graph = helper.make_graph(list(nodes), name, inputs, outputs, list(constants))
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="bikecast")


def tensor(name: str, values: Any, kind: Any = np.float32) -> onnx.TensorProto:
    """Return a named constant."""
    return onnx.numpy_helper.from_array(np.asarray(values, dtype=kind), name)


def tree_ensemble(trees: Trees, *, base: float, exponential: bool = False, name: str) -> onnx.ModelProto:
    """Return the graph of ``base`` plus the sum of all trees, through the exponential if asked."""
    raw = "margin" if exponential else OUTPUT
    nodes = [
        helper.make_node(
            "TreeEnsembleRegressor", [INPUT], [raw], domain="ai.onnx.ml", **_attributes(trees, base=base)
        )
    ]
    if exponential:
        nodes.append(helper.make_node("Exp", [raw], [OUTPUT]))
    return model(nodes, [], name=name)


def _attributes(trees: Trees, *, base: float) -> dict[str, Any]:
    leaf = trees.feature < 0
    leaves = int(leaf.sum())
    return {
        "n_targets": 1,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
        "base_values": [base],
        "nodes_treeids": trees.tree.tolist(),
        "nodes_nodeids": trees.node.tolist(),
        "nodes_featureids": np.where(leaf, 0, trees.feature).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", trees.mode).tolist(),
        "nodes_values": np.where(leaf, 0, trees.threshold).tolist(),
        "nodes_truenodeids": np.where(leaf, 0, trees.left).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, trees.right).tolist(),
        "nodes_missing_value_tracks_true": (trees.missing_left & ~leaf).astype(int).tolist(),
        "target_treeids": trees.tree[leaf].tolist(),
        "target_nodeids": trees.node[leaf].tolist(),
        "target_ids": [0] * leaves,
        "target_weights": trees.value[leaf].tolist(),
    }


def mean_of(models: Sequence[onnx.ModelProto], *, floor: float) -> onnx.ModelProto:
    """Return one graph whose output is the mean of the given ones, each raised to the floor first."""
    nodes, constants = _side_by_side(models)
    raised = [f"raised{number}" for number in range(len(models))]
    nodes += [
        helper.make_node("Max", [f"m{number}_{OUTPUT}", "floor"], [name])
        for number, name in enumerate(raised)
    ]
    nodes.append(helper.make_node("Mean", raised, [OUTPUT]))
    return model(nodes, [*constants, tensor("floor", floor)], name="blend")


def either(
    full: onnx.ModelProto, spare: onnx.ModelProto, *, unless_missing: Sequence[int]
) -> onnx.ModelProto:
    """Return one graph that answers with ``spare`` where any of the columns is NaN, else with ``full``."""
    nodes, constants = _side_by_side([full, spare])
    node = helper.make_node
    nodes += [
        node("Gather", [INPUT, "optional"], ["given"], axis=1),
        node("IsNaN", ["given"], ["missing"]),
        node("Cast", ["missing"], ["counted"], to=TensorProto.FLOAT),
        node("ReduceMax", ["counted"], ["most"], axes=[1], keepdims=1),
        node("Cast", ["most"], ["lacking"], to=TensorProto.BOOL),
        node("Where", ["lacking", f"m1_{OUTPUT}", f"m0_{OUTPUT}"], [OUTPUT]),
    ]
    return model(nodes, [*constants, tensor("optional", list(unless_missing), np.int64)], name="with_spare")


def _side_by_side(models: Sequence[onnx.ModelProto]) -> tuple[list[onnx.NodeProto], list[onnx.TensorProto]]:
    """Return all nodes and constants, each model's names behind its own prefix, on one shared input."""
    nodes: list[onnx.NodeProto] = []
    constants: list[onnx.TensorProto] = []
    for number, part in enumerate(models):
        prefix = f"m{number}_"
        graph = compose.add_prefix(part, prefix).graph
        nodes.append(helper.make_node("Identity", [INPUT], [prefix + INPUT]))
        nodes.extend(graph.node)
        constants.extend(graph.initializer)
    return nodes, constants


def rounded_down(thresholds: Array) -> NDArray[np.float32]:
    """Return the largest float32 not above each, so that ``x <= t`` means the same for float32 rows."""
    narrow = thresholds.astype(np.float32)
    return np.where(narrow > thresholds, np.nextafter(narrow, np.float32(-np.inf)), narrow).astype(np.float32)


def rounded_up(thresholds: Array) -> NDArray[np.float32]:
    """Return the smallest float32 not below each, so that ``x < t`` means the same for float32 rows."""
    narrow = thresholds.astype(np.float32)
    return np.where(narrow < thresholds, np.nextafter(narrow, np.float32(np.inf)), narrow).astype(np.float32)
