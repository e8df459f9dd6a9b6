"""Starts, stops and describes the embedded cloud; each call may meet any half-finished state."""

import fcntl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from local_cloud import connection, container_engine, emulator, processes
from local_cloud.connection import Connection
from local_cloud.fidelity.durability import unsaved
from local_cloud.files import private_dir
from local_cloud.ports import is_open, require_free
from local_cloud.remembered import remember
from local_cloud.settings import Engine, LocalCloudSettings

EMULATOR, ENGINE = "emulator", "engine"
_STOP_GRACE_S = 30.0


@dataclass(frozen=True)
class ComponentStatus:
    """One process of the embedded cloud, as a person wants to know it."""

    name: str
    running: bool
    pid: int | None
    url: str | None
    log: str


def start(settings: LocalCloudSettings, *, say: Callable[[str], None] | None = None) -> Connection:
    """Start what isn't running and return how to reach it; safe to call at any time.

    Raises:
        DeploymentError: Ports are taken (nothing was stopped), an environment can't be built, or the emulator
            doesn't come up.
    """
    say = say or _say
    with _exclusive(settings):
        reached = connection.plan(settings)
        _tell_unsaved(settings, say=say)
        if not _healthy(settings, reached):
            require_free(settings.ports, ours=processes.members(settings))
            _clear(settings, say=say)
            with _nothing_left_behind(settings):
                _start(settings, reached, say=say)
        connection.save(settings, reached)
        remember(settings)
        say(f"the embedded cloud is running at {settings.endpoint_url}")
        return reached


def _start(settings: LocalCloudSettings, reached: Connection, *, say: Callable[[str], None]) -> None:
    _timed("the emulator's packages", lambda: emulator.install(settings), say=say)
    if settings.engine is Engine.DOCKER:
        _timed("the training image", lambda: container_engine.build_task_image(settings), say=say)
    _timed("the container engine", lambda: container_engine.start_engine(settings, ENGINE), say=say)
    _timed("the emulator", lambda: emulator.start(settings, EMULATOR, reached), say=say)


@contextmanager
def _nothing_left_behind(settings: LocalCloudSettings) -> Iterator[None]:
    """Stop what a start that fails or is interrupted has started."""
    try:
        yield
    except BaseException:
        _clear(settings, say=lambda _: None)
        raise


def running(settings: LocalCloudSettings) -> Connection | None:
    """Return how to reach the cloud of the state folder; None unless its own emulator runs and listens."""
    if not connection.exists(settings.root) or not _alive(settings, EMULATOR):
        return None
    reached = connection.load(settings.root)
    return reached if is_open(reached.port) else None


def stop(settings: LocalCloudSettings, *, say: Callable[[str], None] | None = None) -> bool:
    """Stop everything that belongs to the state folder; return whether anything was running."""
    if not settings.root.exists():
        return False
    say = say or _say
    with _exclusive(settings):
        return _clear(settings, say=say, helpers=True)


def status(settings: LocalCloudSettings) -> list[ComponentStatus]:
    """Return every process that was started and not stopped, the dead ones marked so."""
    return [
        ComponentStatus(
            name=record.name,
            running=record.process() is not None,
            pid=record.pid if record.process() else None,
            url=record.url,
            log=str(record.log),
        )
        for record in processes.records(settings)
    ]


def _tell_unsaved(settings: LocalCloudSettings, *, say: Callable[[str], None]) -> None:
    """Say what the emulator could not write, as on a full disk: after a crash that is lost."""
    services = unsaved.read(settings.state_folder)
    if services:
        say(
            f"the latest state of {services} could not be written; what changed last there (executions, "
            "settings) is lost if the cloud was killed since: free space, and look before you go on"
        )


def _healthy(settings: LocalCloudSettings, reached: Connection) -> bool:
    """Whether everything runs, with the code and the settings of now."""
    wanted = {
        EMULATOR: emulator.fingerprint(settings, reached),
        ENGINE: container_engine.fingerprint(settings),
    }
    living = {record.name: record.fingerprint for record in processes.records(settings) if record.process()}
    return wanted.items() <= living.items() and emulator.answers(settings)


def _clear(settings: LocalCloudSettings, *, say: Callable[[str], None], helpers: bool = False) -> bool:
    """Stop emulator, engine and strays, and with ``helpers`` the services beside them."""
    found = False
    beside = [record.name for record in processes.records(settings) if record.name not in (EMULATOR, ENGINE)]
    for name in [*(beside if helpers else []), EMULATOR, ENGINE]:
        if processes.find(settings, name):
            say(f"stopping {name}" if _alive(settings, name) else f"{name} has died; clearing up after it")
            found = processes.stop(settings, name, grace_s=_STOP_GRACE_S) or found
    strays = processes.strays(settings)
    processes.end(strays, grace_s=_STOP_GRACE_S)
    return found or bool(strays)


def _alive(settings: LocalCloudSettings, name: str) -> bool:
    record = processes.find(settings, name)
    return record is not None and record.process() is not None


@contextmanager
def _exclusive(settings: LocalCloudSettings) -> Iterator[None]:
    """Let one command at a time change a state folder."""
    with (private_dir(settings.root) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _timed(what: str, act: Callable[[], object], *, say: Callable[[str], None]) -> None:
    began = time.monotonic()
    act()
    say(f"{what}: ready after {time.monotonic() - began:.1f} s")


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)  # noqa: T201 - progress belongs on the terminal
