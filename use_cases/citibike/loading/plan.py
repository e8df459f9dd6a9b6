"""The plan of one ingestion: files grouped by the month in their name, small months sharing a container.

A name only balances the work: what a file holds is read from its rows, and any grouping gives the
same tables. To start a container takes longer than to read a small month, so there are no more containers
than run at a time, unless months are large.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from bikecast.errors import InputError
from bikecast.names import MONTHS_AT_A_TIME, SIMULATED_MARKER, Prefix
from use_cases.citibike.keys import RAW_WEATHER_PREFIX

TABLE_FILE = re.compile(r"\.(zip|csv|tsv|gz)$", re.IGNORECASE)
# The publisher's months are spelled 202401, its years 2013.
DATED = re.compile(r"(?<!\d)(?P<year>20\d\d)[-_]?(?P<month>0[1-9]|1[0-2])?(?!\d)")
UNDATED = "undated"
# ECS takes 8,192 characters of overrides for one container; the task token needs about 1,000.
MAX_KEY_CHARACTERS = 5_000
CHARACTERS_BESIDE_KEYS = 60  # of a month and its braces
# Some five million rides in a zip: seconds of work, which is more than a start takes and little to repeat.
LARGE_BYTES = 200_000_000


class IngestRequest(BaseModel):
    """Input of the ingest state machine; everything is optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    months: list[Annotated[str, Field(pattern=r"^20\d\d-(0[1-9]|1[0-2])$")]] | None = Field(
        None, description="Only files of these months, such as 2024-01; all files if absent."
    )
    files: list[Annotated[str, Field(pattern=f"^{Prefix.RAW}.+")]] | None = Field(
        None, description="Only these trip and weather files under raw/; all of them if absent."
    )
    force: bool = Field(False, strict=True, description="Ingest again what was ingested already.")


def plan_ingestion(request: IngestRequest, sizes: Mapping[str, int]) -> dict[str, Any]:
    """Group the trip files among the keys under ``raw/``, and share the groups out to containers.

    Args:
        request: What is asked for.
        sizes: Bytes by key.
    Raises:
        InputError: There is nothing to ingest.
    """
    found = _named(list(sizes), request.files)
    weather = [key for key in found if key.startswith(RAW_WEATHER_PREFIX)]
    labelled = sorted(
        (label(key), key) for key in found if _may_hold_trips(key, is_named=request.files is not None)
    )
    chosen = [(month, key) for month, key in labelled if _is_wanted(month, request.months)]
    if not chosen and not weather:
        raise InputError(_nothing(request.months, n_files=len(labelled)))
    groups = list(_groups(chosen, force=request.force))
    publish: dict[str, Any] = {"months": sorted({group["month"] for group in groups})}
    if request.files is not None and not _is_full(weather, ""):
        publish["weather"] = weather
    return {"batches": [{"months": batch} for batch in _batches(groups, sizes)], "publish": publish}


def _named(found: list[str], files: list[str] | None) -> list[str]:
    if files is None:
        return found
    absent = sorted(set(files) - set(found))
    if absent:
        raise InputError(f"files: nothing is stored at {', '.join(absent[:5])}")
    return sorted(set(files))


def label(key: str) -> str:
    """Return the month in a file's name (``2024-01``), the year of a year's file, or ``undated``."""
    dated = DATED.search(key.rsplit("/", 1)[-1]) or DATED.search(key)
    if dated is None:
        return UNDATED
    return f"{dated['year']}-{dated['month']}" if dated["month"] else dated["year"]


def _may_hold_trips(key: str, *, is_named: bool) -> bool:
    """Tell by where a file is: its content decides when it is read; one that is named is always read."""
    if key.startswith(RAW_WEATHER_PREFIX) or key.endswith(SIMULATED_MARKER):
        return False
    return is_named or TABLE_FILE.search(key) is not None


def _is_wanted(month: str, months: list[str] | None) -> bool:
    """A file of a whole year, or without a date, may hold any month."""
    return months is None or month == UNDATED or any(wanted.startswith(month) for wanted in months)


def _groups(chosen: list[tuple[str, str]], *, force: bool) -> Iterator[dict[str, Any]]:
    group: dict[str, Any] | None = None
    for month, key in chosen:
        if group is None or group["month"] != month or _is_full(group["keys"], key):
            if group is not None:
                yield group
            group = {"month": month, "keys": [], **({"force": True} if force else {})}
        group["keys"].append(key)
    if group is not None:
        yield group


def _batches(groups: list[dict[str, Any]], sizes: Mapping[str, int]) -> Iterator[list[dict[str, Any]]]:
    """Yield the groups of each container: about the same bytes for each that runs at a time."""
    weights = [sum(sizes[key] for key in group["keys"]) for group in groups]
    fair = min(LARGE_BYTES, sum(weights) / MONTHS_AT_A_TIME)
    batch: list[dict[str, Any]] = []
    n_bytes = n_characters = 0
    for group, weight in zip(groups, weights, strict=True):
        characters = sum(map(len, group["keys"])) + CHARACTERS_BESIDE_KEYS
        if batch and (n_bytes + weight / 2 > fair or n_characters + characters > MAX_KEY_CHARACTERS):
            yield batch
            batch, n_bytes, n_characters = [], 0, 0
        batch.append(group)
        n_bytes, n_characters = n_bytes + weight, n_characters + characters
    if batch:
        yield batch


def _is_full(keys: list[str], key: str) -> bool:
    return sum(map(len, keys)) + len(key) > MAX_KEY_CHARACTERS


def _nothing(months: list[str] | None, *, n_files: int) -> str:
    if months is None or n_files == 0:
        return f"{Prefix.RAW} holds no trip files (*.zip, *.csv): upload some, `bikecast load` does"
    return f"months: none of the {n_files} trip files under {Prefix.RAW} is of {', '.join(months)}"
