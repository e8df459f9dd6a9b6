"""A simulated city with a champion trained on its year 2024, and a database to watch it in."""

import datetime as dt
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from posixpath import dirname

import psycopg
import pytest

from bikecast.database import DatabaseSettings, connect
from bikecast.monitoring.run import Ports
from bikecast.names import DatabaseRole
from bikecast.storage import FolderStore
from tests.champions import publish_champion
from tests.roles import log_in_as
from training_job.migrations import migrate
from use_cases.citibike.monitoring.champion import load_champion, read_history
from use_cases.citibike.monitoring.limits import calibrate
from use_cases.citibike.monitoring.sources import Champion
from use_cases.citibike.simulator.simulation import simulate_tables
from use_cases.citibike.tables.hourly import write_hourly, write_weather

TRAINED_UNTIL = "2024-12-31"
NOW = dt.datetime(2025, 4, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Buckets as folders: data of 15 simulated months, and a champion trained on the first 12."""
    root = tmp_path_factory.mktemp("city")
    hourly, weather = simulate_tables(dt.date(2024, 1, 1), dt.date(2025, 3, 31), scale=0.3)
    write_hourly(FolderStore(root / "data"), hourly)
    write_weather(FolderStore(root / "data"), weather)
    year, days = hourly[hourly["date"] <= TRAINED_UNTIL], weather[weather["DATE"] <= TRAINED_UNTIL]
    serving = FolderStore(root / "serving")
    manifest = publish_champion(serving, year, days)
    limits = calibrate(read_history(serving, manifest)).model_dump_json().encode()
    serving.write(f"{dirname(manifest.model.key)}/thresholds.json", limits)  # where older code put them
    return root


@pytest.fixture(scope="session")
def champion(city: Path) -> Champion:
    """The city's champion, to be read only."""
    return load_champion(FolderStore(city / "serving"))


@dataclass(frozen=True, kw_only=True)
class City(Ports):
    """The monitor's surroundings, and the database's owner, who writes what the monitor only reads."""

    owner: Callable[[], psycopg.Connection]


@pytest.fixture
def ports(city: Path, tmp_path: Path, database: DatabaseSettings) -> City:
    """The city's own copy with an empty, migrated database, in which the monitor has its own role."""
    migrate(database)
    login = log_in_as(DatabaseRole.MONITOR, database)
    root = tmp_path / "city"
    shutil.copytree(city, root)
    return City(
        data=FolderStore(root / "data"),
        serving=FolderStore(root / "serving"),
        reports=FolderStore(root / "reports"),
        connect=lambda: connect(login, application="test"),
        owner=lambda: connect(database, application="test"),
        clock=lambda: NOW,
    )


@pytest.fixture
def rows(ports: Ports) -> Callable[..., list[tuple[object, ...]]]:
    """Ask the database."""

    def ask(query: str, *values: object) -> list[tuple[object, ...]]:
        with ports.connect() as connection:
            return connection.execute(query.encode(), values).fetchall()

    return ask


def with_connect(ports: Ports, connect: Callable[[], psycopg.Connection]) -> Ports:
    """Return the same ports with another way to the database."""
    return replace(ports, connect=connect)
