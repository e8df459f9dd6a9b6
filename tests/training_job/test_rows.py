"""Declared use cases on the platform: simulate, load, retrain, serve, watch, roll back."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import schemathesis
from starlette.testclient import TestClient

from bikecast import discovery
from bikecast.database import connect
from bikecast.examples import folder_files
from bikecast.examples.keys import raw_prefix
from bikecast.monitoring.requests import MonitorRequest
from bikecast.monitoring.rows.champion import load_rows_champion
from bikecast.monitoring.rows.watch import RowsWatch
from bikecast.monitoring.run import Ports, monitor
from bikecast.registry.automation import read_switch, resume
from bikecast.registry.champion_store import ChampionStore
from bikecast.serving.champion.follower import ChampionFollower
from bikecast.serving.kind import ServingPorts
from bikecast.serving.log.capture import parse_message, save
from bikecast.serving.log.prediction_log import PredictionRow, messages
from bikecast.serving.rows.kind import rows_serving
from bikecast.storage import FolderStore
from bikecast.use_case import Category, UseCase
from tests.aws.serving.test_openapi import KeyCheck, hold_to_its_document
from tests.postgres import Server
from training_job.runtime.context import Context
from training_job.steps import promote, rollback

# What people would ask for; the months are those that each simulator writes.
REQUESTS: Mapping[str, Mapping[str, Any]] = {
    "obesity": {},
    "ride_duration": {},
    "green_taxi": {
        "train_months": ["2021-01", "2021-02", "2021-03"],
        "val_months": ["2021-04"],
        "test_months": ["2021-05"],
    },
}
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Listed:
    """A prediction log in memory."""

    def __init__(self) -> None:
        self.rows: list[PredictionRow] = []

    def record(self, make: Any) -> None:
        self.rows += make()


class Deaf:
    """Hears of what happens in serving."""

    def answered(self, answer: Any, *, rows: int, latency_ms: float) -> None: ...

    def swapped(self, version: str) -> None: ...

    def failed(self, reason: str) -> None:
        raise AssertionError(reason)


@dataclass(frozen=True)
class Place:
    """One use case with its buckets as folders."""

    context: Context
    use_case: UseCase

    def step(self, name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Run a step of declared use cases."""
        found: dict[str, Any] = import_module(f"training_job.rows.{name}").run(
            self.context, self.use_case, payload
        )
        return json.loads(json.dumps(found))  # type: ignore[no-any-return]  # JSON of a dict is a dict

    def retrain(self, execution: str, **more: Any) -> dict[str, Any]:
        """Run an execution up to the decision."""
        asked = {
            "use_case": self.use_case.name,
            "registered_model_name": self.use_case.model_name,
            "n_trials": 1,
        }
        request = asked | dict(REQUESTS[self.use_case.name]) | more
        job: dict[str, Any] = {"request": request, "execution": execution}
        job["prepare"] = self.step("prepare", job)
        self.step("tune", {**job, "worker": 0})
        for name in ("train", "evaluate"):
            job[name] = self.step(name, job)
        return job

    def application(self, log: Listed) -> TestClient:
        """Return the prediction API on the present champion."""
        kind, store = rows_serving(self.use_case), self.context.serving
        follower = ChampionFollower(store, kind.loaders, listener=Deaf(), ttl_s=0)
        return TestClient(kind.build(ServingPorts(store, follower, log, Deaf()), "test", ()))


@pytest.fixture(scope="module", params=sorted(REQUESTS))
def place(
    request: pytest.FixtureRequest, postgres: Server, tmp_path_factory: pytest.TempPathFactory
) -> Place:
    """One use case with its simulated files uploaded."""
    return simulated_place(request.param, tmp_path_factory.mktemp(request.param), postgres)


def simulated_place(name: str, root: Path, postgres: Server) -> Place:
    """Return a use case in folders of its own, with its simulated files uploaded."""
    use_case = discovery.load(name)
    stores = {store: FolderStore(root / store) for store in ("data", "artifacts", "serving", "reports")}
    context = Context(
        **stores,  # type: ignore[arg-type]  # stores by field
        use_case=use_case.name,
        database=postgres.create_database(),
        code_version="test",
        clock=lambda: NOW,
    )
    assert use_case.simulate is not None
    use_case.simulate(root / "simulated")
    for path in sorted((root / "simulated").iterdir()):
        context.data.upload(path, raw_prefix(use_case.name) + path.name)
    assert folder_files(root / "simulated")
    return Place(context, use_case)


@pytest.fixture(scope="module")
def promoted(place: Place) -> dict[str, Any]:
    """The first execution."""
    report = place.step("load_files", {})
    assert report["status"] == "complete", report
    job = place.retrain("first")
    return {**job, "promote": promote.run(place.context, job), "load": report}


def test_the_first_challenger_beats_its_baselines_and_is_promoted(
    place: Place, promoted: dict[str, Any]
) -> None:
    assert promoted["promote"]["decision"] == "promoted", promoted["promote"]["reason"]
    manifest = ChampionStore(place.context.serving).read().manifest
    assert manifest is not None
    assert (manifest.use_case, manifest.simulated) == (place.use_case.name, True)
    primary = place.use_case.metrics[0]
    errors = [primary.error(np.asarray(s.values[primary.name])) for s in manifest.baselines.values()]
    assert primary.error(np.asarray(manifest.holdout.values[primary.name])) < min(errors)


def test_a_second_load_changes_nothing(place: Place, promoted: dict[str, Any]) -> None:
    again = place.step("load_files", {})
    assert again["partitions"] == {
        name: part | {"repeated": part["repeated"], "replaced": 0}
        for name, part in promoted["load"]["partitions"].items()
    }
    assert again["changed_truth"] == 0


@pytest.mark.usefixtures("promoted")
def test_answers_come_from_the_champion_and_are_watched(place: Place) -> None:
    log = Listed()
    client, use_case = place.application(log), place.use_case
    n_rows = use_case.monitoring.window_rows or 300
    body = {"input_data": [use_case.example_rows[0]] * n_rows}
    response = client.post("/predict", json=body)
    assert response.status_code == 200, response.text
    assert {row["source"] for row in response.json()["predictions"]} == {"champion"}
    card = client.get("/model").json()
    assert (card["use_case"], card["simulated"]) == (use_case.name, True)
    if use_case.monitoring.window_rows is None:
        return
    with connect(place.context.database, application="test") as connection:
        for message in messages(log.rows):
            save(connection, parse_message(message))
    verdicts = list(monitor(MonitorRequest.model_validate({"html": False}), _ports(place), _watch(place)))
    assert verdicts[0]["verdict"] != "ok"  # one and the same person, all the time


@pytest.mark.usefixtures("promoted")
def test_an_answer_names_the_inputs_whose_level_nobody_declared(place: Place) -> None:
    known, names = place.use_case.example_rows[0], place.use_case.inputs
    lost = [i.name for i in names if isinstance(i.kind, Category) and i.kind.unknown == "missing"]
    body = {"input_data": [known, {**known, **dict.fromkeys(lost, "new")}]}
    answered = place.application(Listed()).post("/predict", json=body).json()["predictions"]
    assert [row["unknown_levels"] for row in answered] == [[], lost]


@pytest.mark.usefixtures("promoted")
def test_the_api_is_what_its_document_says(place: Place) -> None:
    app = KeyCheck(place.application(Listed()).app)
    hold_to_its_document(schemathesis.openapi.from_asgi("/openapi.json", app))


@pytest.mark.usefixtures("promoted")
def test_a_second_challenger_is_no_better_and_a_rollback_takes_the_one_before(place: Place) -> None:
    store = ChampionStore(place.context.serving)
    first = store.read().manifest
    second = place.retrain("second", random_state=7)
    assert second["evaluate"]["decision"] == "reject"
    forced = second["evaluate"] | {"decision": "promote", "reason": "better everywhere"}
    assert promote.run(place.context, {**second, "evaluate": forced})["decision"] == "promoted"
    rolled_back = rollback.run(place.context, {"execution": "rollback-1", "reason": "a test"})
    assert rolled_back["use_case"] == place.use_case.name
    with connect(place.context.database, application="test") as connection:
        recorded = connection.execute(
            "select use_case from monitoring.decisions where decision = 'rolled_back'"
        ).fetchall()
    assert (place.use_case.name,) in recorded
    now = store.read().manifest
    assert first is not None
    assert now is not None
    assert now.version == first.version


@pytest.mark.usefixtures("promoted")
def test_an_important_input_that_shifts_lets_others_answer_until_a_person_resumes(place: Place) -> None:
    n_rows, log = place.use_case.monitoring.window_rows, Listed()
    if n_rows is None:
        pytest.skip("its windows are days, and the test asks within a moment")
    # Two windows in one request, whose rows have one time.
    body = {"input_data": [place.use_case.example_rows[0]] * (2 * n_rows)}

    def source() -> set[str]:
        answered = place.application(log).post("/predict", json=body)
        assert answered.status_code == 200, answered.text
        return {row["source"] for row in answered.json()["predictions"]}

    assert source() == {"champion"}
    with connect(place.context.database, application="test") as connection:
        for message in messages(log.rows):
            save(connection, parse_message(message))
    [verdict] = monitor(MonitorRequest.model_validate({"html": False}), _ports(place), _watch(place))
    assert verdict["verdict"] == "severe", verdict
    switch = read_switch(place.context.serving)
    assert (switch.paused, set(switch.distrusted)) == (True, set(place.use_case.monitoring.important))
    assert switch.incident_id is not None
    assert source() <= {"previous_champion", "baseline"}

    with connect(place.context.database, application="test") as connection:
        name = place.use_case.name
        reason = "a scale was broken"
        assert resume(place.context.serving, connection, use_case=name, reason=reason, actor="test", now=NOW)
    assert source() == {"champion"}


def _ports(place: Place) -> Ports:
    context = place.context
    return Ports(
        data=context.data,
        serving=context.serving,
        reports=context.reports,
        connect=lambda: connect(context.database, application="test"),
        clock=lambda: NOW + dt.timedelta(hours=1),
    )


def _watch(place: Place) -> RowsWatch:
    return RowsWatch(place.use_case, lambda ports: load_rows_champion(place.use_case, ports))
