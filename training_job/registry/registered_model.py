"""What the registry keeps of a version: code that runs the graph which the API serves.

MLflow copies this file into the model and executes it where the model is loaded. It needs the requirements
that are listed with the model and nothing of this repository; nothing in it was pickled.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import onnxruntime
import pandas as pd
from mlflow.pyfunc.model import PythonModel


class ServedGraph(PythonModel):
    """The graph and what is done to its numbers, as ``POST /predict`` applies it to rows of features."""

    def load_context(self, context: Any) -> None:
        """Read the graph; ``ValueError`` if it is not the one that was registered."""
        self._settings: dict[str, Any] = json.loads(Path(context.artifacts["settings"]).read_text())
        body = Path(context.artifacts["graph"]).read_bytes()
        if hashlib.sha256(body).hexdigest() != self._settings["sha256"]:
            raise ValueError("the graph is not the one that was registered: its hash differs")
        self._session = onnxruntime.InferenceSession(body, providers=["CPUExecutionProvider"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:  # noqa: ARG002 - MLflow's signature
        """Return numbers, or a probability for each class, for rows of features; missing ones are left empty.

        ``params`` may hold another ``bias_correction``: the API's moves on as demand arrives, and ``/model``
        tells it.
        """
        features = model_input.reindex(columns=self._settings["features"]).to_numpy(dtype=np.float32)
        (raw,) = self._session.run(None, {self._session.get_inputs()[0].name: features})
        values = np.asarray(raw, dtype=np.float64)
        if self._settings["classes"]:
            return pd.DataFrame(values, columns=self._settings["classes"])
        values = values.reshape(-1)
        if self._settings["floor"] is not None:
            values = np.maximum(values, self._settings["floor"])
        correction = (params or {}).get("bias_correction", self._settings["bias_correction"])
        return values if correction is None else values * correction


mlflow.models.set_model(ServedGraph())
