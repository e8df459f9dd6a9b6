"""The console's verbs for declared use cases: what is uploaded, and what the machines are asked."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bikecast import discovery
from bikecast.errors import DataError, InputError
from bikecast.examples import load_files, partitions, stored_files
from bikecast.examples.keys import raw_prefix, table_key
from bikecast.names import DEFAULT_USE_CASE, Output, Step
from bikecast.use_case import UseCase
from console.cloud.champions import champion_exists
from console.cloud.session import Cloud
from console.cloud.stores import data_store, reports_store, serving_store
from console.data.row_loading import load_rows, load_simulated_rows, simulate_rows
from console.deployment.deployment import deployed_use_cases
from console.errors import ExecutionError
from console.executions.operations import operate
from console.settings import take_choices
from console.training.row_training import row_request, start_row_training
from console.use_cases import declaration, refuse_hourly_options, require_hourly
from tests.aws.console.test_executions import FAILS, PASSES, create_machine
from tests.aws.console.test_outputs import deploy_stack
from tests.unit.serving.world import promote, published
from training_job.__main__ import take_use_case as use_case_of
from training_job.rows.load_files import LoadInput


@pytest.fixture
def obesity(monkeypatch: pytest.MonkeyPatch) -> Iterator[UseCase]:
    monkeypatch.setenv("BIKECAST_USE_CASE", DEFAULT_USE_CASE)  # restored afterwards
    take_choices(["--use-case", "obesity"])
    yield discovery.load("obesity")
    take_choices(["--use-case", DEFAULT_USE_CASE])


@pytest.fixture
def deployed(cloud: Cloud, obesity: UseCase) -> Cloud:
    for name in ("data", "serving", "reports"):
        cloud.s3.create_bucket(Bucket=name)
    machine = create_machine(cloud, PASSES)
    outputs = {
        Output.OPERATE_STATE_MACHINE_ARN: machine,
        Output.RETRAIN_STATE_MACHINE_ARN: machine,
        Output.DATA_BUCKET: "data",
        Output.SERVING_BUCKET: "serving",
        Output.REPORTS_BUCKET: "reports",
    }
    deploy_stack(cloud, "bikecast-training", outputs)
    return cloud


def asked(cloud: Cloud) -> list[dict[str, Any]]:
    """Return the input of every execution, the newest first."""
    [machine] = cloud.stepfunctions.list_state_machines()["stateMachines"]
    runs = cloud.stepfunctions.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    arns = [run["executionArn"] for run in sorted(runs, key=lambda run: run["startDate"], reverse=True)]
    return [json.loads(cloud.stepfunctions.describe_execution(executionArn=arn)["input"]) for arn in arns]


def test_simulated_files_are_uploaded_with_their_mark_and_the_step_is_asked_to_load_them(
    deployed: Cloud, obesity: UseCase
) -> None:
    load_simulated_rows(deployed, obesity)
    [sent] = asked(deployed)
    assert sent["step"] == Step.LOAD_FILES
    assert use_case_of(sent["input"]) == "obesity"
    wanted = LoadInput.model_validate(sent["input"])
    store = data_store(deployed)
    files = stored_files(store, "obesity")
    assert {file.name for file in files} == set(wanted.files or ())
    assert all(file.simulated for file in files)
    report = load_files(store, obesity, files)
    assert (report.status, report.simulated, partitions(store, obesity)) == ("complete", True, ("all",))


def test_real_files_take_the_place_of_simulated_ones_only_when_a_person_agrees(
    deployed: Cloud, obesity: UseCase, tmp_path: Path
) -> None:
    load_simulated_rows(deployed, obesity)
    file = tmp_path / "persons.csv"
    simulate_rows(obesity, tmp_path / "simulated")
    file.write_bytes(sorted((tmp_path / "simulated").rglob("*.csv"))[0].read_bytes())
    with pytest.raises(InputError, match="--replace-simulated"):
        load_rows(deployed, obesity, file)
    load_rows(deployed, obesity, file, replace_simulated=True)
    assert list(data_store(deployed).keys(raw_prefix("obesity"))) == [f"{raw_prefix('obesity')}persons.csv"]
    assert asked(deployed)[0]["input"]["forget_simulated"] is True
    with pytest.raises(DataError, match="never mixed"):
        load_simulated_rows(deployed, obesity)


def test_simulated_files_are_back_when_the_load_of_real_ones_fails(
    deployed: Cloud, obesity: UseCase, tmp_path: Path
) -> None:
    load_simulated_rows(deployed, obesity)
    store = data_store(deployed)
    before = {key: store.read(key).body for key in store.keys("")}
    [machine] = deployed.stepfunctions.list_state_machines()["stateMachines"]
    arn = machine["stateMachineArn"]
    deployed.stepfunctions.update_state_machine(stateMachineArn=arn, definition=json.dumps(FAILS))
    simulate_rows(obesity, tmp_path / "simulated")
    [file, *_] = sorted((tmp_path / "simulated").rglob("*.csv"))
    with pytest.raises(ExecutionError):
        load_rows(deployed, obesity, file.rename(tmp_path / "persons.csv"), replace_simulated=True)
    assert {key: store.read(key).body for key in store.keys("")} == before


def test_what_simulated_files_taught_is_retired_and_the_dashboard_says_so(
    deployed: Cloud, obesity: UseCase, tmp_path: Path
) -> None:
    simulate_rows(obesity, tmp_path / "simulated")
    [file, *_] = sorted((tmp_path / "simulated").rglob("*.csv"))
    real = file.rename(tmp_path / "persons.csv")
    load_rows(deployed, obesity, real)
    assert [sent["step"] for sent in asked(deployed)] == [Step.LOAD_FILES]
    serving = serving_store(deployed)
    promote(serving, published(serving, "1", scale=1.0, simulated=True))
    load_rows(deployed, obesity, real)
    assert asked(deployed)[0] == {"step": Step.REFRESH_DASHBOARD, "input": {"use_case": "obesity"}}
    assert not champion_exists(deployed)


def test_simulated_files_stay_where_the_real_ones_cannot_be_read(
    deployed: Cloud, obesity: UseCase, tmp_path: Path
) -> None:
    load_simulated_rows(deployed, obesity)
    before = sorted(data_store(deployed).keys(raw_prefix("obesity")))
    file = tmp_path / "colours.csv"
    file.write_text("colour,shade\nred,dark\n")
    with pytest.raises(InputError, match=r"nothing was changed: colours.csv: no reader knows"):
        load_rows(deployed, obesity, file, replace_simulated=True)
    assert sorted(data_store(deployed).keys(raw_prefix("obesity"))) == before
    assert len(asked(deployed)) == 1


@pytest.mark.parametrize("name", ["absent", "notes.md", "."])
def test_where_nothing_can_be_loaded_nothing_is_started(
    deployed: Cloud, obesity: UseCase, tmp_path: Path, name: str
) -> None:
    (tmp_path / "notes.md").write_text("no table")
    with pytest.raises(InputError, match=r"does not exist|nothing to load"):
        load_rows(deployed, obesity, tmp_path / name)
    assert asked(deployed) == []


def test_every_operation_says_which_use_case_it_is_about(deployed: Cloud) -> None:
    operate(deployed, Step.ROLLBACK, payload={"reason": "a test"})
    assert asked(deployed)[0]["input"] == {"reason": "a test", "use_case": "obesity"}
    take_choices(["--use-case", DEFAULT_USE_CASE])
    operate(deployed, Step.ROLLBACK, payload={"reason": "another"})
    assert {"reason": "another"} in [sent["input"] for sent in asked(deployed)]


def test_a_training_needs_rows_and_asks_for_the_use_cases_own_model(
    deployed: Cloud, obesity: UseCase
) -> None:
    request = row_request(obesity, {"n_trials": 2}, {})
    with pytest.raises(DataError, match="load --simulate"):
        start_row_training(deployed, obesity, request)
    data_store(deployed).write(table_key("obesity", "all"), b"rows")
    start_row_training(deployed, obesity, request)
    assert asked(deployed)[0] == {
        "use_case": "obesity",
        "registered_model_name": "obesity-class-model",
        "n_trials": 2,
    }


def test_months_that_are_not_loaded_are_refused_with_those_that_are(deployed: Cloud) -> None:
    taxi = discovery.load("green_taxi")
    for month in ("2021-01", "2021-02"):
        data_store(deployed).write(table_key("green_taxi", month), b"rows")
    months = {"train_months": ["2021-01"], "val_months": ["2021-02"], "test_months": ["2021-03"]}
    with pytest.raises(InputError, match="2021-03: not loaded; there are 2021-01, 2021-02"):
        start_row_training(deployed, taxi, row_request(taxi, {}, months))
    assert asked(deployed) == []


def test_each_use_case_sees_its_own_part_of_serving_and_reports(deployed: Cloud) -> None:
    for store in (serving_store(deployed), reports_store(deployed)):
        assert store.uri("champion.json").endswith("/obesity/champion.json")
        take_choices(["--use-case", DEFAULT_USE_CASE])
    assert serving_store(deployed).uri("champion.json") == "s3://serving/champion.json"


def test_a_deployment_keeps_what_is_deployed_and_adds_the_chosen_use_case(deployed: Cloud) -> None:
    assert deployed_use_cases(deployed) == ["citibike", "obesity"]
    deploy_stack(deployed, "bikecast-serving-green-taxi", {Output.API_ID: "abc"})
    assert deployed_use_cases(deployed) == ["citibike", "green_taxi", "obesity"]


@pytest.mark.usefixtures("obesity")
def test_what_is_about_hourly_demand_is_refused_by_name() -> None:
    assert declaration() is not None
    with pytest.raises(InputError, match="outlook: this is about hourly demand only, not about obesity"):
        require_hourly("outlook")
    with pytest.raises(InputError, match="--months: "):
        refuse_hourly_options({"--months": "2024-01", "--closed": None, "--weather": False})
    refuse_hourly_options({"--months": None, "--weather": False})
    take_choices(["--use-case", DEFAULT_USE_CASE])
    require_hourly("outlook")
    assert declaration() is None
