"""What makes a row a trip: the rules, the reasons for refusing one, and both as SQL over text columns.

A trip is kept when both times can be read and 0 < end - start < 60 min, the rule of the
predecessor project's tables; rides under a minute stay in, rides without an end station too.
Times are wall clocks; the hour that autumn repeats is counted once more where a ride ends before it starts.
"""

from enum import StrEnum

# Part of a source's fingerprint: raise it when a rule changes, so that sources are read again.
RULES_VERSION = 2
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

_HOUR_US = 3_600_000_000


def lasted_sql(start: str, end: str) -> str:
    """Return SQL for the microseconds between two wall-clock times.

    On the first Sunday of November New York's clocks repeat the hour from 01:00: a ride that ends in it
    "before" it starts has seen the clock go back.
    """
    on_the_night = (
        f"{end} < {start} AND month({start}) = 11 AND day({start}) <= 7 AND dayofweek({start}) = 0 "
        f"AND hour({start}) = 1 AND hour({end}) = 1 AND {end}::DATE = {start}::DATE"
    )
    apart = f"epoch_us({end}) - epoch_us({start})"
    return f"({apart}) + CASE WHEN {on_the_night} THEN {_HOUR_US} ELSE 0 END"


def reason_sql(*, start: str, end: str, lasted_us: str, texts: tuple[str, str]) -> str:
    """Return SQL for the reason to refuse a row by its times, NULL where it is kept.

    Good rows, nearly all, are told by three comparisons; the rest is looked at only for the others.

    Args:
        start: Timestamp column.
        end: Timestamp column.
        lasted_us: Column of end - start in microseconds.
        texts: The times as they were written; a date alone is not a time.
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
