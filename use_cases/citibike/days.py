"""The days that have demand and weather, noted by each load for who cannot read the tables."""

import datetime as dt
from dataclasses import dataclass

from pydantic import TypeAdapter

from bikecast.errors import FieldError
from bikecast.names import DATA_COVERAGE_KEY
from bikecast.storage import MissingObjectError, ObjectStore


@dataclass(frozen=True)
class DataCoverage:
    """A stretch of days, both included; ``earliest`` is the first day of all, which may lie before a gap."""

    first: dt.date
    last: dt.date
    earliest: dt.date | None = None

    def __str__(self) -> str:
        return f"{self.first} to {self.last}"

    def latest_complete_month(self) -> dt.date:
        """Return the last day of the latest month that is there to its end."""
        if (self.last + dt.timedelta(days=1)).day == 1:
            return self.last
        return self.last.replace(day=1) - dt.timedelta(days=1)

    def require(self, start: dt.date, end: dt.date | None) -> None:
        """Refuse a training on days that are not there; gaps between them are not judged.

        Args:
            start: ``start_train_date`` of the request.
            end: ``end_train_date``; the latest complete month ends it where that is absent.
        Raises:
            FieldError: They begin before the first day or end after the last.
        """
        there = f"demand and weather are loaded for {self}; choose days inside"
        if end is not None and end > self.last:
            raise FieldError("end_train_date", f"{end}: {there}")
        if start >= (end or self.latest_complete_month()) or start < (self.earliest or self.first):
            raise FieldError("start_train_date", f"{start}: {there}")


_COVERAGE = TypeAdapter(DataCoverage)


def note_coverage(store: ObjectStore, coverage: DataCoverage) -> None:
    """Write down what the tables cover, beside the reports of the loads."""
    store.write(DATA_COVERAGE_KEY, _COVERAGE.dump_json(coverage))


def noted_coverage(store: ObjectStore) -> DataCoverage | None:
    """Return what the last load wrote down; ``None`` if the code that loaded wrote nothing yet."""
    try:
        return _COVERAGE.validate_json(store.read(DATA_COVERAGE_KEY).body)
    except MissingObjectError:
        return None
