"""Plain requests are answered directly: the same in every byte as by the application behind Mangum."""

import copy
import json
import logging
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mangum import Mangum

from bikecast import discovery
from bikecast.serving.champion.follower import ChampionFollower, UnavailableError
from bikecast.serving.log.prediction_log import MakeRows
from bikecast.serving.web.direct import MAX_CHARACTERS, DirectAnswers
from bikecast.serving.web.http import create_app
from bikecast.storage import FolderStore
from tests.aws.serving.conftest import Context, event
from tests.aws.serving.test_guards import Silent
from tests.unit.serving import world
from tests.unit.use_cases.service import ConstantService
from use_cases.citibike.api import routes
from use_cases.citibike.api.hourly import LOADERS
from use_cases.citibike.api.outlook import OutlookReader
from use_cases.citibike.api.service import PredictionService, ServicePorts

TRIP = {"date": "2025-01-02 08:00:00", "TMAX": 41.0, "TMIN": 33.0, "SNOW": 0.0}
Event = dict[str, Any]
ANSWERS: dict[str, dict[str, Any]] = {
    "obesity": {"prediction": "Normal_Weight", "probabilities": {"Normal_Weight": 1.0}},
    "ride_duration": {"prediction": 8.25, "low": 4.5, "high": 14.0},
}
TRY = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=3)
    | st.just({})
)


class Remembered:
    """A prediction log that keeps what it was given."""

    def __init__(self) -> None:
        self.rows: list[MakeRows] = []

    def record(self, rows: MakeRows) -> None:
        self.rows.append(rows)

    def taken(self) -> list[dict[str, Any]]:
        """Return the rows without their times, and forget them."""
        made = [dict(row) for rows in self.rows for row in rows()]
        self.rows.clear()
        return [{k: v for k, v in row.items() if k not in ("requested_at", "latency_ms")} for row in made]


LOG = Remembered()


@cache
def app(name: str) -> FastAPI:
    """Return the application of a use case, with a model or constant answers behind it."""
    if name == "citibike":
        bucket, listener = FolderStore(Path(mkdtemp())), Silent()
        world.publish(bucket, "3", scale=2.0)
        follower = ChampionFollower(bucket, LOADERS, listener=listener, ttl_s=3600)
        service = PredictionService(ServicePorts(follower, OutlookReader(bucket), LOG, listener))
        return routes.build_app(service, follower, code_version="t", allowed_origins=("https://a.example",))
    use_case = discovery.load(name)
    made = create_app(title="t", version="1", description="d", max_body_bytes=10**6, posts=("/predict",))
    assert use_case.api.add_routes is not None
    use_case.api.add_routes(made, ConstantService(ANSWERS[name]), use_case)
    return made


def application(name: str) -> Callable[[Event, Any], dict[str, Any]]:
    """Return the way through the application."""
    return Mangum(app(name), lifespan="off")


def examples() -> Iterator[tuple[str, str, Any]]:
    """Yield use case, path and body of each documented example."""
    for name in ("citibike", "obesity", "ride_duration"):
        for path, methods in app(name).openapi()["paths"].items():
            body = methods.get("post", {}).get("requestBody")
            for example in body["content"]["application/json"]["examples"].values() if body else ():
                yield name, path, example["value"]


EXAMPLES = list(examples())


def both(name: str, asked: Event) -> tuple[Any, Any]:
    """Return what is answered and logged, directly where possible, and by the application alone."""
    direct, through = DirectAnswers(app(name)), application(name)
    first = copy.deepcopy(asked)
    found = direct.answer(first)
    ours = through(first, Context()) if found is None else found
    kept = LOG.taken()
    return (ours, kept), (through(copy.deepcopy(asked), Context()), LOG.taken())


def text(answered: Any) -> str:
    """Return an answer and its log as text: the order of headers and fields counts too."""
    return json.dumps(answered, default=str)


@pytest.mark.parametrize(("name", "path", "body"), EXAMPLES)
def test_documented_examples_are_answered_directly_and_alike(name: str, path: str, body: Any) -> None:
    asked = event("POST", path, json.dumps(body))
    assert DirectAnswers(app(name)).answer(copy.deepcopy(asked)) is not None
    LOG.taken()
    ours, theirs = both(name, asked)
    assert text(ours) == text(theirs)
    assert ours[0]["statusCode"] == 200


def rows_of(body: Any) -> list[Any]:
    """Return the objects of a body: it, and those that it lists."""
    lists = [value for value in body.values() if isinstance(value, list)]
    return [body, *(row for rows in lists for row in rows if isinstance(row, dict))]


def changed(draw: st.DrawFn, body: Any) -> Any:
    """Return the body with up to three values that are other, missing, or more."""
    body = copy.deepcopy(body)
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.sampled_from(rows_of(body)))
        key = draw(st.sampled_from(sorted(place)) | st.text(max_size=4)) if place else ""
        if draw(st.booleans()):
            place.pop(key, None)
        else:
            old = place.get(key)
            near = st.just(old + draw(st.integers(-60, 60))) if isinstance(old, int | float) else st.nothing()
            place[key] = draw(near | VALUES)
    return body


def spoiled(draw: st.DrawFn, sent: str) -> str:
    """Return the text as it is, cut, with a key twice, or with something put in."""
    at = draw(st.integers(0, len(sent)))
    twice = sent.replace("{", '{"TMAX": 41.0, ', 1)
    put = draw(st.text(max_size=2) | st.sampled_from(["NaN", " ", "\ufeff", "\u00e9"]))
    return draw(st.sampled_from([sent, sent, sent, sent[:at], twice, sent[:at] + put + sent[at:]]))


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, Event]:
    """An example, changed a little here and there, and sent in one of many ways."""
    name, path, body = draw(st.sampled_from(EXAMPLES))
    sent = spoiled(draw, json.dumps(changed(draw, body)))
    asked = event(draw(st.sampled_from(["POST"] * 8 + ["GET", "PUT"])), path, sent)
    kind = draw(
        st.sampled_from(["application/json"] * 6 + ["application/json; charset=utf-8", "text/plain", ""])
    )
    asked["headers"]["content-type"] = kind
    several = draw(st.sampled_from([[kind]] * 6 + [[kind, kind], ["application/json"], None]))
    asked["multiValueHeaders"] = {"Content-Type": several} if several else None
    more: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "multiValueQueryStringParameters": st.sampled_from([{"a": ["1"]}, {"a": ["1", "2"]}, {}]),
                "pathParameters": st.sampled_from([None, {"proxy": "predict"}, {"proxy": "nothing"}]),
                "resource": st.just(path),
            },
        )
    )
    if draw(st.integers(0, 9)) == 0:
        asked["headers"]["Origin"] = draw(st.sampled_from(["https://a.example", "https://b.example"]))
    return name, asked | more


@TRY
@given(requests())
def test_whatever_is_sent_is_answered_as_by_the_application(request_: tuple[str, Event]) -> None:
    name, asked = request_
    ours, theirs = both(name, asked)
    assert text(ours) == text(theirs)


@pytest.mark.parametrize("size", [MAX_CHARACTERS, MAX_CHARACTERS + 1])
def test_large_bodies_are_left_to_the_application(size: int) -> None:
    asked = event("POST", "/predict_trip", json.dumps({"input_data": [TRIP]}).ljust(size))
    direct = DirectAnswers(app("citibike")).answer(copy.deepcopy(asked))
    assert (direct is None) == (size > MAX_CHARACTERS)
    LOG.taken()
    ours, theirs = both("citibike", asked)
    assert ours == theirs


@pytest.mark.parametrize("error", [UnavailableError("nobody is here"), RuntimeError("a fault of ours")])
def test_a_failure_is_logged_once_and_answered_as_by_the_application(
    error: Exception, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def fail(*_: Any, **__: Any) -> Any:
        tries.append(1)
        logging.getLogger("bikecast").warning("serving attempt failed")
        raise error

    monkeypatch.setattr(PredictionService, "trips", fail)
    asked = event("POST", "/predict_trip", json.dumps({"input_data": [TRIP]}))
    direct, through = DirectAnswers(app("citibike")), application("citibike")
    assert direct.answer(asked) is None
    answers, logs = [], []
    for each in (asked, event("POST", "/predict_trip", asked["body"])):
        answers.append(through(each, Context()))
        logs.append([(record.name, record.levelname, record.getMessage()) for record in caplog.records])
        caplog.clear()
    assert answers[0] == answers[1]
    assert answers[0]["statusCode"] in (500, 503)
    assert logs[0] == logs[1]
    assert len(tries) == 2
