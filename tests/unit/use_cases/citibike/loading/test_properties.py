"""Laws: however rides are split over files, ordered and repeated, the table is the same, and rows add up."""

import random
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from bikecast.storage import FolderStore
from tests.unit.use_cases.citibike.loading.tables import counts, publish
from tests.unit.use_cases.citibike.loading.trips import csv_bytes, hour_of_rides, ride, write_files, zip_bytes
from use_cases.citibike.loading.month import ingest_month
from use_cases.citibike.loading.reports import MonthReport
from use_cases.citibike.loading.sources import folder_sources

# A failure is shown as it was found: shrinking it would take minutes.
SETTINGS = settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])

# Around the end of a month, where the publisher's files overlap.
_hours = st.sampled_from(
    ["2024-01-31 22", "2024-01-31 23", "2024-02-01 00", "2024-02-29 23", "2024-03-01 00"]
)
_ends = st.sampled_from(["{}:59:59", "{}:30:01", "{}:00:00", "2024-12-31 00:00:00", "{}:30:00"])
_rides = st.lists(st.tuples(_hours, _ends, st.integers(0, 30)), min_size=1, max_size=40)
_malformed = st.lists(
    st.sampled_from(["one,two", '"open', "a" * 20, ride("E", "x", "y") + ",more"]), max_size=3
)


def rows_of(rides: list[tuple[str, str, int]]) -> list[str]:
    return [ride(f"{n:016X}", f"{hour}:30:00", end.format(hour)) for hour, end, n in rides]


def load(
    folder: Path, files: dict[str, bytes], *, rounds: int = 1
) -> tuple[dict[str, int], list[MonthReport]]:
    """Load each file as a month of its own, all of them as often as asked, and return the counts."""
    store = FolderStore(folder / "store")
    sources = folder_sources(write_files(folder / "files", files))
    reports = [ingest_month(store, source.name, [source]) for _ in range(rounds) for source in sources]
    report = publish(store)
    assert report.rows == report.kept + sum(report.refused.values())
    assert report.trips == report.kept - report.in_several_files
    has_trips = any(key for key in store.keys("datasets/processed/citibike/"))
    return (counts(store) if has_trips else {}), reports


@SETTINGS
@given(rides=_rides, seed=st.integers(0, 2**16), n_files=st.integers(1, 4), repeated=st.booleans())
def test_any_split_order_and_repetition_gives_the_same_table(
    rides: list[tuple[str, str, int]], seed: int, n_files: int, repeated: bool
) -> None:
    rows = rows_of(rides)
    chance = random.Random(seed)
    again = [*rows, *chance.sample(rows, len(rows) // 2)] if repeated else list(rows)
    chance.shuffle(again)
    parts = {f"{n}.csv": csv_bytes(again[n::n_files]) for n in range(n_files) if again[n::n_files]}
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        whole, _ = load(Path(one), {"whole.csv": csv_bytes(rows)})
        split, _ = load(Path(two), parts, rounds=2 if repeated else 1)
    assert split == whole


@SETTINGS
@given(rides=_rides, malformed=_malformed, seed=st.integers(0, 2**16), zipped=st.booleans())
def test_kept_and_refused_rows_are_all_rows(
    rides: list[tuple[str, str, int]], malformed: list[str], seed: int, zipped: bool
) -> None:
    # A file of which much cannot be read fails; this one has a few bad rows among many good ones.
    good = hour_of_rides("2024-01-05 08", 80, first=1_000)
    rows = [*rows_of(rides), *good, *malformed, ride("E", "2024-01-05 08:10:00", "")]
    random.Random(seed).shuffle(rows)
    body = csv_bytes(rows)
    with tempfile.TemporaryDirectory() as folder:
        _, (report,) = load(
            Path(folder), {"a": b""} | {"a.csv": zip_bytes({"a.csv": body}) if zipped else body}
        )
    assert report.rows == len(rows) == report.kept + sum(report.refused.values())


@SETTINGS
@given(rides=_rides)
def test_counts_are_those_of_a_plain_count(rides: list[tuple[str, str, int]]) -> None:
    good = sorted((n, hour) for hour, end, n in rides if end in ("{}:59:59", "{}:30:01"))
    earliest: dict[tuple[int, str], str] = {}
    for n, hour in good:
        earliest.setdefault((n, hour[:7]), hour)
    with tempfile.TemporaryDirectory() as folder:
        found, _ = load(Path(folder), {"a.csv": csv_bytes(rows_of(rides))})
    assert found == dict(sorted(Counter(earliest.values()).items()))
