"""What makes two rows the same ride, as SQL over text columns.

An intact ride id is the ride. What a spreadsheet makes of an id that looks like a number (``5.63E+14``) is
shared by many rides, so such ids identify a ride only together with its minutes. Before 2021 a ride is its
bike and the minute in which it starts: rides last a minute or more, so a bike starts no two in one minute,
and the same ride is found again whether a file writes fractions of seconds, seconds or minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_MINUTE_US = 60_000_000
_NIBBLES = 0x1111_1111_1111_1111
_ALL_BITS = 2**64 - 1
_BIKES = 2**31
# No random id begins with eight zeros: such ids are somebody's own numbers, and stay what they are.
_SMALL = 2**32


@dataclass(frozen=True)
class Identity:
    """SQL expressions.

    Args:
        ride: 64 bits that are the same for the same ride in every file; NULL where only all columns tell.
        whole: NULL where ``ride`` alone identifies a ride; else what must be equal, too, for a row of the
            same file to be a repetition.
    """

    ride: str
    whole: str


def ride_number(column: str) -> str:
    """Return SQL for the number that an id of 16 hex digits writes, else NULL."""
    return f"CASE WHEN strlen({column}) = 16 THEN try(unhex({column}))::BIT::UBIGINT END"


def ride_id(column: str, *, number: str, start: str, end: str, others: Sequence[str]) -> Identity:
    """Return the identity of a ride by its id.

    Args:
        column: Text of the id.
        number: Column of its ``ride_number``.
        start: Timestamp.
        end: Timestamp.
        others: Columns that tell rides without an intact id apart; without any, those have no identity.
    """
    as_number = f"try_cast(replace({column}, ',', '.') AS DOUBLE)"
    # The digits that a spreadsheet leaves of a long number at least.
    legible = f"CASE WHEN isfinite({as_number}) THEN printf('%.2e', {as_number}) ELSE upper({column}) END"
    by_minutes = hash_sql([legible, _minute(start), _minute(end)])
    damaged = by_minutes if others else "NULL"
    whole = hash_sql(others or [column, start, end])
    # Nearly all ids have two letters or more, which one comparison tells.
    ordinary = f"bit_count({_letters(number)}) > 1"
    like_number = _like_number(number)
    return Identity(
        ride=f"CASE WHEN {ordinary} THEN {number} WHEN {number} IS NULL THEN {damaged} "
        f"WHEN {like_number} THEN {by_minutes} ELSE {number} END",
        whole=f"CASE WHEN {ordinary} THEN NULL WHEN {number} IS NULL OR {like_number} THEN {whole} END",
    )


def bike_ride(column: str, *, start: str) -> Identity:
    """Return the identity of a ride by its bike and the minute in which it starts.

    Args:
        column: Text of the bike's number.
        start: Timestamp.
    """
    bike = f"coalesce(try_cast({column} AS UINTEGER), try_cast(replace({column}, ',', '') AS UINTEGER))"
    packed = f"({bike}::UBIGINT * 4294967296 + ({_minute(start)})::UBIGINT)"
    fits = f"{bike} < {_BIKES} AND {start} >= TIMESTAMP '1970-01-01'"
    return Identity(
        ride=f"CASE WHEN {fits} THEN {packed} ELSE {hash_sql([column, _minute(start)])} END",
        whole="0::UBIGINT",
    )


def hash_sql(expressions: Sequence[str]) -> str:
    """Return SQL for a 64-bit hash that stays the same across versions of the engine."""
    return f"md5_number_lower(concat_ws('|', {', '.join(expressions)}))"


def _minute(time: str) -> str:
    return f"epoch_us({time}) // {_MINUTE_US}"


def _letters(number: str) -> str:
    """Return SQL that sets a bit for each of a number's 16 hex digits that is a letter.

    Four bits are a letter where the highest is set and one of the two below it.
    """
    return f"((({number} >> 1) | ({number} >> 2)) & ({number} >> 3) & {_NIBBLES}::UBIGINT)"


def _like_number(number: str) -> str:
    """Return SQL that tells whether a number's hex digits are all decimal but for one E, which is 1110."""
    letters = _letters(number)
    exponents = (
        f"(({number} >> 1) & ({number} >> 2) & ({number} >> 3) & xor({number}, {_ALL_BITS}::UBIGINT) "
        f"& {_NIBBLES}::UBIGINT)"
    )
    return f"({number} > {_SMALL} AND (bit_count({letters}) = 0 OR {letters} = {exponents}))"
