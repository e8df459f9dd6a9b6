"""The emulator's two environments, for itself and for functions, built from hash-locked files."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from bikecast.errors import DeploymentError
from local_cloud.files import private_dir
from local_cloud.settings import LocalCloudSettings

_LOCKS = Path(__file__).parent
_INSTALL_TIMEOUT_S = 600


def emulator_python(settings: LocalCloudSettings) -> Path:
    """The interpreter that runs the emulator."""
    return _python(settings.packages / "venv")


def function_python(settings: LocalCloudSettings) -> Path:
    """The interpreter that runs Lambda functions: boto3 and what the bundle brings, as on AWS."""
    return _python(settings.packages / "runtime")


def install(settings: LocalCloudSettings) -> None:
    """Build both environments unless they are there and whole.

    Raises:
        DeploymentError: The packages cannot be installed; the message holds uv's own words.
    """
    private_dir(settings.packages)
    with (settings.packages / "packages.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        for name, lock in (("venv", "requirements.lock"), ("runtime", "runtime-requirements.lock")):
            _build(settings.packages / name, _LOCKS / lock)


def _build(environment: Path, lock: Path) -> None:
    stamp = environment / ".complete"
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return
    shutil.rmtree(environment, ignore_errors=True)
    _uv("venv", "--quiet", "--no-project", "--python", sys.executable, str(environment))
    _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(_python(environment)), str(lock))
    stamp.write_text(wanted, encoding="utf-8")


def _uv(*arguments: str) -> None:
    beside = Path(sys.executable).with_name("uv")
    program = str(beside) if beside.exists() else shutil.which("uv")
    if program is None:
        raise DeploymentError("uv is missing; run `make setup`")
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False
    )
    if done.returncode:
        raise DeploymentError(f"the emulator's environment could not be built: {done.stderr.strip()}")


def _python(environment: Path) -> Path:
    return environment / "bin" / "python"
