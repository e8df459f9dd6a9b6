"""The decision records: one JSON for each judgement, kept in the reports bucket."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from bikecast.errors import InputError
from bikecast.names import DECISIONS_PREFIX, decision_key
from bikecast.storage import MissingObjectError, ObjectStore
from console.cloud.session import Cloud
from console.cloud.stores import reports_store

READERS = 8


def read_decisions(cloud: Cloud, *, limit: int) -> list[dict[str, Any]]:
    """Return the newest decision records, newest first."""
    store = reports_store(cloud)
    keys = [key for key in store.keys(DECISIONS_PREFIX) if key.endswith(".json")]
    with ThreadPoolExecutor(READERS) as pool:
        records = list(pool.map(lambda key: _read(store, key), keys))
    return sorted(records, key=lambda record: str(record["created_at"]), reverse=True)[:limit]


def read_decision(cloud: Cloud, execution: str) -> dict[str, Any]:
    """Return the record of one execution.

    Raises:
        InputError: It has none.
    """
    try:
        return _read(reports_store(cloud), decision_key(execution))
    except MissingObjectError as err:
        raise InputError(
            f"no decision is recorded for {execution!r}: `bikecast decisions` lists them"
        ) from err


def _read(store: ObjectStore, key: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(store.read(key).body)
    return record


def decision_row(record: dict[str, Any]) -> dict[str, Any]:
    """Return one line of the list of decisions."""
    return {
        "at": f"{str(record['created_at'])[:19]}Z",
        "decision": record["decision"],
        "challenger": _version(record.get("challenger")),
        "champion": _version(record.get("champion")),
        "reason": record["reason"],
    }


def _version(side: Any) -> Any:
    return side.get("version") if isinstance(side, dict) else side
