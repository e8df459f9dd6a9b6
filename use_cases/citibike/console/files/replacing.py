"""Making room for real trips and weather: what is simulated goes, once something real was loaded."""

from collections.abc import Iterator
from contextlib import contextmanager

from bikecast import discovery
from bikecast.errors import DataError
from bikecast.names import DEFAULT_USE_CASE, SIMULATED_MARKER_KEY, Prefix
from console.cloud.session import Cloud
from console.data.buckets import Bucket, data_bucket
from console.data.replacing import require_agreement, set_aside
from use_cases.citibike.console.files.sources import Source
from use_cases.citibike.loading.kinds import Kind, kind_of_file

# Everything that a load leaves behind; simulated data makes room whole before real data comes.
LOADED_PREFIXES = (
    Prefix.RAW,
    Prefix.TRIPS,
    Prefix.PROCESSED_CITIBIKE,
    Prefix.PROCESSED_WEATHER,
    Prefix.HOURLY_WEATHER,
    Prefix.LOAD_REPORTS,
    Prefix.QUARANTINE,
)


@contextmanager
def replacing_simulated(cloud: Cloud, source: Source, *, agreed: bool) -> Iterator[None]:
    """Load real data in the place of simulated data; the model that they taught serves until then.

    If what is done inside fails, the simulated data are back.

    Args:
        cloud: Where the data are.
        source: What comes.
        agreed: Simulated data may be removed; else a person at a terminal is asked.
    Raises:
        DataError: Simulated data would join real data, or what comes cannot be read. Nothing was changed.
        InputError: Nobody agreed. Nothing was changed.
    """
    bucket = data_bucket(cloud)
    holds_simulated = bucket.has(SIMULATED_MARKER_KEY)
    if source.is_simulated:
        _refuse_simulated(bucket, holds_simulated=holds_simulated)
    elif holds_simulated:
        require_readable(source)
        require_agreement(agreed=agreed)
    needed = holds_simulated and not source.is_simulated
    with set_aside(bucket, lambda: loaded_keys(bucket), needed=needed):
        yield


def loaded_keys(bucket: Bucket) -> list[str]:
    """Return the keys of all that loads left, but not those of other use cases."""
    others = [name for name in discovery.names() if name != DEFAULT_USE_CASE]
    folders = tuple(f"{prefix}{name}/" for prefix in LOADED_PREFIXES for name in others)
    return [key for prefix in LOADED_PREFIXES for key in bucket.keys(prefix) if not key.startswith(folders)]


def _refuse_simulated(bucket: Bucket, *, holds_simulated: bool) -> None:
    if not holds_simulated and bucket.keys(Prefix.PROCESSED_CITIBIKE):
        raise DataError(
            "the cloud holds real data, and simulated data is never mixed with it: "
            "simulate in a clone of its own, or run `make clean` first"
        )


def require_readable(source: Source) -> None:
    """Make sure that of a source's trip files on this machine one can be read.

    Raises:
        DataError: None can.
    """
    here = [path for path in source.trips if path.exists()]
    if here and all(kind_of_file(path) is Kind.UNKNOWN for path in here):
        raise DataError(
            f"none of {len(here)} files in {source.root} can be read as trips; the simulated data stays"
        )
