"""One contract, every registry: what holds for MLflow holds for the fake of the tests."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bikecast.errors import NotFoundError
from tests.training_job.fake_registry import FakeRegistry
from tests.training_job.world import folder_context
from tests.unit.serving.world import graph
from training_job.registry.protocol import Registry, ServedModel
from use_cases.citibike.features import FEATURE_NAMES

pytestmark = pytest.mark.xdist_group("registry")
NAME = "a-model"
MODEL = ServedModel(
    graph=graph(2.0),
    bias_correction=1.25,
    floor=1.0,
    example=np.ones((2, len(FEATURE_NAMES)), dtype=np.float32),
    feature_names=FEATURE_NAMES,
    optional_features=("PRCP",),
    training_set=("s3://data/set.parquet", "d" * 64),
)


@pytest.fixture(scope="module")
def mlflow_registry(tmp_path_factory: pytest.TempPathFactory) -> Any:
    import mlflow
    from mlflow.tracking import MlflowClient

    from training_job.registry.mlflow_registry import MlflowRegistry

    folder = tmp_path_factory.mktemp("mlflow")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    yield MlflowRegistry(MlflowClient(), folder_context(folder))
    mlflow.set_tracking_uri(before)


@pytest.fixture(params=["mlflow", "fake"])
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    if request.param == "fake":
        yield FakeRegistry()
        return
    found = request.getfixturevalue("mlflow_registry")
    yield found
    found._client.delete_registered_model(NAME)


def _register(registry: Registry, run_id: str = "0" * 32) -> str:
    return registry.register(NAME, run_id=run_id, model=MODEL, tags={"stage": "Staging", "rmse": 12.0})


def test_versions_count_up_and_keep_run_and_tags(registry: Registry) -> None:
    assert [_register(registry), _register(registry, "1" * 32)] == ["1", "2"]
    newest, first = registry.versions(NAME)
    assert (newest.version, newest.run_id, first.version) == ("2", "1" * 32, "1")
    assert newest.tags["stage"] == "Staging"


def test_what_was_never_registered_has_neither_versions_nor_aliases(registry: Registry) -> None:
    assert registry.versions("nobody") == []
    assert registry.aliases("nobody") == {}
    registry.delete_alias("nobody", "champion")
    _register(registry)


def test_an_alias_moves_and_goes(registry: Registry) -> None:
    for version in (_register(registry), _register(registry)):
        registry.set_alias(NAME, "champion", version)
        assert registry.aliases(NAME) == {"champion": version}
    registry.delete_alias(NAME, "champion")
    registry.delete_alias(NAME, "champion")
    assert registry.aliases(NAME) == {}


def test_a_version_that_is_gone_is_named(registry: Registry) -> None:
    _register(registry)
    with pytest.raises(NotFoundError):
        registry.tag(NAME, "99", {"stage": "Production"})
    with pytest.raises(NotFoundError):
        registry.set_alias(NAME, "champion", "99")


def test_scores_files_and_the_end_of_a_run_that_is_gone_are_left_out(registry: Registry) -> None:
    version = _register(registry)
    registry.log_scores(NAME, version, run_id="f" * 32, scores={"rmse": 1.0})
    registry.log_file("f" * 32, name="a.txt", body=b"x")
    registry.finish_run("f" * 32)


def test_any_other_error_of_mlflow_is_an_error(mlflow_registry: Any, tmp_path: Path) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    class Away(MlflowClient):
        def search_model_versions(self, *arguments: Any, **more: Any) -> Any:
            raise MlflowException("the database is away")

    away = type(mlflow_registry)(Away(), folder_context(tmp_path))
    with pytest.raises(MlflowException, match="away"):
        away.versions(NAME)


def test_the_registered_model_answers_as_the_graph_does_and_nothing_in_it_is_pickled(
    mlflow_registry: Any,
) -> None:
    import mlflow

    version = _register(mlflow_registry)
    client = mlflow_registry._client
    [found] = [v for v in client.search_model_versions(f"name = '{NAME}'") if str(v.version) == version]
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{NAME}/{version}"))
    names = [path.name for path in folder.rglob("*") if path.is_file()]
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    model = mlflow.pyfunc.load_model(f"models:/{NAME}/{version}")
    rows = dataclasses.replace(MODEL, example=MODEL.example * 30).example_frame()
    assert model.predict(rows).tolist() == [75.0, 75.0]  # 2 times TMAX of 30, times the bias correction
    assert model.predict(rows.drop(columns="PRCP"), params={"bias_correction": 1.0}).tolist() == [60.0, 60.0]
    with pytest.raises(Exception, match="TMAX"):
        model.predict(rows.drop(columns="TMAX"))
    inputs = client.get_run(found.run_id).inputs.dataset_inputs
    assert [each.dataset.digest for each in inputs] == ["d" * 36]
    assert model.metadata.get_input_schema().input_names() == list(FEATURE_NAMES)
    client.delete_registered_model(NAME)


def test_a_deleted_run_is_restored_and_one_that_is_gone_is_made_anew(mlflow_registry: Any) -> None:
    client = mlflow_registry._client
    run_id = client.create_run("0").info.run_id
    client.delete_run(run_id)
    version = _register(mlflow_registry, run_id)
    mlflow_registry.log_scores(NAME, version, run_id=run_id, scores={"holdout_rmse": 3.5})
    run = client.get_run(run_id)
    assert (run.info.lifecycle_stage, run.data.metrics["holdout_rmse"]) == ("active", 3.5)
    assert [each.run_id for each in mlflow_registry.versions(NAME)] == [run_id]
    [found] = client.search_model_versions(f"name = '{NAME}'")
    metrics = client.get_logged_model(found.source.removeprefix("models:/")).metrics
    assert {metric.key: metric.value for metric in metrics or ()} == {"holdout_rmse": 3.5}
    client.delete_registered_model(NAME)
