"""The ONNX graph of the additive families: basis functions, products, weighted sum, link."""

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper

from bikecast.families.graphs import INPUT, model, output_name, tensor

if TYPE_CHECKING:
    from bikecast.families.additive.model import AdditiveModel


def additive_graph(fitted: "AdditiveModel") -> onnx.ModelProto:
    """Return the graph; it computes in float64, as the fit did, so that both agree to rounding."""
    basis = fitted.design.basis
    constants = [
        tensor("feature", basis.feature, np.int64),
        tensor("up_slope", basis.up_slope, np.float64),
        tensor("up_shift", basis.up_shift, np.float64),
        tensor("down_slope", basis.down_slope, np.float64),
        tensor("down_shift", basis.down_shift, np.float64),
        tensor("missing", fitted.design.missing, np.float64),
        tensor("first", basis.first, np.int64),
        tensor("second", basis.second, np.int64),
        tensor("weights", fitted.weights[1:], np.float64),
        tensor("intercept", fitted.weights[0], np.float64),
        tensor("zero", 0.0, np.float64),
        tensor("one", 1.0, np.float64),
    ]
    nodes = [*_functions(), *_margins(), *_link(fitted.link, output_name(fitted.task))]
    return model(nodes, constants, task=fitted.task, name="additive")


def _functions() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Gather", [INPUT, "feature"], ["x32"], axis=1),
        node("Cast", ["x32"], ["x"], to=onnx.TensorProto.DOUBLE),
        node("Mul", ["x", "up_slope"], ["rising"]),
        node("Add", ["rising", "up_shift"], ["up"]),
        node("Mul", ["x", "down_slope"], ["falling"]),
        node("Add", ["falling", "down_shift"], ["down"]),
        node("Min", ["up", "down", "one"], ["lower"]),
        node("Max", ["lower", "zero"], ["functions"]),
        node("IsNaN", ["x"], ["unknown"]),
        node("Where", ["unknown", "missing", "functions"], ["known"]),
    ]


def _margins() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Gather", ["known", "first"], ["left"], axis=1),
        node("Gather", ["known", "second"], ["right"], axis=1),
        node("Mul", ["left", "right"], ["products"]),
        node("MatMul", ["products", "weights"], ["weighted"]),
        node("Add", ["weighted", "intercept"], ["margins"]),
    ]


def _link(link: str, output: str) -> list[onnx.NodeProto]:
    node = helper.make_node
    through = {
        "identity": [node("Identity", ["margins"], ["answer"])],
        "exp": [node("Exp", ["margins"], ["answer"])],
        "softmax": [node("Softmax", ["margins"], ["answer"], axis=1)],
    }[link]
    return [*through, node("Cast", ["answer"], [output], to=onnx.TensorProto.FLOAT)]
