"""ONNX graphs by hand: from nodes to a model, the mean of several, and the choice between two."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper

from bikecast.families.base import TaskShape

OPSETS = (("", 17), ("ai.onnx.ml", 3))
IR_VERSION = 9
INPUT, VALUES, PROBABILITIES = "features", "values", "probabilities"


def output_name(task: TaskShape) -> str:
    """Return what the graph of a task calls its answer."""
    return VALUES if task.n_classes is None else PROBABILITIES


def model(
    nodes: Sequence[onnx.NodeProto], constants: Sequence[onnx.TensorProto], *, task: TaskShape, name: str
) -> onnx.ModelProto:
    """Wrap nodes that lead from ``features`` to the task's output into a model."""
    column = helper.make_tensor_value_info
    inputs = [column(INPUT, TensorProto.FLOAT, [None, task.n_features])]
    outputs = [column(output_name(task), TensorProto.FLOAT, [None, task.n_classes or 1])]
    return _wrap(helper.make_graph(list(nodes), name, inputs, outputs, list(constants)))


def _wrap(graph: onnx.GraphProto) -> onnx.ModelProto:
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="bikecast")


def tensor(name: str, values: Any, kind: Any = np.float32) -> onnx.TensorProto:
    """Return a named constant."""
    return onnx.numpy_helper.from_array(np.asarray(values, dtype=kind), name)


def mean_of(models: Sequence[onnx.ModelProto], *, floor: float | None) -> onnx.ModelProto:
    """Return one graph whose output is the mean of the given ones, each raised to the floor first."""
    output = models[0].graph.output[0].name
    nodes, constants = _side_by_side(models)
    parts = [f"m{number}_{output}" for number in range(len(models))]
    if floor is not None:
        raised = [f"raised_{part}" for part in parts]
        pairs = zip(parts, raised, strict=True)
        nodes += [helper.make_node("Max", [part, "floor"], [name]) for part, name in pairs]
        constants.append(tensor("floor", floor))
        parts = raised
    nodes.append(helper.make_node("Mean", parts, [output]))
    return _like(models[0], nodes, constants, name="blend")


def product_of(base: onnx.ModelProto, factor: onnx.ModelProto, *, floor: float) -> onnx.ModelProto:
    """Return one graph: a model's output, raised to the floor, times another's."""
    output = base.graph.output[0].name
    nodes, constants = _side_by_side([base, factor])
    nodes += [
        helper.make_node("Max", [f"m0_{output}", "floor"], ["raised"]),
        helper.make_node("Mul", ["raised", f"m1_{output}"], [output]),
    ]
    constants.append(tensor("floor", floor))
    return _like(base, nodes, constants, name="corrected")


def either(
    full: onnx.ModelProto, fallback: onnx.ModelProto, *, unless_missing: Sequence[int]
) -> onnx.ModelProto:
    """Return one graph that answers with ``fallback`` where any of the columns is NaN, else with ``full``."""
    output = full.graph.output[0].name
    nodes, constants = _side_by_side([full, fallback])
    node = helper.make_node
    nodes += [
        node("Gather", [INPUT, "optional"], ["given"], axis=1),
        node("IsNaN", ["given"], ["missing"]),
        node("Cast", ["missing"], ["counted"], to=TensorProto.FLOAT),
        node("ReduceMax", ["counted"], ["most"], axes=[1], keepdims=1),
        node("Cast", ["most"], ["lacking"], to=TensorProto.BOOL),
        node("Where", ["lacking", f"m1_{output}", f"m0_{output}"], [output]),
    ]
    constants.append(tensor("optional", list(unless_missing), np.int64))
    return _like(full, nodes, constants, name="with_fallback")


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


def _like(
    part: onnx.ModelProto,
    nodes: Sequence[onnx.NodeProto],
    constants: Sequence[onnx.TensorProto],
    *,
    name: str,
) -> onnx.ModelProto:
    """Wrap nodes into a model with the input and output of another."""
    return _wrap(helper.make_graph(list(nodes), name, part.graph.input, part.graph.output, list(constants)))
