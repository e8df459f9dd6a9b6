"""A backup as a folder: each object once under its hash, the database as SQL, the manifest written last."""

import datetime as dt
import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bikecast import __version__
from bikecast.errors import InputError
from bikecast.names import Bucket

MANIFEST, DATABASE, OBJECTS = "backup.json", "database.sql.gz", "objects"
FORMAT = 1
PRIVATE = 0o700  # it holds what people did and were predicted


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SavedObject(_Part):
    """One object of a bucket; its bytes lie under their hash."""

    key: str
    sha256: str
    size_bytes: int
    content_type: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)


class SavedDatabase(_Part):
    """The dump, and how many rows each table had."""

    sha256: str
    owner: str
    rows: dict[str, int]


class Backup(_Part):
    """What a backup holds, and where it was made."""

    format: int = FORMAT
    created_at: dt.datetime
    version: str = __version__
    target: str
    environment: str
    bucket_names: dict[Bucket, str] = Field(description="Physical names, which the database refers to.")
    objects: dict[Bucket, tuple[SavedObject, ...]]
    database: SavedDatabase
    champions: dict[str, str | None] = Field(description="Version that serves, by use case.")

    def totals(self) -> dict[str, int]:
        """Return how much it holds."""
        saved = [each for objects in self.objects.values() for each in objects]
        return {
            "objects": len(saved),
            "bytes": sum(each.size_bytes for each in saved),
            "rows": sum(self.database.rows.values()),
        }


class BackupFolder:
    """The files of one backup.

    Args:
        root: The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / DATABASE

    def create(self) -> None:
        """Make the folder.

        Raises:
            InputError: Something is there already.
        """
        if self.root.exists() and any(self.root.iterdir()):
            raise InputError(f"{self.root} is not empty: name a new folder for the backup")
        (self.root / OBJECTS).mkdir(parents=True, exist_ok=True)
        self.root.chmod(PRIVATE)

    def path(self, digest: str) -> Path:
        """Return where the bytes of a hash lie."""
        return self.root / OBJECTS / digest[:2] / digest

    def keep(self, loaded: Path) -> str:
        """Move a file to where its hash says and return the hash."""
        digest = sha256_of(loaded)
        place = self.path(digest)
        place.parent.mkdir(exist_ok=True)
        loaded.replace(place)
        return digest

    def finish(self, backup: Backup) -> None:
        """Write the manifest: from now on it is a backup."""
        (self.root / MANIFEST).write_text(backup.model_dump_json(indent=1))

    def read(self) -> Backup:
        """Return the manifest after checking every file against it.

        Raises:
            InputError: It is not a finished backup of this format, or a file is missing or damaged.
        """
        path = self.root / MANIFEST
        if not path.is_file():
            raise InputError(f"{path} is missing: {self.root} is not a backup, or it was not finished")
        try:
            backup = Backup.model_validate_json(path.read_bytes())
        except ValidationError as err:
            raise InputError(f"{path} is not the manifest of a backup: {err.errors()[0]['msg']}") from err
        if backup.format != FORMAT:
            raise InputError(f"{path} has format {backup.format}, and this code reads {FORMAT}")
        for file in self._damaged(backup):
            raise InputError(f"{file} is missing or damaged: this backup cannot be restored")
        return backup

    def statements(self) -> Iterator[bytes]:
        """Yield the lines of the dump."""
        with gzip.open(self.database, "rb") as lines:
            yield from lines

    def _damaged(self, backup: Backup) -> Iterator[Path]:
        saved = {each.sha256 for objects in backup.objects.values() for each in objects}
        files = [(self.database, backup.database.sha256), *((self.path(each), each) for each in saved)]
        return (path for path, digest in files if not path.is_file() or sha256_of(path) != digest)


def sha256_of(path: Path) -> str:
    """Return a file's hash."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
