"""Where the embedded cloud keeps its state and which ports it opens."""

import hashlib
import tempfile
from enum import StrEnum
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_PREFIX = "BIKECAST_LOCAL_"
PROJECT_DIR = Path(__file__).resolve().parents[1]
# Linux refuses longer addresses of unix sockets (108 bytes with the closing zero).
_MAX_SOCKET_PATH_BYTES = 107


# What each port is for, as a person reads it.
PURPOSES = {
    "port": "the AWS API",
    "https_port": "the AWS API over TLS",
    "database_port": "the database",
    "mlflow_port": "MLflow",
    "evidently_port": "Evidently",
}


class Engine(StrEnum):
    """How tasks run: as processes of this machine, or in containers of its Docker (or podman).

    With real containers our engine still stands between: the emulator listens on loopback only,
    which a bridged container cannot reach, so tasks run on the machine's own network.
    """

    PROCESS = "process"
    DOCKER = "docker"


class LocalCloudSettings(BaseSettings):
    """One embedded cloud: a state folder, loopback ports, a container engine.

    Every field can be set from the environment as ``BIKECAST_LOCAL_<FIELD>``.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="ignore")

    state_dir: Path = Path(".local")
    project_dir: Path = PROJECT_DIR
    port: int = Field(default=4566, ge=1024, le=65535)
    database_port: int = Field(default=15432, ge=1024, le=65535)
    mlflow_port: int = Field(default=5055, ge=1024, le=65535)
    evidently_port: int = Field(default=8101, ge=1024, le=65535)
    # The API over TLS as well, under a certificate made at each start; the port alone opens nothing.
    https: bool = False
    https_port: int = Field(default=4567, ge=1024, le=65535)
    engine: Engine = Engine.PROCESS
    region: str = "us-east-1"
    account_id: str = Field(default="000000000000", pattern=r"^\d{12}$")
    # Where the emulator's packages are installed; several clouds may share them.
    packages_dir: Path | None = None
    # Fidelity fixes to leave out; the tests show with it what each one is for.
    skipped_fixes: frozenset[str] = frozenset()

    @property
    def root(self) -> Path:
        """The state folder, absolute."""
        return self.state_dir.resolve()

    @property
    def run_dir(self) -> Path:
        """Records of the processes that were started."""
        return self.root / "run"

    @property
    def log_dir(self) -> Path:
        """One log file per process."""
        return self.root / "logs"

    @property
    def emulator_dir(self) -> Path:
        """The emulator's saved state."""
        return self.root / "emulator"

    @property
    def state_folder(self) -> Path:
        """Where the emulator keeps the state of its services."""
        return self.emulator_dir / "state"

    @property
    def traces_file(self) -> Path:
        """The spans that were exported to the emulator, as one OTLP message."""
        return self.emulator_dir / "traces.otlp"

    @property
    def temporary_dir(self) -> Path:
        """The emulator's temporary files, emptied at each start."""
        return self.emulator_dir / "tmp"

    @property
    def packages(self) -> Path:
        """The emulator's environments."""
        return self.packages_dir.resolve() if self.packages_dir else self.emulator_dir

    @property
    def engine_dir(self) -> Path:
        """The engine's volumes: databases live here."""
        return self.root / "engine"

    @property
    def volumes_dir(self) -> Path:
        """One folder per container volume."""
        return self.engine_dir / "volumes"

    @property
    def engine_socket(self) -> Path:
        """The engine's unix socket, in a folder that only this user can enter."""
        inside = self.engine_dir / "engine.sock"
        if len(bytes(inside)) <= _MAX_SOCKET_PATH_BYTES:
            return inside
        digest = hashlib.sha256(bytes(self.root)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"bikecast-{digest}" / "engine.sock"

    @property
    def tls_dir(self) -> Path:
        """The certificate of the TLS port, and the authority's that signed it."""
        return self.emulator_dir / "tls"

    @property
    def ports(self) -> dict[str, int]:
        """Every port that this cloud opens, by the field that sets it."""
        opened = {name: getattr(self, name) for name in PURPOSES}
        return opened if self.https else {name: port for name, port in opened.items() if name != "https_port"}

    @property
    def endpoint_url(self) -> str:
        """The emulator's address."""
        return f"http://127.0.0.1:{self.port}"


def variable(field: str) -> str:
    """Return the environment variable that sets ``field``."""
    return f"{ENV_PREFIX}{field.upper()}"
