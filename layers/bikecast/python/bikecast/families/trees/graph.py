"""The ONNX operator that sums an ensemble of trees, and the link behind it.

Source: ONNX ML operator TreeEnsembleRegressor (ai.onnx.ml, version 3).
"""

from typing import Any, Literal

import numpy as np
import onnx
from onnx import helper

from bikecast.arrays import Array
from bikecast.families.base import TaskShape
from bikecast.families.graphs import INPUT, model, output_name, tensor
from bikecast.families.trees.tables import Trees, chained

Link = Literal["identity", "exp", "class"]


def ensemble(trees: Trees, *, base: Array, task: TaskShape, link: Link, name: str) -> onnx.ModelProto:
    """Return the graph of ``base`` plus the sum of all trees, through the link.

    Args:
        trees: With as many outputs as ``base`` has numbers.
        base: One number for each output.
        task: Whose input and output the graph gets.
        link: ``class`` turns margins into probabilities; trees that sum to probabilities need ``identity``.
        name: Of the graph.
    """
    attributes = _attributes(chained(trees), base=base)
    summed = helper.make_node(
        "TreeEnsembleRegressor", [INPUT], ["margins"], domain="ai.onnx.ml", **attributes
    )
    nodes = [summed, *_link(link, output_name(task), n_margins=base.size)]
    constants = [tensor("one", 1.0)] if link == "class" and base.size == 1 else []
    return model(nodes, constants, task=task, name=name)


def _link(link: Link, output: str, *, n_margins: int) -> list[onnx.NodeProto]:
    node = helper.make_node
    if link != "class":
        return [node("Exp" if link == "exp" else "Identity", ["margins"], [output])]
    if n_margins > 1:
        return [node("Softmax", ["margins"], [output], axis=1)]
    return [
        node("Sigmoid", ["margins"], ["second"]),
        node("Sub", ["one", "second"], ["first"]),
        node("Concat", ["first", "second"], [output], axis=1),
    ]


def _attributes(trees: Trees, *, base: Array) -> dict[str, Any]:
    leaf = trees.feature < 0
    n_values = trees.value.shape[1]
    outputs = trees.output[leaf, None] + np.arange(n_values)
    return {
        "n_targets": base.size,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
        "base_values": base.tolist(),
        "nodes_treeids": trees.tree.tolist(),
        "nodes_nodeids": trees.node.tolist(),
        "nodes_featureids": np.where(leaf, 0, trees.feature).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", trees.mode).tolist(),
        "nodes_values": np.where(leaf, 0, trees.threshold).tolist(),
        "nodes_truenodeids": np.where(leaf, 0, trees.if_true).tolist(),
        "nodes_falsenodeids": np.where(leaf, 0, trees.if_false).tolist(),
        "nodes_missing_value_tracks_true": (trees.missing_true & ~leaf).astype(int).tolist(),
        "target_treeids": np.repeat(trees.tree[leaf], n_values).tolist(),
        "target_nodeids": np.repeat(trees.node[leaf], n_values).tolist(),
        "target_ids": outputs.ravel().tolist(),
        "target_weights": trees.value[leaf].ravel().tolist(),
    }
