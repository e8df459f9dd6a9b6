"""MLflow as the registry; what people deleted there is restored, recreated or skipped, with a warning."""

import datetime as dt
import hashlib
import json
import logging
import tempfile
from collections.abc import Mapping
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec

from bikecast.errors import NotFoundError
from training_job.registry.protocol import RegisteredVersion, RegistryContext, ServedModel
from training_job.registry.tracking import experiment_of, millis, restored_experiment, write_file

logger = logging.getLogger(__name__)

MODEL_PATH = "model"
CODE = Path(__file__).with_name("registered_model.py")
# boto3 reads the artifacts where they lie; MLflow lists itself.
REQUIREMENTS = ("mlflow", "numpy", "pandas", "onnxruntime", "boto3")
RUN_TAG = "bikecast.run_id"  # the run that made the version, also if MLflow's was deleted and made anew
GONE = "RESOURCE_DOES_NOT_EXIST"


class MlflowRegistry:
    """One MLflow server or database.

    Args:
        client: Connected to it.
        context: Names where a new experiment keeps its artifacts.
    """

    def __init__(self, client: MlflowClient, context: RegistryContext) -> None:
        self._client, self._context = client, context

    def versions(self, name: str) -> list[RegisteredVersion]:
        return [_version(each) for each in sorted(self._found(name), key=lambda each: -int(each.version))]

    def aliases(self, name: str) -> dict[str, str]:
        try:
            found = self._client.get_registered_model(name).aliases
        except MlflowException as err:
            if err.error_code == GONE:
                return {}
            raise
        return {alias: str(version) for alias, version in found.items()}

    def register(self, name: str, *, run_id: str, model: ServedModel, tags: Mapping[str, Any]) -> str:
        alive = run_id if self._is_alive(run_id) else self._new_run(run_id)
        with tempfile.TemporaryDirectory() as folder, mlflow.start_run(run_id=alive):
            info = mlflow.pyfunc.log_model(
                name=MODEL_PATH,
                python_model=str(CODE),
                artifacts=_artifacts(model, Path(folder)),
                signature=_signature(model),
                input_example=model.example_frame(),
                pip_requirements=[f"{package}=={installed(package)}" for package in REQUIREMENTS],
            )
        self._client.log_inputs(alive, datasets=[_dataset(model)])
        made = mlflow.register_model(info.model_uri, name, tags={**_texts(tags), RUN_TAG: run_id})
        return str(made.version)

    def tag(self, name: str, version: str, tags: Mapping[str, Any]) -> None:
        for key, value in _texts(tags).items():
            _call(self._client.set_model_version_tag, name, version, key, value)

    def set_alias(self, name: str, alias: str, version: str) -> None:
        _call(self._client.set_registered_model_alias, name, alias, version)

    def delete_alias(self, name: str, alias: str) -> None:
        if alias in self.aliases(name):
            self._client.delete_registered_model_alias(name, alias)

    def log_scores(self, name: str, version: str, *, run_id: str, scores: Mapping[str, float]) -> None:
        if not self._is_alive(run_id):
            return
        source = next((str(v.source) for v in self._found(name) if str(v.version) == version), "")
        model_id = source.removeprefix("models:/") or None
        metrics = [Metric(key, value, millis(), 0, model_id=model_id) for key, value in scores.items()]
        self._client.log_batch(run_id, metrics=metrics)

    def log_file(self, run_id: str, *, name: str, body: bytes) -> None:
        if self._is_alive(run_id):
            write_file(self._client, run_id, name=name, body=body)

    def finish_run(self, run_id: str) -> None:
        if self._is_alive(run_id):
            self._client.set_terminated(run_id)

    def _found(self, name: str) -> list[Any]:
        return list(self._client.search_model_versions(f"name = '{name}'", max_results=1000))

    def _is_alive(self, run_id: str) -> bool:
        """Tell whether a run can be written to; one that somebody deleted is restored first."""
        try:
            run = self._client.get_run(run_id)
        except MlflowException as err:
            if err.error_code != GONE:
                raise
            logger.warning("a run is not in MLflow any more", extra={"run_id": run_id})
            return False
        if run.info.lifecycle_stage == "deleted":
            logger.warning("a deleted run is restored", extra={"run_id": run_id})
            restored_experiment(self._client, run.info.experiment_id)
            self._client.restore_run(run_id)
        return True

    def _new_run(self, run_id: str) -> str:
        experiment = experiment_of(self._client, self._context)
        return str(self._client.create_run(experiment, tags={RUN_TAG: run_id}).info.run_id)


def _call(action: Any, *arguments: Any) -> None:
    try:
        action(*arguments)
    except MlflowException as err:
        if err.error_code == GONE:
            raise NotFoundError(str(err)) from err
        raise


def _version(found: Any) -> RegisteredVersion:
    return RegisteredVersion(
        version=str(found.version),
        run_id=found.tags.get(RUN_TAG) or str(found.run_id),
        created_at=dt.datetime.fromtimestamp(found.creation_timestamp / 1000, tz=dt.UTC),
        tags=dict(found.tags),
    )


def _texts(tags: Mapping[str, Any]) -> dict[str, str]:
    """Return tags as text; numbers with five digits."""
    return {key: f"{value:.5g}" if isinstance(value, float) else str(value) for key, value in tags.items()}


def _artifacts(model: ServedModel, folder: Path) -> dict[str, str]:
    settings = {
        "sha256": hashlib.sha256(model.graph).hexdigest(),
        "features": model.feature_names,
        "floor": model.floor,
        "bias_correction": model.bias_correction,
        "classes": model.classes,
    }
    files = {"graph": folder / "model.onnx", "settings": folder / "settings.json"}
    files["graph"].write_bytes(model.graph)
    files["settings"].write_text(json.dumps(settings, indent=1))
    return {name: str(path) for name, path in files.items()}


def _signature(model: ServedModel) -> ModelSignature:
    columns: list[ColSpec | TensorSpec] = [
        ColSpec("double", name, required=name not in model.optional_features) for name in model.feature_names
    ]
    outputs: list[ColSpec | TensorSpec] = [ColSpec("double", name) for name in model.classes]
    outputs = outputs or [ColSpec("double")]
    params: Any = None
    if model.bias_correction is not None:
        params = ParamSchema([ParamSpec("bias_correction", "double", model.bias_correction)])
    return ModelSignature(inputs=Schema(columns), outputs=Schema(outputs), params=params)


def _dataset(model: ServedModel) -> DatasetInput:
    uri, digest = model.training_set
    source = json.dumps({"uri": uri})
    dataset = Dataset(name="training set", digest=digest[:36], source_type="uri", source=source)
    return DatasetInput(dataset, tags=[InputTag("mlflow.data.context", "training")])
