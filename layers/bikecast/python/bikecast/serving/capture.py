"""From the capture queue to Postgres: rows checked and written by id; writing them again changes nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NaiveDatetime, TypeAdapter, ValidationError

from bikecast.errors import InputError

if TYPE_CHECKING:
    import psycopg


class CapturedRow(BaseModel):
    """One prediction as the log keeps it; ``predicted_for`` is New York wall time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(min_length=1, max_length=200)
    request_id: str | None = None
    predicted_for: NaiveDatetime | None = None
    requested_at: AwareDatetime
    model_version: str
    source: str
    prediction: float = Field(allow_inf_nan=False)
    low: float | None = Field(None, allow_inf_nan=False)
    high: float | None = Field(None, allow_inf_nan=False)
    inputs: dict[str, Any] | None = None
    latency_ms: float | None = None


COLUMNS = tuple(CapturedRow.model_fields)
_ROWS = TypeAdapter(list[CapturedRow])
_UPSERT = (
    f"insert into monitoring.predictions ({', '.join(COLUMNS)})"  # noqa: S608 - names of this module
    f" values ({', '.join(f'%({name})s' for name in COLUMNS)})"
    f" on conflict (id) do update set {', '.join(f'{name} = excluded.{name}' for name in COLUMNS[1:])}"
)


def parse_message(body: str) -> list[CapturedRow]:
    """Read one message.

    Raises:
        InputError: It is no list of prediction rows; it belongs into the dead-letter queue.
    """
    try:
        return _ROWS.validate_json(body)
    except ValidationError as err:
        raise InputError(f"the message is no list of predictions: {err}") from err


def save(connection: "psycopg.Connection", rows: Sequence[CapturedRow]) -> int:
    """Write rows in one transaction and return how many; a row whose id is there is replaced."""
    from psycopg.types.json import Jsonb

    values = [
        row.model_dump() | {"inputs": None if row.inputs is None else Jsonb(row.inputs)} for row in rows
    ]
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(_UPSERT.encode(), values)
    return len(rows)
