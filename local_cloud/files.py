"""Files that only this user may read, written whole or not at all."""

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path

from bikecast.errors import DeploymentError


def private_dir(path: Path) -> Path:
    """Make ``path`` a folder that only this user can enter, and return it.

    Raises:
        DeploymentError: The folder belongs to somebody else.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    facts = path.lstat()
    if facts.st_uid != os.geteuid() or not stat.S_ISDIR(facts.st_mode):
        raise DeploymentError(f"{path} belongs to another user; choose another state folder")
    path.chmod(0o700)
    return path


def code_digest(*folders: Path) -> str:
    """Return a digest that changes with any Python or lock file in ``folders``."""
    found = sorted(
        path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".lock")
    )
    return hashlib.sha256(b"".join(path.read_bytes() for path in found)).hexdigest()


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` by ``text`` in one step, readable by this user only."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
