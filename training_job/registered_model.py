"""The model as the registry keeps it: loads with MLflow alone and takes a frame of features."""

from typing import Any

import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel

from bikecast.arrays import Array
from bikecast.families import Fitted
from bikecast.features import FEATURE_NAMES


class RegisteredModel(PythonModel):
    """A fitted model under MLflow's calling convention; stateless: level and interval are applied outside."""

    def __init__(self, fitted: Fitted) -> None:
        self.fitted = fitted

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Array:  # noqa: ARG002
        """Return trips per hour for rows with the columns of ``FEATURE_NAMES``."""
        return self.fitted.predict(model_input[list(FEATURE_NAMES)].to_numpy(dtype=np.float32))
