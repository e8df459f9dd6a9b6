"""Rows that are to be predicted are read as loaded ones are; their truth may be missing."""

from pathlib import Path

import pandas as pd

from bikecast import discovery
from bikecast.examples import load_files, read_table, read_unlabelled
from bikecast.examples.sources import folder_files
from bikecast.storage import FolderStore

TAXI = discovery.load("green_taxi")
PAYMENT = TAXI.task.target
WITHOUT = "payment type missing"


def _month(folder: Path) -> Path:
    assert TAXI.simulate is not None
    TAXI.simulate(folder)
    return folder / "green_tripdata_2021-02.parquet"


def test_rows_without_a_truth_are_kept_and_others_judged_as_loading_judges_them(tmp_path: Path) -> None:
    month, store = _month(tmp_path / "simulated"), FolderStore(tmp_path / "tables")
    found = read_unlabelled(month, TAXI)
    report = load_files(store, TAXI, [s for s in folder_files(month.parent) if s.path == month])
    known = found.rows[found.rows[PAYMENT].notna()]
    assert len(known) == report.kept
    loaded = read_table(store, TAXI).sort_values(list(TAXI.examples.key), ignore_index=True)
    again = known.sort_values(list(TAXI.examples.key), ignore_index=True)
    pd.testing.assert_frame_equal(again, loaded, check_dtype=False)
    assert WITHOUT not in found.refused
    assert found.refused["fare missing or not positive"] >= report.refused["fare missing or not positive"]
    assert len(found.rows) + sum(found.refused.values()) == report.rows
    assert len(found.rows) - len(known) == report.refused[WITHOUT]


def test_a_truth_may_be_empty_and_its_column_absent(tmp_path: Path) -> None:
    obesity = discovery.load("obesity")
    assert obesity.simulate is not None
    obesity.simulate(tmp_path)
    persons = pd.read_csv(tmp_path / "simulated-persons-1.csv")
    persons.assign(NObeyesdad=["", *persons["NObeyesdad"][1:]]).to_csv(tmp_path / "one.csv", index=False)
    persons.drop(columns="NObeyesdad").to_csv(tmp_path / "none.csv", index=False)
    one, none = (read_unlabelled(tmp_path / f"{name}.csv", obesity) for name in ("one", "none"))
    assert one.rows["NObeyesdad"].isna().tolist() == [True, *[False] * (len(persons) - 1)]
    assert none.rows["NObeyesdad"].isna().all()
    assert (one.refused, none.refused) == ({}, {})
    inputs = [item.name for item in obesity.inputs]
    pd.testing.assert_frame_equal(one.rows[inputs], none.rows[inputs])
