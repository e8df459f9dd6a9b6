"""The ONNX graph of the Poisson regression: hats, products, weighted sum, exponential."""

from typing import TYPE_CHECKING

import numpy as np
import onnx
from onnx import helper

from bikecast.families.graphs import INPUT, OUTPUT, model, tensor

if TYPE_CHECKING:
    from bikecast.families.glm import GlmModel


def glm_graph(fitted: "GlmModel") -> onnx.ModelProto:
    """Return the graph; it computes in float64, as the fit did, so that both agree to rounding."""
    basis = fitted.basis
    constants = [
        tensor("feature", basis.feature, np.int64),
        tensor("up_slope", basis.up_slope, np.float64),
        tensor("up_shift", basis.up_shift, np.float64),
        tensor("down_slope", basis.down_slope, np.float64),
        tensor("down_shift", basis.down_shift, np.float64),
        tensor("missing", fitted.missing, np.float64),
        tensor("first", basis.first, np.int64),
        tensor("second", basis.second, np.int64),
        tensor("weights", fitted.weights[1:, None], np.float64),
        tensor("intercept", fitted.weights[0], np.float64),
        tensor("zero", 0.0, np.float64),
        tensor("one", 1.0, np.float64),
    ]
    return model([*_hats(), *_sum()], constants, name="glm")


def _hats() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Gather", [INPUT, "feature"], ["x32"], axis=1),
        node("Cast", ["x32"], ["x"], to=onnx.TensorProto.DOUBLE),
        node("Mul", ["x", "up_slope"], ["rising"]),
        node("Add", ["rising", "up_shift"], ["up"]),
        node("Mul", ["x", "down_slope"], ["falling"]),
        node("Add", ["falling", "down_shift"], ["down"]),
        node("Min", ["up", "down", "one"], ["lower"]),
        node("Max", ["lower", "zero"], ["hats"]),
        node("IsNaN", ["x"], ["unknown"]),
        node("Where", ["unknown", "missing", "hats"], ["known"]),
    ]


def _sum() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Gather", ["known", "first"], ["left"], axis=1),
        node("Gather", ["known", "second"], ["right"], axis=1),
        node("Mul", ["left", "right"], ["products"]),
        node("MatMul", ["products", "weights"], ["weighted"]),
        node("Add", ["weighted", "intercept"], ["linear"]),
        node("Exp", ["linear"], ["trips64"]),
        node("Cast", ["trips64"], [OUTPUT], to=onnx.TensorProto.FLOAT),
    ]
