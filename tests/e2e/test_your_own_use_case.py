"""A table that nobody here has seen, from an empty folder to a watched champion: deliveries of a shop.

Runs in a clone, to which the use case is added, on a cloud of its own.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from tests.clone import clone_into
from tests.deployment import Deployment, deployed, eventually

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("e2e"), pytest.mark.timeout(900)]

NAME = "deliveries"


def deliveries(first_day: str, n_days: int, *, farther: float = 1.0) -> pd.DataFrame:
    """A hundred a day, by two vehicles; the minutes follow from distance, vehicle and items."""
    rng, rows = np.random.default_rng(n_days), 100 * n_days
    at = pd.Timestamp(first_day) + pd.to_timedelta(np.sort(rng.integers(0, 86_400 * n_days, rows)), unit="s")
    km, items = (farther * rng.gamma(2.0, 1.6, rows)).clip(0.1, 25).round(2), rng.integers(1, 12, rows)
    bike = rng.random(rows) < 0.6
    minutes = (
        (12 + km * np.where(bike, 4.0, 2.2) + 0.5 * items + rng.normal(0, 3, rows)).clip(2, 110).round(1)
    )
    number = [f"{first_day}-{n}" for n in range(rows)]
    vehicle = np.where(bike, "bike", "car")
    columns = {"Order ID": number, "ordered.at": at.strftime("%d.%m.%Y %H:%M:%S"), "distance_km": km}
    return pd.DataFrame(columns | {"items": items, "vehicle": vehicle, "minutes": minutes})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A cloud of a clone whose only deployed use case was written from a file."""
    clone = clone_into(tmp_path_factory.mktemp("clone"))
    with deployed(logs="own-use-case-logs", bare=True, project=clone) as cloud:
        yield cloud


def bikecast(cloud: Deployment, *args: str) -> Any:
    return cloud.bikecast("--use-case", NAME, *args)


def test_a_table_of_ones_own_goes_from_a_file_to_a_watched_champion(shop: Deployment, tmp_path: Path) -> None:
    known = tmp_path / "deliveries.csv"
    deliveries("2025-01-01", 45).to_csv(known, index=False, sep=";")
    told = shop.bikecast("init", NAME, "--from", str(known), "--target", "minutes")
    assert (told["key"], told["time"], told["inputs"]) == ("Order ID", "ordered.at", 5)

    outputs = bikecast(shop, "deploy")
    report = bikecast(shop, "load", str(known))
    assert (report["status"], report["rows"], report["kept"]) == ("complete", 4_500, 4_500)
    trained = bikecast(shop, "train", "--trials", "2")
    assert trained["decision"] == "promote", trained
    champion = bikecast(shop, "champion")
    assert (champion["use_case"], champion["simulated"]) == (NAME, False)

    new = deliveries("2025-02-17", 14, farther=2.5)  # two weeks since the shop moved to the outskirts
    unknown, scored = tmp_path / "unknown.csv", tmp_path / "scored.parquet"
    new.drop(columns="minutes").to_csv(unknown, index=False, sep=";")
    told = bikecast(shop, "predict", "--input", str(unknown), "--output", str(scored))
    assert (told["rows"], told["truth_known"], told["answered_by"]) == (len(new), 0, {"champion": len(new)})
    asked = {"ordered.at": "2025-02-17 08:00:00", "distance_km": 4.0, "items": 1_000, "vehicle": "bike"}
    refused = _ask(outputs, [asked])
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["path"] == "input_data[0].items"

    logged = "select count(*) from monitoring.predictions p where p.use_case = %s"
    joined = "select count(*) from monitoring.predictions join monitoring.actuals using (use_case, key)"
    new.to_csv(tmp_path / "later.csv", index=False, sep=";")
    eventually(lambda: shop.sql(logged, NAME) == [(len(new),)], timeout_s=60)
    assert bikecast(shop, "load", str(tmp_path / "later.csv"))["status"] == "complete"
    assert bikecast(shop, "predict", "--output", str(scored))["truth_known"] == len(new)
    kept = pd.read_parquet(scored)
    assert kept["minutes"].tolist() == new["minutes"].tolist()
    assert (kept["prediction"] - kept["minutes"]).abs().mean() < 8
    verdicts = bikecast(shop, "drift")
    assert shop.sql(joined) == [(len(new),)]
    assert {"degraded", "severe"} & {verdict["verdict"] for verdict in verdicts}, verdicts
    assert bikecast(shop, "incidents")[0]["status"] == "open"


def _ask(outputs: dict[str, Any], rows: list[dict[str, Any]]) -> httpx.Response:
    headers = {"x-api-key": outputs["api_key"]}
    return httpx.post(f"{outputs['api_url']}/predict", json={"input_data": rows}, headers=headers, timeout=40)
