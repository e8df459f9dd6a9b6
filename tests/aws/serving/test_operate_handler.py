"""The operations API as API Gateway calls it."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from bikecast.monitoring.reports.stored_reports import library_key, library_mark
from bikecast.names import DASHBOARD_SUMMARY_KEY, DATA_COVERAGE_KEY, Prefix
from lambdas.operate import handler
from tests.aws.serving.conftest import REGION, Answer, Context, answer_of, event
from use_cases.citibike.keys import citibike_key
from use_cases.citibike.request import SCOPE, HourlyRequest

KEY_ID = "training-key"
LOADED = (citibike_key(2024), f"{Prefix.TABLES}obesity/all.parquet")
ROLE = "arn:aws:iam::123456789012:role/states"
DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1000, "End": True}}})


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for bucket in ("reports", "data"):
        boto3.client("s3").create_bucket(Bucket=bucket)
    for table in LOADED:
        put(table, b"rows", bucket="data")
    machine = boto3.client("stepfunctions").create_state_machine(
        name="retrain", definition=DEFINITION, roleArn=ROLE
    )
    monkeypatch.setenv("USE_CASE", "citibike")
    monkeypatch.setenv("USE_CASES", "citibike,obesity,ride_duration")
    monkeypatch.setenv("DATA_BUCKET", "data")
    monkeypatch.setenv("REPORTS_BUCKET", "reports")
    monkeypatch.setenv("RETRAIN_STATE_MACHINE_ARN", machine["stateMachineArn"])
    monkeypatch.setenv("TRAINING_KEY_ID", KEY_ID)
    monkeypatch.setenv("CODE_VERSION", "test")
    handler.api.cache_clear()
    yield
    handler.api.cache_clear()


def ask(method: str, path: str, body: Any = None, **more: Any) -> Answer:
    text = None if body is None else json.dumps(body)
    return answer_of(handler.lambda_handler(event(method, path, text, **more), Context()))


def train(body: Any, *, key_id: str | None = KEY_ID) -> Answer:
    return ask("POST", "/training", body, key_id=key_id)


def end(training: Answer) -> None:
    states = boto3.client("stepfunctions", region_name=REGION)
    (machine,) = states.list_state_machines()["stateMachines"]
    arn = machine["stateMachineArn"].replace(":stateMachine:", ":execution:")
    states.stop_execution(executionArn=f"{arn}:{training.json()['id']}")


def put(key: str, body: bytes, *, bucket: str = "reports") -> None:
    boto3.client("s3", region_name=REGION).put_object(Bucket=bucket, Key=key, Body=body)


def test_a_training_is_started_and_looked_up() -> None:
    started = train({"n_trials": 5})
    assert started.status == 202
    found = ask("GET", f"/training/{started.json()['id']}")
    assert found.json()["status"] == "RUNNING"
    assert found.json()["request"] == {"use_case": "citibike", "n_trials": 5}


def test_the_same_token_starts_one_training() -> None:
    request = {"client_token": "monday", "n_trials": 5}
    first, second = train(request), train(request)
    assert first.json()["id"] == second.json()["id"] == "api-monday"


def test_a_token_stands_for_one_request_only() -> None:
    train({"client_token": "monday", "n_trials": 5})
    other = train({"client_token": "monday", "n_trials": 6})
    assert other.status == 409
    assert "client_token" in other.json()["detail"]


def test_a_training_waits_for_the_end_of_another() -> None:
    first = train({"n_trials": 5})
    beside = train({"n_trials": 6})
    assert beside.status == 409
    assert first.json()["id"] in beside.json()["detail"]
    end(first)
    assert train({"n_trials": 6}).status == 202


def test_a_training_waits_for_none_of_another_use_case() -> None:
    states = boto3.client("stepfunctions", region_name=REGION)
    (machine,) = states.list_state_machines()["stateMachines"]
    asked = json.dumps({"use_case": "obesity"})
    states.start_execution(stateMachineArn=machine["stateMachineArn"], name="train-1", input=asked)
    assert train({"n_trials": 5}).status == 202


@pytest.mark.parametrize("key_id", ["prediction-key", None])
@pytest.mark.parametrize("request_", [{"n_trials": 5}, {"threshold": 0}])
def test_only_the_training_key_starts_a_training(key_id: str | None, request_: dict[str, Any]) -> None:
    refused = train(request_, key_id=key_id)
    assert refused.status == 403
    assert "training key" in refused.json()["detail"]


def test_how_a_training_is_judged_is_not_the_callers_choice() -> None:
    judging = sorted(set(HourlyRequest.model_fields) - set(SCOPE.model_fields))
    assert {"threshold", "registered_model_name", "approval", "random_state"} <= set(judging)
    defaults = HourlyRequest().model_dump()
    refused = train({name: defaults[name] for name in judging})
    assert refused.status == 422
    assert sorted(problem["path"] for problem in refused.json()["detail"]) == judging


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ({"n_trials": "many"}, "n_trials"),
        ({"trails": 1}, "trails"),
        ({"n_trials": 10_000}, "n_trials"),
        ({"tuning_workers": 40}, "tuning_workers"),
        ({"start_train_date": 0}, "start_train_date"),
        ({"start_train_date": "0"}, "start_train_date"),
        ({"end_train_date": "2024-01-31T00:00"}, "end_train_date"),
        ({"client_token": "a b"}, "client_token"),
    ],
)
def test_a_bad_request_names_its_field(request_: dict[str, Any], path: str) -> None:
    answer = train(request_)
    assert answer.status == 422
    assert [problem["path"] for problem in answer.json()["detail"]] == [path]


@pytest.mark.parametrize("field", ["start_train_date", "end_train_date"])
def test_a_declared_use_case_is_not_trained_on_days_of_demand(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USE_CASE", "obesity")
    refused = train({field: "2024-01-31"})
    assert (refused.status, refused.json()["detail"][0]["path"]) == (422, field)
    started = train({"n_trials": 5})
    assert (started.status, started.json()["request"]) == (202, {"use_case": "obesity", "n_trials": 5})


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"start_train_date": "2030-01-01"}, "start_train_date"),
        ({"start_train_date": "2023-06-01"}, "start_train_date"),
        ({"end_train_date": "2024-12-16"}, "end_train_date"),
        ({"start_train_date": "2030-01-01", "end_train_date": "2031-01-01"}, "end_train_date"),
    ],
)
def test_days_that_are_not_loaded_are_refused_before_anything_starts(
    asked: dict[str, Any], field: str
) -> None:
    put(DATA_COVERAGE_KEY, b'{"first": "2024-01-01", "last": "2024-12-15"}', bucket="data")
    refused = train(asked)
    assert refused.status == 422
    [problem] = refused.json()["detail"]
    assert problem["path"] == field
    told = f"{field} {asked[field]}: demand and weather are loaded for 2024-01-01 to 2024-12-15"
    assert problem["msg"].startswith(told)
    assert started() == []
    assert train({"start_train_date": "2024-02-01", "end_train_date": "2024-12-15"}).status == 202


@pytest.mark.parametrize("use_case", ["citibike", "obesity"])
def test_without_data_nothing_is_started(use_case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USE_CASE", use_case)
    for table in LOADED:
        boto3.client("s3", region_name=REGION).delete_object(Bucket="data", Key=table)
    put(f"{Prefix.TABLES}obesity/_sources/refused.json", b"{}", bucket="data")  # nothing of it was kept
    refused = train({"n_trials": 5})
    assert (refused.status, "bikecast load" in refused.json()["detail"], started()) == (409, True, [])


def test_the_same_token_finds_its_training_whatever_is_loaded_meanwhile() -> None:
    request = {"client_token": "monday", "start_train_date": "2024-02-01"}
    assert train(request).status == 202
    put(DATA_COVERAGE_KEY, b'{"first": "2025-01-01", "last": "2025-03-31"}', bucket="data")
    assert train(request).json()["id"] == "api-monday"


def started() -> list[Any]:
    states = boto3.client("stepfunctions", region_name=REGION)
    (machine,) = states.list_state_machines()["stateMachines"]
    return states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]


def test_an_unknown_training_is_404() -> None:
    assert ask("GET", "/training/api-nothing").status == 404


def test_the_newest_report_of_a_length_is_shown() -> None:
    put("drift/1/2025-01-06_2025-01-13/report.html", b"<p>old week</p>")
    put("drift/1/2025-01-13_2025-01-20/report.html", b"<p>week</p>")
    put("drift/1/2025-01-01_2025-01-31/report.html", b"<p>month</p>")
    assert "month" in ask("GET", "/monitor-data").text
    week = ask("GET", "/monitor-model", query={"window_size": "7"})
    assert week.headers["content-type"].startswith("text/html")
    assert "<p>week</p>" in week.text
    none = ask("GET", "/monitor-target", query={"window_size": "3"})
    assert none.status == 404
    assert "[7, 30]" in none.json()["detail"]


def test_a_page_of_its_own_goes_before_the_whole_report() -> None:
    put("drift/1/2025-01-06_2025-01-13/report.html", b"whole")
    put("drift/1/2025-01-06_2025-01-13/data-quality.html", b"quality")
    assert ask("GET", "/monitor-data-quality").text == "quality"
    assert ask("GET", "/monitor-data").text == "whole"


def test_a_page_gets_the_script_that_it_shares_with_others() -> None:
    put("drift/1/2025-01-06_2025-01-13/model.html", b"<script>" + library_mark("0.7") + b"</script>")
    put(library_key("0.7"), b"draw('\\n')")
    assert ask("GET", "/monitor-model").text == "<script>draw('\\n')</script>"


def test_a_window_is_chosen_by_its_first_day_and_the_newest_version_shown() -> None:
    for version, start, end in (
        ("9", "2025-01-06", "2025-01-13"),
        ("10", "2025-01-06", "2025-01-13"),
        ("10", "2025-01-13", "2025-01-20"),
    ):
        put(f"drift/{version}/{start}_{end}/report.html", f"{version} {start}".encode())
        put(f"drift/{version}/{start}_{end}/report.json", json.dumps({"by": version}).encode())
    assert ask("GET", "/monitor-data", query={"window_start": "2025-01-06"}).text == "10 2025-01-06"
    numbers = ask("GET", "/monitor-data", query={"window_start": "2025-01-06", "as": "json"})
    assert numbers.json() == {"by": "10"}
    assert ask("GET", "/monitor-data", query={"window_start": "2025-02-01"}).status == 404
    assert ask("GET", "/monitor-data", query={"as": "pdf"}).status == 422
    assert ask("GET", "/monitor-data", query={"window_start": "0"}).status == 422


def test_a_report_too_large_for_the_gateway_is_linked() -> None:
    put("drift/1/2025-01-06_2025-01-13/report.html", b"x" * 4_000_001)
    answer = ask("GET", "/monitor-data")
    assert answer.status == 307
    assert "response-content-type=text%2Fhtml" in answer.headers["location"]
    assert "drift/1/2025-01-06_2025-01-13/report.html" in answer.headers["location"]


def test_drift_comes_from_the_monitors_summary() -> None:
    assert ask("GET", "/monitoring/drift").status == 404
    put(DASHBOARD_SUMMARY_KEY, json.dumps({"windows": [{"verdict": "ok"}], "model": "1"}).encode())
    assert ask("GET", "/monitoring/drift").json() == {"windows": [{"verdict": "ok"}]}
    assert ask("GET", "/monitoring/summary").json()["model"] == "1"


def test_every_use_case_that_was_trained_is_shown_at_a_glance() -> None:
    automation = {"paused": True, "reason": "fares moved"}
    summary = {"champion": None, "windows": [], "incidents": [{"status": "open"}], "automation": automation}
    put(f"obesity/{DASHBOARD_SUMMARY_KEY}", json.dumps(summary).encode())
    [found] = ask("GET", "/monitoring/use-cases").json()["use_cases"]
    assert (found["use_case"], found["champion"], found["open_incidents"]) == ("obesity", None, 1)
    assert (found["paused"], found["pause_reason"]) == (True, "fares moved")


def test_documents_and_dashboard_answer() -> None:
    assert ask("GET", "/dashboard").status == 200
    assert ask("GET", "/monitoring/docs").status == 200
    assert "/training" in ask("GET", "/monitoring/openapi.json").json()["paths"]


def test_an_event_that_is_no_request_is_acknowledged() -> None:
    assert handler.lambda_handler({"source": "aws.events"}, Context()) == {}
