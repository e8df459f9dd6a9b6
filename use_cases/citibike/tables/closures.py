"""Hours in which nobody could ride, because the system was shut: recognised in whole files, or declared.

They are neither zero demand nor missing data: training leaves them out.
"""

import datetime as dt
from collections.abc import Collection, Iterable

import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from bikecast.errors import DataError, InputError
from bikecast.names import Prefix
from bikecast.storage import MissingObjectError, ObjectStore

# Declared ones outlive the simulated data that real data replaces.
CLOSURES_KEY = f"{Prefix.CLOSURES}closures.json"


class Closure(BaseModel):
    """A stretch of wall-clock hours, the first and the last included."""

    model_config = ConfigDict(frozen=True)

    first: dt.datetime
    last: dt.datetime

    @property
    def hours(self) -> pd.DatetimeIndex:
        """Its hours as clocks show them."""
        return pd.date_range(self.first, self.last, freq="h")

    def __str__(self) -> str:
        return f"{self.first:%Y-%m-%d %H:00}..{self.last:%Y-%m-%d %H:00} ({len(self.hours)} hours)"


class Closures(BaseModel):
    """All that are known."""

    model_config = ConfigDict(frozen=True)

    declared: tuple[Closure, ...] = ()
    recognised: tuple[Closure, ...] = ()

    @property
    def hours(self) -> pd.DatetimeIndex:
        """Every closed hour once, in order."""
        hours = [hour for closure in (*self.declared, *self.recognised) for hour in closure.hours]
        return pd.DatetimeIndex(sorted(set(hours)))


def read_closures(store: ObjectStore) -> Closures:
    """Return the closures that were declared or recognised.

    Raises:
        DataError: What is stored is damaged.
    """
    try:
        return Closures.model_validate_json(store.read(CLOSURES_KEY).body)
    except MissingObjectError:
        return Closures()
    except ValidationError as err:
        raise DataError(f"{store.uri(CLOSURES_KEY)} is damaged; delete it and load again ({err})") from err


def declare_closures(store: ObjectStore, closures: Iterable[Closure]) -> Closures:
    """Add closures that a person knows of; ones declared before stay."""
    known = read_closures(store)
    declared = {*known.declared, *closures}
    return _write(store, known.model_copy(update={"declared": _in_order(declared)}))


def replace_recognised(store: ObjectStore, months: Collection[str], found: Iterable[Closure]) -> Closures:
    """Put what was recognised in the months just counted in place of what was recognised there before."""
    known = read_closures(store)
    stays = [closure for closure in known.recognised if f"{closure.first:%Y-%m}" not in months]
    fresh = known.model_copy(update={"recognised": _in_order({*stays, *found})})
    return fresh if fresh == known else _write(store, fresh)


def parse_closure(text: str) -> Closure:
    """Read ``2016-01-23 13:00..2016-01-26 06:00`` or whole days, ``2016-01-24..2016-01-25``.

    Raises:
        InputError: It is neither, or runs backwards.
    """
    first, separator, last = text.partition("..")
    try:
        begins = dt.datetime.fromisoformat(first.strip())
        ends = dt.datetime.fromisoformat((last if separator else first).strip())
    except ValueError as err:
        raise InputError(
            f"a closure is written 2016-01-23T13..2016-01-26T06 or 2016-01-24..2016-01-25, but got {text!r}"
        ) from err
    if len((last if separator else first).strip()) == len("2016-01-24"):
        ends = ends.replace(hour=23)
    if ends < begins or begins.tzinfo or ends.tzinfo:
        raise InputError(f"a closure ends after it begins, in New York's wall time, but got {text!r}")
    return Closure(first=begins.replace(minute=0, second=0), last=ends.replace(minute=0, second=0))


def _in_order(closures: Collection[Closure]) -> tuple[Closure, ...]:
    return tuple(sorted(closures, key=lambda closure: (closure.first, closure.last)))


def _write(store: ObjectStore, closures: Closures) -> Closures:
    store.write(CLOSURES_KEY, closures.model_dump_json(indent=1).encode())
    return closures
