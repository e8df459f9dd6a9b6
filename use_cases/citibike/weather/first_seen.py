"""When a weather file with days ahead was first seen: what it says of those days stays a forecast."""

import hashlib
import json

import pandas as pd

from bikecast.names import Prefix
from bikecast.storage import MissingObjectError, ObjectStore

SEEN_KEY = f"{Prefix.TRIPS}_weather_seen.json"


def first_seen(
    store: ObjectStore, body: bytes, today: pd.Timestamp, *, remember: bool = True
) -> pd.Timestamp:
    """Return the day on which these bytes came first, which is today for new ones.

    Args:
        store: The data bucket.
        body: The file.
        today: In New York.
        remember: Write it down, if it is today.
    """
    digest = hashlib.sha256(body).hexdigest()
    seen = _read(store)
    if digest in seen:
        return pd.Timestamp(seen[digest])
    if remember:
        store.write(SEEN_KEY, json.dumps(seen | {digest: today.date().isoformat()}, indent=1).encode())
    return today


def _read(store: ObjectStore) -> dict[str, str]:
    try:
        seen: dict[str, str] = json.loads(store.read(SEEN_KEY).body)
    except MissingObjectError:
        return {}
    return seen
