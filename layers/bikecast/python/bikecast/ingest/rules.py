"""What makes a row a trip: the rules, the reasons for refusing one, and both as SQL over text columns.

A trip is kept when both times can be read and 0 < end - start < 60 min, the rule of the
predecessor project's tables; rides under a minute stay in, rides without an end station too.
Times are wall clocks: a ride across the repeated hour of autumn may end before it starts and is
refused, as it always was.
"""

from enum import StrEnum

# Part of a source's fingerprint: raise it when a rule changes, so that sources are read again.
RULES_VERSION = 1
FIRST_YEAR = 2013  # the system opened in May 2013
LAST_YEAR = 2099


class Reason(StrEnum):
    """Why a row is not counted."""

    MALFORMED_ROW = "malformed_row"
    UNPARSABLE_TIME = "unparsable_time"
    TIME_OUT_OF_RANGE = "time_out_of_range"
    ENDS_BEFORE_START = "ends_before_start"
    NO_DURATION = "no_duration"
    SIXTY_MINUTES_OR_MORE = "sixty_minutes_or_more"
    REPEATED_ROW = "repeated_row"
    REPEATED_RIDE_ID = "repeated_ride_id"


# In the engine a reason is its place in this tuple: one byte a row.
REASONS = tuple(Reason)

# As published: 2015-01-01 00:01:02, 2018-01-01 13:50:57.4340 (ISO), 9/1/2014 00:00:25, 1/1/2015 0:01.
_OTHER_FORMATS = ["%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M"]
_HOUR_US = 3_600_000_000


def time_sql(column: str) -> str:
    """Return SQL for the timestamp in a text column, NULL where it cannot be read."""
    return f"coalesce(try_cast({column} AS TIMESTAMP), try_strptime({column}, {_OTHER_FORMATS}))"


def ride_id_sql(ride_id: str, *, otherwise: list[str]) -> str:
    """Return SQL for a ride's 64-bit identity: the id itself where it is 16 hex digits, else a hash.

    Args:
        ride_id: Text column of the id.
        otherwise: Columns that identify the ride when it has no id; without any, it is NULL then.
    """
    number = f"CASE WHEN strlen({ride_id}) = 16 THEN try(unhex({ride_id}))::BIT::UBIGINT END"
    ways = [number, f"md5_number_lower({ride_id})", *([hash_sql(otherwise)] if otherwise else [])]
    return f"coalesce({', '.join(ways)})"


def bike_ride_sql(bike_id: str, *, start: str, end: str) -> str:
    """Return SQL for a ride's 64-bit identity by bike and times: 20 bits of bike, 32 of start, 12 of length.

    No bike starts two rides in one second. What does not fit is hashed.

    Args:
        bike_id: Text column.
        start: Timestamp column.
        end: Timestamp column.
    """
    bike = f"try_cast({bike_id} AS UINTEGER)"
    began, lasted = f"epoch_us({start}) // 1000000", f"(epoch_us({end}) - epoch_us({start})) // 1000000"
    fits = f"{bike} < 1048576 AND {began} BETWEEN 0 AND 4294967295 AND {lasted} BETWEEN 0 AND 4095"
    packed = f"({bike}::UBIGINT * 17592186044416 + ({began})::UBIGINT * 4096 + ({lasted})::UBIGINT)"
    return f"CASE WHEN {fits} THEN {packed} ELSE {hash_sql([bike_id, start, end])} END"


def hash_sql(expressions: list[str]) -> str:
    """Return SQL for a 64-bit hash that stays the same across versions of the engine."""
    return f"md5_number_lower(concat_ws('|', {', '.join(expressions)}))"


def reason_sql(*, start: str, end: str, lasted_us: str, texts: tuple[str, str]) -> str:
    """Return SQL for the reason to refuse a row by its times, NULL where it is kept.

    Good rows, nearly all, are told by three comparisons; the rest is looked at only for the others.

    Args:
        start: Timestamp column.
        end: Timestamp column.
        lasted_us: Column of end - start in microseconds.
        texts: The times as they were written; a date alone is no time.
    """
    good = (
        f"{lasted_us} > 0 AND {lasted_us} < {_HOUR_US} "
        f"AND {start} >= TIMESTAMP '{FIRST_YEAR}-01-01' AND {start} < TIMESTAMP '{LAST_YEAR + 1}-01-01'"
    )
    without_clock = " OR ".join(f"strlen({text}) <= {len('2015-01-01')}" for text in texts)
    refused = (
        f"CASE WHEN {start} IS NULL OR {end} IS NULL OR {without_clock} THEN {_code(Reason.UNPARSABLE_TIME)} "
        f"WHEN year({start}) NOT BETWEEN {FIRST_YEAR} AND {LAST_YEAR} THEN {_code(Reason.TIME_OUT_OF_RANGE)} "
        f"WHEN {lasted_us} < 0 THEN {_code(Reason.ENDS_BEFORE_START)} "
        f"WHEN {lasted_us} = 0 THEN {_code(Reason.NO_DURATION)} "
        f"ELSE {_code(Reason.SIXTY_MINUTES_OR_MORE)} END"
    )
    return f"(CASE WHEN {good} AND NOT ({without_clock}) THEN NULL ELSE {refused} END)::UTINYINT"


def _code(reason: Reason) -> int:
    return REASONS.index(reason)
