"""A deployed LocalStack for the tests in turn, and how long each part took."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from bikecast.database import DatabaseSettings
from bikecast.names import Containers
from tests.localstack.bench import PYTHON, Bench, find_python, install, localstack, worker

TIMES = pytest.StashKey[dict[str, float]]()


def pytest_configure(config: pytest.Config) -> None:
    """Keep the times for the summary."""
    config.stash[TIMES] = {}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Show them."""
    if config.stash[TIMES]:
        terminalreporter.section("seconds on LocalStack")
        for name, seconds in config.stash[TIMES].items():
            terminalreporter.write_line(f"{seconds:7.1f}  {name}")


@dataclass
class Clock:
    """Measures parts by name."""

    times: dict[str, float]
    way: Containers

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure what runs inside."""
        began = time.monotonic()
        yield
        self.times[f"{self.way}: {name}"] = time.monotonic() - began


@pytest.fixture(scope="module", params=list(Containers))
def way(request: pytest.FixtureRequest) -> Containers:
    """What runs the steps."""
    return Containers(request.param)


@pytest.fixture(scope="module")
def clock(way: Containers, pytestconfig: pytest.Config) -> Clock:
    """Where the parts' times go."""
    return Clock(pytestconfig.stash[TIMES], way)


@pytest.fixture(scope="module")
def bench(way: Containers, clock: Clock, request: pytest.FixtureRequest) -> Iterator[Bench]:
    """A LocalStack with nothing deployed; gone when its tests are over.

    With a worker nothing that is paid there is stood in for.
    """
    python = find_python()
    if python is None:
        pytest.skip(f"NOT RUN: no Python {PYTHON} here; LOCALSTACK_PYTHON names one")
    with clock.part("installation"):
        install(python)
    with ExitStack() as running:
        with clock.part("start"):
            on_ecs = way is Containers.ECS
            bench = running.enter_context(localstack(stand_ins=on_ecs, logs=f"localstack-{way}"))
        if not on_ecs:
            _give_database(bench, request.getfixturevalue("postgres").create_database())
        yield bench


@pytest.fixture(scope="module")
def steps(bench: Bench, way: Containers) -> Iterator["subprocess.Popen[bytes] | None"]:
    """Whatever runs the steps of the deployed stacks: a worker, unless they run on ECS."""
    if way is Containers.ECS:
        yield None
        return
    with worker(bench) as process:
        yield process


def _give_database(bench: Bench, database: DatabaseSettings) -> None:
    """Name a database that is there already, its password in a secret."""
    assert database.password is not None
    address = f"postgresql://{database.user}@{database.host}:{database.port}/{database.name}"
    bench.use_worker(address, password=database.password.get_secret_value())
