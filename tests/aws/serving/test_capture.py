"""The capture function on a real Postgres: idempotent, partial failures, a database that goes and comes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bikecast.database import DatabaseSettings, connect
from bikecast.names import DatabaseRole
from lambdas.capture_predictions import handler
from lambdas.capture_predictions.connections import Reconnecting
from tests.postgres import Server
from tests.roles import log_in_as
from training_job.migrations import migrate


class Context:
    function_name = "capture"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:capture"
    aws_request_id = "r"


@pytest.fixture
def migrated(database: DatabaseSettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseSettings]:
    migrate(database)
    login = log_in_as(DatabaseRole.CAPTURE, database)
    connections = Reconnecting(lambda: connect(login, application="test", timeout_s=2), cool_down_s=0)
    monkeypatch.setattr(handler, "database", lambda: connections)
    yield database
    connections.discard()


def _row(row_id: str, **changes: Any) -> dict[str, Any]:
    row = {
        "id": row_id,
        "request_id": "request",
        "predicted_for": "2025-01-02 08:00:00",
        "requested_at": "2025-01-01T12:00:00+00:00",
        "model_version": "7",
        "source": "champion",
        "prediction": 1234.5,
        "low": 1000.0,
        "high": 1500.0,
        "inputs": {"TMAX": 41.0},
        "latency_ms": 1.5,
    }
    return row | changes


def _event(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m{index}",
                "body": body,
                "eventSource": "aws:sqs",
                "attributes": {},
                "messageAttributes": {},
            }
            for index, body in enumerate(bodies)
        ]
    }


def _capture(*bodies: str) -> list[str]:
    answer = handler.lambda_handler(_event(*bodies), Context())
    return [item["itemIdentifier"] for item in answer["batchItemFailures"]]


def _stored(settings: DatabaseSettings) -> list[tuple[Any, ...]]:
    with connect(settings, application="test") as connection:
        query = "select id, prediction, inputs ->> 'TMAX', predicted_for::text from predictions order by id"
        return connection.execute(query).fetchall()


def test_rows_are_written_once_however_often_they_come(migrated: DatabaseSettings) -> None:
    body = json.dumps([_row("a"), _row("b", predicted_for=None)])
    assert _capture(body, body) == []
    assert _capture(body) == []
    assert _stored(migrated) == [("a", 1234.5, "41.0", "2025-01-02 08:00:00"), ("b", 1234.5, "41.0", None)]


def test_only_the_bad_message_goes_back(migrated: DatabaseSettings) -> None:
    bad = json.dumps([_row("bad", prediction="many")])
    assert _capture(json.dumps([_row("a")]), bad, "no json", json.dumps([_row("b")])) == ["m1", "m2"]
    assert [row[0] for row in _stored(migrated)] == ["a", "b"]


def test_a_bad_row_writes_nothing_of_its_message(migrated: DatabaseSettings) -> None:
    assert _capture(json.dumps([_row("a"), _row("b", model_version=None)])) == ["m0"]
    assert _stored(migrated) == []


def test_everything_comes_back_while_the_database_is_down_and_is_written_when_it_is_up(
    migrated: DatabaseSettings, postgres: Server
) -> None:
    assert _capture(json.dumps([_row("before")])) == []
    postgres.stop()
    try:
        assert _capture(json.dumps([_row("a")]), json.dumps([_row("b")])) == ["m0", "m1"]
    finally:
        postgres.start()
    assert _capture(json.dumps([_row("a")]), json.dumps([_row("b")])) == []
    assert [row[0] for row in _stored(migrated)] == ["a", "b", "before"]


def test_a_dead_server_is_asked_once_for_a_whole_batch(database: DatabaseSettings) -> None:
    import psycopg

    asked: list[int] = []

    def refuse() -> psycopg.Connection:
        asked.append(1)
        raise psycopg.OperationalError("down")

    connections = Reconnecting(refuse, cool_down_s=60)
    for _ in range(10):
        with pytest.raises(psycopg.OperationalError):
            connections.current()
    assert len(asked) == 1
