"""Open-Meteo's JSON: an answer of its API, or a file of one."""

import json
from typing import Any

import pandas as pd

from bikecast.errors import InputError
from bikecast.tabular.frames import RawTable


def is_json(body: bytes) -> bool:
    """Tell JSON by its first character."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))


def read_json(name: str, body: bytes) -> RawTable:
    """Return the hours of an answer with the units and the offset that it states.

    Raises:
        InputError: It is not valid JSON, has no hours, or has those of several places.
    """
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as err:
        raise InputError(f"{name} is not valid JSON ({err})") from err
    if isinstance(answer, list) and len(answer) > 1:
        raise InputError(f"{name} holds {len(answer)} places: export one, best LaGuardia (40.78, -73.88)")
    place: Any = answer[0] if isinstance(answer, list) and answer else answer
    hours = place.get("hourly") if isinstance(place, dict) else None
    if not isinstance(hours, dict) or "time" not in hours:
        raise InputError(f"{name} holds no hourly weather: {body[:200].decode(errors='replace')}")
    if len({len(values) if isinstance(values, list) else None for values in hours.values()}) > 1:
        raise InputError(f"{name}: its hourly columns are of different lengths")
    facts = {key: str(value) for key, value in place.items() if not isinstance(value, dict | list)}
    stated = place.get("hourly_units")
    units = {str(column): str(unit) for column, unit in stated.items()} if isinstance(stated, dict) else {}
    return RawTable(pd.DataFrame(hours), units, facts)
