"""From the capture queue to Postgres: rows checked and written by id; writing them again changes nothing."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    NaiveDatetime,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from bikecast.errors import InputError

if TYPE_CHECKING:
    import psycopg


class CapturedRow(BaseModel):
    """One prediction as the log keeps it; ``predicted_for`` is wall time of the use case's data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    use_case: str = Field("citibike", description="Messages from before there were others name none.")
    id: str = Field(min_length=1, max_length=200)
    request_id: str | None = None
    key: str | None = Field(None, description="By which the truth finds the row; None where it never will.")
    predicted_for: NaiveDatetime | None = None
    requested_at: AwareDatetime
    model_version: str
    source: str
    prediction: float = Field(allow_inf_nan=False)
    low: float | None = Field(None, allow_inf_nan=False)
    high: float | None = Field(None, allow_inf_nan=False)
    outcome: dict[str, Any] | None = Field(None, description="Class, probabilities and prediction set.")
    inputs: dict[str, Any] | None = None
    latency_ms: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _keyed(cls, row: Any) -> Any:
        """Let messages that older code sent meet their truth: their rows are hours."""
        if isinstance(row, dict) and "use_case" not in row:
            return row | {"key": row.get("predicted_for")}
        return row


COLUMNS = tuple(CapturedRow.model_fields)
JSON_COLUMNS = ("outcome", "inputs")
_ROWS = TypeAdapter(list[CapturedRow])
# The role that runs this may insert and nothing else: without a named target a conflict needs no more.
_INSERT = (
    f"insert into monitoring.predictions ({', '.join(COLUMNS)})"  # noqa: S608 - names of this module
    f" values ({', '.join(f'%({name})s' for name in COLUMNS)})"
    " on conflict do nothing"
)


def parse_message(body: str) -> list[CapturedRow]:
    """Read one message.

    Raises:
        InputError: It is not a list of prediction rows; it belongs in the dead-letter queue.
    """
    try:
        return _ROWS.validate_json(body)
    except ValidationError as err:
        raise InputError(f"the message is not a list of predictions: {err}") from err


def save(connection: "psycopg.Connection", rows: Sequence[CapturedRow]) -> int:
    """Write rows in one transaction and return how many; a row whose id is there stays as it is."""
    from psycopg.types.json import Jsonb

    values = [row.model_dump() for row in rows]
    for value in values:
        value |= {name: None if value[name] is None else Jsonb(value[name]) for name in JSON_COLUMNS}
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(_INSERT.encode(), values)
    return len(rows)
