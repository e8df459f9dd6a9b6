"""A served graph: from a matrix of features to one number a row, or one probability a class."""

from typing import Any

import numpy as np

from bikecast.arrays import Array, Matrix
from bikecast.errors import ArtifactError


class OnnxGraph:
    """A graph from float32 features (n, n_features) to its first output.

    Raises:
        ArtifactError: The bytes are not a graph that this runtime can load.
    """

    def __init__(self, body: bytes) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                body, sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as err:  # onnxruntime's errors share no other base
            raise ArtifactError(f"the model is not an ONNX graph that this runtime can load: {err}") from err
        self._input = self._session.get_inputs()[0].name
        self._output = self._session.get_outputs()[0].name

    def run(self, features: Matrix) -> Array:
        """Return the raw output: shape (n,) for one column, else (n, n_classes)."""
        (result,) = self._session.run([self._output], {self._input: features})
        raw = np.asarray(result, dtype=np.float64)
        return raw[:, 0] if raw.ndim == 2 and raw.shape[1] == 1 else raw
