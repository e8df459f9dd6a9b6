"""The record of every decision: a JSON file that can be read years later, and a row to query."""

import datetime as dt
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bikecast.database import DatabaseSettings, connect
from bikecast.evaluation.bootstrap import Change
from bikecast.evaluation.scores import Scores
from bikecast.names import decision_key
from bikecast.storage import ObjectStore

Outcome = Literal["pending", "promoted", "rejected", "rolled_back"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Contestant(_Part):
    """One side: its version and its scores on the holdout, overall and by segment."""

    version: str
    run_id: str | None = None
    scores: Scores | None = None
    segments: dict[str, Scores] = Field(default_factory=dict)
    saw_holdout: bool = Field(
        False, description="It was trained on hours that it is judged on, which favours it."
    )


class DecisionRecord(_Part):
    """Everything that a decision rests on; ``decision`` is pending until ``promote`` has acted on it.

    Times are aware UTC, windows and scores New York wall time.
    """

    use_case: str = Field("citibike", description="Records from before there were others name none.")
    execution: str
    created_at: dt.datetime
    decision: Outcome
    reason: str
    metric: str | None = Field(None, description="By which it was decided; RMSE where none is named.")
    split: str = ""
    gate: str | None = Field(None, description="What the gate said: promote or reject.")
    model_name: str
    data_hash: str | None = None
    code_version: str
    request: dict[str, Any] = Field(default_factory=dict)
    training_window: tuple[dt.date, dt.date] | None = None
    holdout_window: tuple[dt.date, dt.date] | None = None
    horizon_hours: int | None = None
    challenger: Contestant | None = None
    champion: Contestant | None = None
    baselines: dict[str, Scores] = Field(default_factory=dict)
    bootstrap: Change | None = None
    against_baselines: dict[str, Change] = Field(default_factory=dict)
    segments: dict[str, Change] = Field(default_factory=dict)
    worse_segments: tuple[str, ...] = ()
    parity: dict[str, float | None] = Field(default_factory=dict)
    approval: dict[str, Any] | None = None
    plots: tuple[str, ...] = ()


class Decisions:
    """The records of one deployment.

    Args:
        reports: Where the files are kept.
        database: Where the rows are kept.
    """

    def __init__(self, reports: ObjectStore, database: DatabaseSettings) -> None:
        self._reports, self._database = reports, database

    def save(self, record: DecisionRecord) -> str:
        """Write row and file; repeated, the newer one stands. Return the file's key.

        The file comes last: who finds it finds the row, too.
        """
        key = decision_key(record.execution)
        body = record.model_dump_json(indent=1)
        with connect(self._database, application="bikecast-decisions") as connection:
            connection.execute(_UPSERT, _row(record, body, self._reports.uri(key)))
        self._reports.write(key, body.encode())
        return key

    def load(self, execution: str) -> DecisionRecord:
        """Read a record; ``MissingObjectError`` if there is none."""
        return DecisionRecord.model_validate_json(self._reports.read(decision_key(execution)).body)


_UPSERT = """
insert into monitoring.decisions
    (use_case, id, decided_at, decision, reason, data_hash, challenger_version, champion_version, record,
     record_uri)
values (%(use_case)s, %(id)s, %(decided_at)s, %(decision)s, %(reason)s, %(data_hash)s, %(challenger)s,
    %(champion)s, %(record)s::jsonb, %(uri)s)
on conflict (id) do update set
    decided_at = excluded.decided_at, decision = excluded.decision, reason = excluded.reason,
    data_hash = excluded.data_hash, challenger_version = excluded.challenger_version,
    champion_version = excluded.champion_version, record = excluded.record, record_uri = excluded.record_uri
"""


def _row(record: DecisionRecord, body: str, uri: str) -> dict[str, Any]:
    return {
        "use_case": record.use_case,
        "id": record.execution,
        "decided_at": record.created_at,
        "decision": record.decision,
        "reason": record.reason,
        "data_hash": record.data_hash,
        "challenger": record.challenger.version if record.challenger else None,
        "champion": record.champion.version if record.champion else None,
        "record": body,
        "uri": uri,
    }
