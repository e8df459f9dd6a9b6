"""Grouping raw files for the containers that count them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bikecast.errors import InputError
from bikecast.requests import parse_request
from use_cases.citibike.loading.plan import (
    LARGE_BYTES,
    MAX_KEY_CHARACTERS,
    IngestRequest,
    label,
    plan_ingestion,
)

KEYS = [
    "raw/202401-citibike-tripdata.zip",
    "raw/202402-citbike-tripdata.csv.zip",
    "raw/JC-202401-citibike-tripdata.csv.zip",
    "raw/2013-citibike-tripdata.zip",
    "raw/more/trips.CSV",
    "raw/notes.txt",
    "raw/weather/2024.csv",
]


A_MONTH = 1_000_000


def plan(keys: list[str], **request: object) -> dict[str, Any]:
    """Return the plan of files of the same size, its groups in one list."""
    planned = plan_ingestion(parse_request(IngestRequest, request), dict.fromkeys(keys, A_MONTH))
    return {"groups": [month for batch in planned["batches"] for month in batch["months"]]} | {
        name: value for name, value in planned.items() if name != "batches"
    }


def shares(sizes: list[int]) -> list[list[int]]:
    """Return the sizes of the months that each container reads."""
    keys = {
        f"raw/{2000 + number // 12}{number % 12 + 1:02d}-x.zip": size for number, size in enumerate(sizes)
    }
    planned = plan_ingestion(IngestRequest(), keys)
    return [[keys[month["keys"][0]] for month in batch["months"]] for batch in planned["batches"]]


def test_small_months_share_as_many_containers_as_run_at_a_time() -> None:
    assert [len(share) for share in shares([A_MONTH] * 40)] == [20, 20]
    assert [len(share) for share in shares([A_MONTH] * 15)] == [8, 7]
    assert shares([A_MONTH]) == [[A_MONTH]]


def test_a_large_month_has_a_container_of_its_own() -> None:
    large = 3 * LARGE_BYTES
    assert shares([large, large, large]) == [[large], [large], [large]]
    assert shares([A_MONTH, A_MONTH, large, A_MONTH]) == [[A_MONTH, A_MONTH], [large], [A_MONTH]]


@given(st.lists(st.integers(0, 2 * LARGE_BYTES), min_size=1, max_size=200))
def test_months_stay_in_order_and_no_share_exceeds_what_is_fair_by_more_than_a_month(
    sizes: list[int],
) -> None:
    found = shares(sizes)
    assert [size for share in found for size in share] == sizes
    assert all(
        sum(share) <= min(LARGE_BYTES, sum(sizes) / 2) + max(share) / 2 or len(share) == 1 for share in found
    )


def test_files_are_grouped_by_the_month_in_their_name() -> None:
    assert plan(KEYS) == {
        "groups": [
            {"month": "2013", "keys": ["raw/2013-citibike-tripdata.zip"]},
            {
                "month": "2024-01",
                "keys": ["raw/202401-citibike-tripdata.zip", "raw/JC-202401-citibike-tripdata.csv.zip"],
            },
            {"month": "2024-02", "keys": ["raw/202402-citbike-tripdata.csv.zip"]},
            {"month": "undated", "keys": ["raw/more/trips.CSV"]},
        ],
        "publish": {"months": ["2013", "2024-01", "2024-02", "undated"]},
    }


def test_asked_months_come_with_the_files_that_may_hold_them() -> None:
    planned = plan(KEYS, months=["2024-02"], force=True)
    assert planned["groups"] == [
        {"month": "2024-02", "keys": ["raw/202402-citbike-tripdata.csv.zip"], "force": True},
        {"month": "undated", "keys": ["raw/more/trips.CSV"], "force": True},
    ]


def test_named_files_come_alone() -> None:
    assert plan(KEYS, files=["raw/JC-202401-citibike-tripdata.csv.zip"]) == {
        "groups": [{"month": "2024-01", "keys": ["raw/JC-202401-citibike-tripdata.csv.zip"]}],
        "publish": {"months": ["2024-01"], "weather": []},
    }
    assert plan(KEYS, files=["raw/weather/2024.csv"]) == {
        "groups": [],
        "publish": {"months": [], "weather": ["raw/weather/2024.csv"]},
    }


def test_weather_alone_is_worth_publishing() -> None:
    assert plan(["raw/weather/2024.csv"]) == {"groups": [], "publish": {"months": []}}


@pytest.mark.parametrize(
    ("keys", "request_", "problem"),
    [
        ([], {}, "holds no trip files"),
        (["raw/202401-x.zip"], {"months": ["2025-01"]}, "months: none of the 1 trip files .* is of 2025-01"),
        ([], {"months": ["January"]}, "months.0"),
        (KEYS, {"files": ["raw/202403-citibike-tripdata.zip"]}, "files: nothing is stored at raw/202403"),
        ([*KEYS, "raw/simulated.json"], {"files": ["raw/simulated.json"]}, "holds no trip files"),
        (KEYS, {"files": ["202401-citibike-tripdata.zip"]}, "files.0"),
        ([], {"month": "2024-01"}, "month: Extra inputs"),
    ],
)
def test_nothing_to_do_is_said(keys: list[str], request_: dict[str, object], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        plan(keys, **request_)


@pytest.mark.parametrize(
    ("key", "month"),
    [
        ("raw/202401-citibike-tripdata.zip", "2024-01"),
        ("raw/2014-07 - Citi Bike trip data.csv", "2014-07"),
        ("raw/2018/part-1.csv", "2018"),
        ("raw/2024/202413-broken.csv", "2024"),
        ("raw/trips.csv", "undated"),
    ],
)
def test_the_month_is_read_from_the_name(key: str, month: str) -> None:
    assert label(key) == month


@given(st.lists(st.text(min_size=1, max_size=60), unique=True, min_size=1, max_size=300))
def test_every_file_is_in_exactly_one_group_that_a_container_can_be_told(names: list[str]) -> None:
    keys = [f"raw/202401/{number}-{name}.csv" for number, name in enumerate(names)]
    batches = plan_ingestion(IngestRequest(), dict.fromkeys(keys, 1))["batches"]
    told = [[key for month in batch["months"] for key in month["keys"]] for batch in batches]
    assert sorted(key for batch in told for key in batch) == sorted(keys)
    assert all(sum(map(len, batch)) <= MAX_KEY_CHARACTERS for batch in told)


def test_a_file_that_is_named_is_read_whatever_its_suffix() -> None:
    planned = plan([*KEYS, "raw/202405-rides.txt"], files=["raw/202405-rides.txt"])
    assert planned["groups"] == [{"month": "2024-05", "keys": ["raw/202405-rides.txt"]}]
