"""Each fix restores what AWS does: its probe passes with it and fails without it."""

from collections.abc import Callable
from typing import Any

import pytest
from _pytest.outcomes import Failed
from botocore.exceptions import BotoCoreError, ClientError

from local_cloud import fidelity
from tests.local_cloud import probes
from tests.local_cloud.conftest import Cloud

# Left out together; no fix of a half touches what another one's probe looks at.
HALVES = (
    (
        "administrator",
        "durable_state",
        "function_process",
        "function_metrics",
        "task_timing",
        "machine_role",
        "alarms",
        "database",
    ),
    (
        "durable_queue",
        "function_files",
        "function_credentials",
        "function_errors",
        "task_role",
        "task_stop",
        "task_secrets",
        "execution_end",
        "execution_resume",
        "api_key_identity",
        "function_secret",
    ),
)
# One process of the test run starts the clouds.
pytestmark = pytest.mark.xdist_group("fidelity")
FAILURES = (AssertionError, Failed, ClientError, BotoCoreError, OSError, KeyError)


@pytest.fixture(scope="session")
def clouds_without(start_cloud: Callable[..., Cloud]) -> Callable[[str], Cloud]:
    """Clouds that miss half of the fixes each."""
    started: dict[tuple[str, ...], Cloud] = {}

    def without(name: str) -> Cloud:
        half = next(half for half in HALVES if name in half)
        if half not in started:
            started[half] = start_cloud(*half)
        return started[half]

    return without


def probe(name: str) -> Any:
    return getattr(probes, name)


def test_every_fix_has_a_probe_and_a_half() -> None:
    assert sorted(fidelity.FIXES) == sorted(name for half in HALVES for name in half)
    assert all(callable(probe(name)) for name in fidelity.FIXES)


@pytest.mark.parametrize("name", fidelity.FIXES)
def test_the_cloud_behaves_like_aws(name: str, cloud: Cloud) -> None:
    probe(name)(cloud)


@pytest.mark.parametrize("name", fidelity.FIXES)
def test_without_its_fix_it_does_not(name: str, clouds_without: Callable[[str], Cloud]) -> None:
    with pytest.raises((*FAILURES, *_driver_errors())):
        probe(name)(clouds_without(name))


def _driver_errors() -> tuple[type[Exception], ...]:
    import psycopg

    return (psycopg.OperationalError,)
