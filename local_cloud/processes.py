"""Detached processes with a record on disk: started once, found again, stopped with all they started."""

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from local_cloud.files import private_dir, write_private
from local_cloud.settings import LocalCloudSettings

# Every process of an embedded cloud carries the state folder in this variable, so that strays can be found.
STATE_VARIABLE = "BIKECAST_LOCAL_OWNER"
_BIRTH_TOLERANCE_S = 0.05


class ProcessRecord(BaseModel):
    """One started process; the birth time tells it from a later owner of the same id."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    born: float
    log: Path
    url: str | None = None
    fingerprint: str = ""

    def process(self) -> psutil.Process | None:
        """Return the living process, or None if it has ended."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.born) < _BIRTH_TOLERANCE_S
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None


def spawn(
    settings: LocalCloudSettings,
    name: str,
    *,
    argv: Sequence[str],
    environment: Mapping[str, str],
    cwd: Path,
    url: str | None = None,
    fingerprint: str = "",
) -> ProcessRecord:
    """Start ``argv`` so that it outlives this process and its terminal, and record it."""
    log = private_dir(settings.log_dir) / f"{name}.log"
    with log.open("ab") as output:
        child = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**environment, STATE_VARIABLE: str(settings.root)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    born = psutil.Process(child.pid).create_time()
    record = ProcessRecord(name=name, pid=child.pid, born=born, log=log, url=url, fingerprint=fingerprint)
    write_private(_path(settings, name), record.model_dump_json())
    return record


def find(settings: LocalCloudSettings, name: str) -> ProcessRecord | None:
    """Return the record of ``name``, whether its process lives or not."""
    path = _path(settings, name)
    return ProcessRecord.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else None


def records(settings: LocalCloudSettings) -> list[ProcessRecord]:
    """Return every record of this state folder, by name."""
    names = sorted(path.stem for path in settings.run_dir.glob("*.json"))
    return [record for name in names if (record := find(settings, name))]


def stop(settings: LocalCloudSettings, name: str, *, grace_s: float = 15.0) -> bool:
    """Ask ``name`` to end, wait ``grace_s``, end it and all it started; return whether it was running."""
    record = find(settings, name)
    process = record.process() if record else None
    if process:
        family = [*process.children(recursive=True), process]
        _signal([process], signal.SIGTERM)
        psutil.wait_procs([process], timeout=grace_s)
        end(family)
    _path(settings, name).unlink(missing_ok=True)
    return process is not None


def end(family: Iterable[psutil.Process], *, grace_s: float = 3.0) -> None:
    """End processes that had their chance: SIGTERM, then SIGKILL after ``grace_s``."""
    left = [process for process in family if process.is_running()]
    _signal(left, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(left, timeout=grace_s)
    _signal(stubborn, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=grace_s)


def strays(settings: LocalCloudSettings) -> list[psutil.Process]:
    """Return the living processes of this state folder that no record and no living parent accounts for."""
    known = {os.getpid(), *_recorded(settings)}
    return [
        process for process in psutil.process_iter() if process.pid not in known and _ours(process, settings)
    ]


def members(settings: LocalCloudSettings) -> set[int]:
    """Return the ids of all living processes of this state folder."""
    return _recorded(settings) | {process.pid for process in strays(settings)}


def _recorded(settings: LocalCloudSettings) -> set[int]:
    roots = [process for record in records(settings) if (process := record.process())]
    return {process.pid for root in roots for process in (root, *root.children(recursive=True))}


def _ours(process: psutil.Process, settings: LocalCloudSettings) -> bool:
    try:
        if process.environ().get(STATE_VARIABLE) == str(settings.root):
            return True
        arguments = process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False
    # Functions don't get our variable, but each runs a file in the emulator's temporary folder.
    folders = tuple(f"{folder}{os.sep}" for folder in (settings.temporary_dir, settings.volumes_dir))
    return any(argument.startswith(folders) for argument in arguments)


def _signal(processes: Iterable[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)
        except psutil.NoSuchProcess:
            continue


def _path(settings: LocalCloudSettings, name: str) -> Path:
    return private_dir(settings.run_dir) / f"{name}.json"
