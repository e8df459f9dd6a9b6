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


# As published: 2015-01-01 00:01:02, 2018-01-01 13:50:57.4340, 9/1/2014 00:00:25, 1/1/2015 0:01.
_OTHER_FORMATS = ["%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%Y-%m-%d %H:%M"]
_SHORTEST_ISO_TIME = len("2015-01-01 00:01:02")


def time_sql(column: str) -> str:
    """Return SQL for the timestamp in a text column, NULL where it cannot be read."""
    iso = f"CASE WHEN strlen({column}) >= {_SHORTEST_ISO_TIME} THEN try_cast({column} AS TIMESTAMP) END"
    return f"coalesce({iso}, try_strptime({column}, {_OTHER_FORMATS}))"


def ride_id_sql(ride_id: str, *, otherwise: list[str]) -> str:
    """Return SQL for a ride's 64-bit identity: the id itself where it is 16 hex digits, else a hash.

    Args:
        ride_id: Text column of the id.
        otherwise: Columns that identify the ride when it has no id.
    """
    number = f"CASE WHEN strlen({ride_id}) = 16 THEN try_cast('0x' || {ride_id} AS UBIGINT) END"
    return f"coalesce({number}, md5_number_lower({ride_id}), {hash_sql(otherwise)})"


def hash_sql(expressions: list[str]) -> str:
    """Return SQL for a 64-bit hash that stays the same across versions of the engine."""
    return f"md5_number_lower(concat_ws('|', {', '.join(expressions)}))"


def reason_sql(start: str, end: str) -> str:
    """Return SQL for the reason to refuse a row by its times, NULL where it is kept."""
    return (
        f"CASE WHEN {start} IS NULL OR {end} IS NULL THEN '{Reason.UNPARSABLE_TIME}' "
        f"WHEN year({start}) NOT BETWEEN {FIRST_YEAR} AND {LAST_YEAR} THEN '{Reason.TIME_OUT_OF_RANGE}' "
        f"WHEN {end} < {start} THEN '{Reason.ENDS_BEFORE_START}' "
        f"WHEN {end} = {start} THEN '{Reason.NO_DURATION}' "
        f"WHEN {end} - {start} >= INTERVAL 60 MINUTES THEN '{Reason.SIXTY_MINUTES_OR_MORE}' END"
    )
