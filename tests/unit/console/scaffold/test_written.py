"""A declaration that is written from a file is one: it is formatted, loads the file and gives features."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bikecast.examples import folder_files, load_files, read_table, to_sample
from bikecast.storage import FolderStore
from bikecast.use_case import UseCase
from bikecast.use_case.rows import columns_of_rows, row_model
from console.scaffold.declaration import written
from console.scaffold.planning import Said, plan_of
from console.scaffold.rows import read_whole

RNG = np.random.default_rng(3)
N = 240
GERMAN = str.maketrans(",.", ".,")


def wine() -> pd.DataFrame:
    """Blanks in names, no key, no time, numbers as classes."""
    acid, dioxide = RNG.normal(8, 1, N).round(2), RNG.integers(2, 70, N)
    return pd.DataFrame(
        {"fixed acidity": acid, "free sulfur dioxide": dioxide, "pH": 3.2, "quality": RNG.integers(3, 7, N)}
    )


def churn() -> pd.DataFrame:
    """A key, two classes, and blanks for missing numbers."""
    months = RNG.integers(0, 70, N)
    paid = np.where(months == 0, " ", (months * 20.5).astype(str))
    answer = np.where(RNG.random(N) < 0.2, "Yes", "No")
    return pd.DataFrame(
        {"customerID": [f"{n}-A" for n in range(N)], "months": months, "paid": paid, "Churn": answer}
    )


def sales() -> pd.DataFrame:
    """Days written as in Europe, a row for each shop, a yes or no."""
    days = np.repeat(pd.date_range("2024-01-01", periods=N // 2).strftime("%d/%m/%Y"), 2)
    shops, campaign = ["north", "south"] * (N // 2), RNG.random(N) < 0.3
    sold = RNG.integers(10, 300, N)
    return pd.DataFrame({"Date": days, "shop": shops, "campaign": campaign, "units": sold})


def power() -> pd.DataFrame:
    """Hours in UTC, question marks, German numbers, a dot in a name, and a model's method as a name."""
    hours = pd.date_range("2024-01-01", periods=N, freq="6h").strftime("%Y-%m-%dT%H:%M:%SZ")
    warm = RNG.normal(5, 8, N).round(1).astype(str)
    warm[::17] = "?"
    columns = {
        "utc": hours,
        "temp.c": warm,
        "copy": RNG.integers(1, 40, N),
        "load_mw": [f"{load:,.1f}".translate(GERMAN) for load in RNG.normal(900, 90, N)],
    }
    return pd.DataFrame(columns)


TABLES = {"quality": (wine, ";"), "Churn": (churn, ","), "units": (sales, ","), "load_mw": (power, ",")}


def declared(text: str, folder: Path) -> UseCase:
    path = folder / "use_case.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("written_use_case", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: UseCase = module.USE_CASE
    return found


@pytest.mark.parametrize("target", TABLES)
def test_a_file_loads_by_the_declaration_that_is_written_from_it(target: str, tmp_path: Path) -> None:
    make, delimiter = TABLES[target]
    files = tmp_path / "files"
    files.mkdir()
    make().to_csv(files / "table.csv", index=False, sep=delimiter)
    text = written(plan_of(read_whole(files / "table.csv", target), Said("written", target)))
    use_case = declared(text, tmp_path)

    store = FolderStore(tmp_path / "bucket")
    report = load_files(store, use_case, folder_files(files))
    assert (report.status, report.rows, report.kept) == ("complete", N, N)
    table = read_table(store, use_case)
    sample = to_sample(use_case, table)
    parts = use_case.split.parts(sample.time, sample.target, {})
    assert parts.holdout.sum() > 0.1 * N
    [row] = [row_model(use_case).model_validate(example) for example in use_case.example_rows]
    asked = use_case.features.build(columns_of_rows(use_case, [row]).columns)
    assert asked.shape == (1, sample.features.shape[1])
    for tool in (("format", "--check"), ("check", "--select", "E,F,I,D")):
        ruff = [
            sys.executable,
            "-m",
            "ruff",
            *tool,
            "--config",
            "pyproject.toml",
            str(tmp_path / "use_case.py"),
        ]
        done = subprocess.run(ruff, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_what_the_file_says_is_what_the_declaration_says(tmp_path: Path) -> None:
    sales().to_csv(tmp_path / "sales.csv", index=False)
    text = written(plan_of(read_whole(tmp_path / "sales.csv", "units"), Said("sales", "units")))
    use_case = declared(text, tmp_path)
    assert use_case.examples.key == ("Date", "shop")
    assert use_case.examples.time == "Date"
    assert use_case.simulate is None
    assert 'format="%d/%m/%Y"' in text


@pytest.mark.parametrize(("times", "partition"), [(1, "all"), (4, "month")])
def test_a_month_is_a_partition_where_it_has_many_rows(times: int, partition: str, tmp_path: Path) -> None:
    shops = [sales().assign(shop=f"shop {number}") for number in range(times)]
    pd.concat(shops).drop_duplicates(["Date", "shop"]).to_csv(tmp_path / "sales.csv", index=False)
    text = written(plan_of(read_whole(tmp_path / "sales.csv", "units"), Said("sales", "units")))
    assert declared(text, tmp_path).examples.partition == partition
