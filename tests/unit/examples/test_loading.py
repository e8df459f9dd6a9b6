"""Files of a use case become a checked table: nothing is lost, and order and repetition don't matter."""

import datetime as dt
import gzip
import itertools
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bikecast.errors import DataError
from bikecast.examples import (
    LoadReport,
    folder_files,
    forget_simulated,
    judged_otherwise,
    latest_report,
    load_files,
    partitions,
    read_table,
    stored_files,
)
from bikecast.examples.keys import entries_prefix, quarantine_key, raw_prefix, table_key
from bikecast.examples.sources import LocalFile, source_id
from bikecast.storage import FolderStore
from bikecast.use_case import Text, UseCase
from bikecast.yearly import read_parquet
from tests.unit.examples.toy import HEADER, TOY, rows, text, toy


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "bucket")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


def load(store: FolderStore, folder: Path, use_case: UseCase = TOY) -> LoadReport:
    report = load_files(store, use_case, folder_files(folder))
    for file in report.files:
        assert file.rows == file.kept + sum(file.refused.values())
    return report


def refused(store: FolderStore, name: str) -> pd.DataFrame:
    frame = read_parquet(store, quarantine_key("toy", source_id(name)))
    assert frame is not None
    return frame


def state(store: FolderStore) -> dict[str, bytes]:
    """Return the tables' bytes."""
    return {name: store.read(table_key("toy", name)).body for name in partitions(store, TOY)}


def test_rows_become_partitions_by_month(store: FolderStore, folder: Path) -> None:
    (folder / "a.csv").write_text(text([*rows(5), *rows(3, first=5, month="2024-02")]))
    report = load(store, folder)
    assert report.status == "complete"
    assert {name: part.rows for name, part in report.partitions.items()} == {"2024-01": 5, "2024-02": 3}
    table = read_table(store, TOY)
    assert list(table.columns) == list(HEADER)
    assert table["ordered_at"].dtype == "datetime64[s]"
    assert table["floors"].tolist()[:3] == [0.0, 1.0, 2.0]
    assert latest_report(store, "toy") == report


def test_rows_without_a_time_are_one_partition(store: FolderStore, folder: Path) -> None:
    (folder / "a.csv").write_text(text(rows(4)))
    load(store, folder, toy(time=None, partition="all"))
    assert partitions(store, TOY) == ("all",)


def test_each_refused_row_is_counted_and_kept_with_file_line_and_reason(
    store: FolderStore, folder: Path
) -> None:
    good = rows(20)
    bad = [
        ("x1", "2024-01-01 08:00:00", "small", "1", "0", "0"),
        ("x2", "2024-01-01 08:00:00", "small", "101", "0", "9"),
        ("x3", "2024-13-01 08:00:00", "small", "1", "0", "9"),
        ("x4", "2024-01-01 08:00:00", "small", "heavy", "0", "9"),
        ("x5", "2024-01-01 08:00:00", "small", "1", "1.5", "9"),
        ("x6", "2024-01-01 08:00:00", "", "1", "", "9"),
        ("x7", "2024-01-01 08:00:00", "small"),
        ("x8", "2024-01-01 08:00:00+02:00", "small", "1", "0", "9"),
        ("x9", "2024-01-01", "small", "1", "0", "9"),
    ]
    (folder / "a.csv").write_text(text([*good, *bad]))
    report = load(store, folder)
    assert report.refused == {
        "ordered_at: unreadable": 3,
        "not in the warehouse": 1,
        "weight: outside 0 to 100 kg": 1,
        "weight: unreadable": 1,
        "floors: not a whole number": 1,
        "floors: missing": 1,
        "malformed row": 1,
    }
    kept = refused(store, "a.csv")
    assert sorted(kept["line"]) == list(range(22, 31))
    assert set(kept["file"]) == {"a.csv"}
    assert kept.loc[kept["line"] == 25, "reason"].item() == "weight: unreadable"
    assert '"weight":"heavy"' in kept.loc[kept["line"] == 25, "text"].item()
    assert report.quarantine == (store.uri(quarantine_key("toy", source_id("a.csv"))),)


def test_row_counts_under_the_first_rule_that_it_breaks(store: FolderStore, folder: Path) -> None:
    line = ("x1", "2024-01-01 08:00:00", "small", "999", "0", "0")
    (folder / "a.csv").write_text(text([*rows(3), line]))
    assert load(store, folder).refused == {"not in the warehouse": 1}


def test_unknown_level_is_kept_as_missing_and_counted(store: FolderStore, folder: Path) -> None:
    line = ("x1", "2024-01-01 08:00:00", "huge", "9", "0", "5")
    (folder / "a.csv").write_text(text([*rows(3), line]))
    report = load(store, folder)
    assert report.files[0].unknown_levels == {"size": {"huge": 1}}
    table = read_table(store, TOY)
    assert table.loc[table["order"] == "x1", "size"].item() is None


@pytest.mark.parametrize(
    ("encoding", "ends", "name"),
    [("utf-8-sig", "\r\n", "utf-8-sig"), ("utf-16", "\n", "utf-16"), ("cp1252", "\r", "cp1252")],
)
def test_encodings_marks_and_line_ends_are_taken_as_they_come(
    store: FolderStore, folder: Path, encoding: str, ends: str, name: str
) -> None:
    lines = [*rows(3), ("ö", "2024-01-01 08:00:00", "small", "9", "0", "5")]
    (folder / "a.csv").write_bytes(text(lines).replace("\n", ends).encode(encoding))
    report = load(store, folder)
    assert report.kept == 4
    assert report.files[0].encoding == name
    assert "ö" in read_table(store, TOY)["order"].tolist()


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_delimiter_is_found_by_the_header(store: FolderStore, folder: Path, delimiter: str) -> None:
    (folder / "a.csv").write_text(text(rows(3)).replace(",", delimiter))
    assert load(store, folder).kept == 3


def test_quoted_values_may_hold_breaks_and_an_open_quote_swallows_nothing(
    store: FolderStore, folder: Path
) -> None:
    lines = text(rows(6)).splitlines()
    lines[2] = lines[2].replace("o1,", '"o,1\nx",')
    lines[4] = lines[4].replace("o3,", '"o3,')
    (folder / "a.csv").write_text("\n".join([*lines, "", ",".join(HEADER), "", *lines[1:2]]))
    report = load(store, folder)
    assert report.refused == {"malformed row": 1, "repeated header": 1}
    assert report.partitions["2024-01"].repeated == 1
    kept = refused(store, "a.csv")
    assert kept["line"].tolist() == [6, 10]
    assert "o,1\nx" in read_table(store, TOY)["order"].tolist()


def test_zip_with_several_members_and_junk_gz_and_parquet_give_the_same_table(
    tmp_path: Path, folder: Path
) -> None:
    lines = rows(40)
    (folder / "plain.csv").write_text(text(lines))
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("b/1.csv", text(lines[:10]))
        archive.writestr("__MACOSX/b/._1.csv", b"\x00\x05\x16\x07")
        archive.writestr("b/2.csv", text(lines[10:]))
    (folder / "packed.csv.gz").write_bytes(gzip.compress(text(lines).encode()))
    frame = pd.DataFrame(lines, columns=list(HEADER)).astype({"weight": float, "floors": "int32"})
    frame.astype({"minutes": "int64"}).to_parquet(folder / "typed.parquet")
    found = []
    for file in folder_files(folder):
        store = FolderStore(tmp_path / file.name.replace(".", "-"))
        assert load_files(store, TOY, [file]).status == "complete"
        found.append(state(store))
    assert len(found) == 4
    assert all(tables == found[0] for tables in found)


def test_codes_are_the_same_whether_written_as_text_or_as_numbers_of_any_width(tmp_path: Path) -> None:
    coded = toy(read=lambda raw: raw.assign(size=raw["size"].map({1: "small", 2: "large"})))
    for width in ("int8", "int64", "float64"):
        frame = pd.DataFrame(rows(2), columns=list(HEADER)).assign(size=[1, 2]).astype({"size": width})
        frame.to_parquet(tmp_path / f"{width}.parquet")
    store = FolderStore(tmp_path / "bucket")
    report = load_files(store, coded, folder_files(tmp_path))
    assert report.partitions["2024-01"].rows == 2
    assert report.partitions["2024-01"].repeated == 4


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("other.csv", b"a,b\n1,2\n", "no reader knows a table of the columns a, b"),
        ("page.csv", b"<!DOCTYPE html><html>", "is a web page"),
        ("empty.csv", b"", "is empty"),
        ("header.csv", text([]).encode(), "a header and no row"),
        ("half.parquet", b"PAR1 and no more", "damaged or cut short"),
        ("half.zip", b"PK\x03\x04 and no more", "damaged or cut short"),
        ("half.csv.gz", gzip.compress(b"x" * 99, mtime=0)[:20], "damaged or cut short"),
        ("conflict.csv", text([*rows(2), ("<<<<<<< HEAD",)]).encode(), "line 4 is a merge-conflict marker"),
        ("odd.csv", text([("o", "1/2/24", "small", "1", "1", "1")]).encode(), "1 of 1 rows cannot be read"),
        ("unlabelled.csv", text([("x",)], header=["ordered_at", "size"]).encode(), "no reader knows"),
        ("binary.csv", bytes(range(256)), "is binary"),
    ],
)
def test_file_that_cannot_be_read_fails_by_name_while_others_load(
    store: FolderStore, folder: Path, name: str, body: bytes, said: str
) -> None:
    (folder / name).write_bytes(body)
    (folder / "zz-good.csv").write_text(text(rows(3)))
    report = load(store, folder)
    assert report.status == "incomplete"
    assert said in report.problems[name]
    assert len(read_table(store, TOY)) == 3


def test_member_that_cannot_be_read_is_named(store: FolderStore, folder: Path) -> None:
    with zipfile.ZipFile(folder / "two.zip", "w") as archive:
        archive.writestr("good.csv", text(rows(3)))
        archive.writestr("bad.csv", "a,b\n1,2\n")
    report = load(store, folder)
    assert report.problems["two.zip"].startswith("two.zip/bad.csv: no reader knows")
    assert "ordered_at, size, floors, minutes" in report.problems["two.zip"]


def test_workbook_is_told_by_its_content(store: FolderStore, folder: Path) -> None:
    with zipfile.ZipFile(folder / "book.zip", "w") as archive:
        archive.writestr("xl/workbook.xml", "")
    assert "save its sheet as CSV" in load(store, folder).problems["book.zip"]


def test_loading_again_changes_nothing(store: FolderStore, folder: Path) -> None:
    (folder / "a.csv").write_text(text(rows(30)))
    (folder / "b.csv").write_text(text(rows(30, first=20)))
    first, before = load(store, folder), state(store)
    again = load(store, folder)
    assert state(store) == before
    assert again.unchanged == ("a.csv", "b.csv")
    assert again.partitions == first.partitions
    assert first.partitions["2024-01"].repeated == 10


def test_newer_row_of_a_key_wins_and_loading_the_older_file_again_brings_nothing_back(
    store: FolderStore, folder: Path
) -> None:
    line = ("o1", "2024-01-02 08:01:00", "small", "1", "0", "77")
    (folder / "b-old.csv").write_text(text(rows(3)))
    load(store, folder)
    (folder / "a-new.csv").write_text(text([line]))
    report = load(store, folder)
    assert report.partitions["2024-01"].replaced == 1
    load_files(store, TOY, [LocalFile(folder / "b-old.csv", "b-old.csv")], force=True)
    table = read_table(store, TOY)
    assert table.loc[table["order"] == "o1", "minutes"].tolist() == [77.0]


def test_rows_without_a_key_are_told_apart_by_everything(store: FolderStore, folder: Path) -> None:
    lines = [("", *line[1:]) for line in rows(3)]
    (folder / "a.csv").write_text(text([*lines, lines[0]]))
    assert load(store, folder).partitions["2024-01"].model_dump() == {"rows": 3, "repeated": 1, "replaced": 0}


def test_identity_that_a_spreadsheet_destroyed_is_none(store: FolderStore, folder: Path) -> None:
    lines = [("5.63E+14", *line[1:]) for line in rows(3)]
    (folder / "a.csv").write_text(text(lines))
    assert load(store, folder).partitions["2024-01"].rows == 3


def test_changed_file_replaces_what_it_gave_and_a_failed_one_leaves_it(
    store: FolderStore, folder: Path
) -> None:
    (folder / "a.csv").write_text(text([*rows(3), *rows(2, first=9, month="2024-02")]))
    load(store, folder)
    (folder / "a.csv").write_text(text(rows(2)))
    report = load(store, folder)
    assert {name: part.rows for name, part in report.partitions.items()} == {"2024-01": 2, "2024-02": 0}
    assert partitions(store, TOY) == ("2024-01",)
    (folder / "a.csv").write_text("gone,wrong\n1,2\n")
    assert load(store, folder).status == "incomplete"
    assert len(read_table(store, TOY)) == 2
    assert len([key for key in store.keys(entries_prefix("toy")) if key.endswith(".parquet")]) == 1


def test_files_of_the_bucket_and_of_a_folder_are_the_same_sources(store: FolderStore, folder: Path) -> None:
    (folder / "a.csv").write_text(text(rows(3)))
    load(store, folder)
    store.upload(folder / "a.csv", f"{raw_prefix('toy')}a.csv")
    assert load_files(store, TOY, stored_files(store, "toy")).unchanged == ("a.csv",)


def test_simulated_rows_are_labelled_and_can_be_taken_out(store: FolderStore, folder: Path) -> None:
    (folder / "sim").mkdir()
    (folder / "sim" / "simulated.json").write_text("{}")
    (folder / "sim" / "a.csv").write_text(text(rows(3, month="2024-02")))
    (folder / "b.csv").write_text(text(rows(4)))
    assert load(store, folder).simulated
    assert forget_simulated(store, TOY) == ["sim/a.csv"]
    assert partitions(store, TOY) == ("2024-01",)
    assert not load_files(store, TOY, [LocalFile(folder / "b.csv", "b.csv")]).simulated


def test_simulated_rows_stay_until_another_file_gave_one(store: FolderStore, folder: Path) -> None:
    (folder / "sim").mkdir()
    (folder / "sim" / "simulated.json").write_text("{}")
    (folder / "sim" / "a.csv").write_text(text(rows(3)))
    load(store, folder)
    before = state(store)
    real = LocalFile(folder / "b.csv", "b.csv")
    for body in ("gone,wrong\n1,2\n", ",".join(HEADER)):
        real.path.write_text(body)
        with pytest.raises(DataError, match=r"the simulated rows stay: b\.csv: "):
            load_files(store, TOY, [real], replace_simulated=True)
        assert state(store) == before
    real.path.write_text(text(rows(4, first=9)))
    report = load_files(store, TOY, [real], replace_simulated=True)
    assert (report.simulated, len(read_table(store, TOY))) == (False, 4)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=6), st.permutations(range(3)))
def test_any_order_and_any_cut_into_loads_gives_the_same_table(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], order: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("any-order")
    files = []
    for number in range(3):
        (folder / f"{number}.csv").write_text(text(rows(9, first=5 * number)))
        files.append(LocalFile(folder / f"{number}.csv", f"{number}.csv"))
    once, several = FolderStore(folder / "once"), FolderStore(folder / "several")
    load_files(once, TOY, files)
    for size in itertools.chain(cuts, [3]):
        load_files(several, TOY, [files[number] for number in order[:size]])
    assert state(once) == state(several)


def test_what_an_earlier_declaration_judged_is_named_and_read_again(store: FolderStore, folder: Path) -> None:
    (folder / "a.csv").write_text(text(rows(3)))
    (folder / "b.csv").write_text(text(rows(2, first=3)))
    load(store, folder)
    assert not judged_otherwise(store, TOY)
    inputs = (replace(item, kind=Text()) if item.name == "floors" else item for item in TOY.inputs)
    corrected = replace(TOY, inputs=tuple(inputs))
    assert judged_otherwise(store, corrected) == {"a.csv", "b.csv"}
    assert load(store, folder, corrected).kept == 5
    assert read_table(store, corrected)["floors"].tolist() == list("01230")
    assert not judged_otherwise(store, corrected)


def test_a_file_of_which_nothing_can_be_kept_is_a_problem(store: FolderStore, folder: Path) -> None:
    lines = text(rows(3)).splitlines()
    heavy = [",".join([*line.split(",")[:3], "999", *line.split(",")[4:]]) for line in lines[1:]]
    (folder / "a.csv").write_text("\n".join([lines[0], *heavy]))
    report = load(store, folder)
    assert report.status == "incomplete"
    assert "none of its 3 rows can be kept; 3 are refused for: weight: outside" in report.problems["a.csv"]


def test_table_that_breaks_the_contract_is_refused_at_each_read(store: FolderStore, folder: Path) -> None:
    (folder / "a.csv").write_text(text(rows(3)))
    load(store, folder)
    table = read_table(store, TOY)
    table.loc[1, "weight"] = 999
    table.to_parquet(store.root / table_key("toy", "2024-01"), index=False)
    with pytest.raises(DataError, match=r"row 1, weight: outside 0 to 100 kg; load its files again"):
        read_table(store, TOY)


def test_reading_names_partitions_or_a_period(store: FolderStore, folder: Path) -> None:
    (folder / "a.csv").write_text(text([*rows(28), *rows(9, first=40, month="2024-02")]))
    load(store, folder)
    assert len(read_table(store, TOY, named=["2024-02"])) == 9
    period = (dt.date(2024, 1, 27), dt.date(2024, 2, 13))
    found = read_table(store, TOY, period=period)
    assert found["ordered_at"].dt.date.between(*period).all()
    assert found["ordered_at"].is_monotonic_increasing
    with pytest.raises(DataError, match=r"no partition 2024-03 \(there are 2024-01, 2024-02\)"):
        read_table(store, TOY, named=["2024-03"])


def test_hundred_thousand_rows_load_in_seconds(store: FolderStore, folder: Path) -> None:
    (folder / "a.csv").write_text(text(rows(100_000)))
    started_s = time.process_time()
    assert load(store, folder).kept == 100_000
    assert time.process_time() - started_s < 6  # 1.5 s on a quiet machine
