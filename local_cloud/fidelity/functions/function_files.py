"""A function's files are unpacked once.

AWS: an environment starts from prepared, read-only files.
MiniStack: every new environment unpacks bundle and layers again, 200 MB for our predictor, and
compiles every module again.

Each archive is unpacked to one folder, named by its contents, and environments link to it; what
Python compiles on the first import stays for the next environment.
"""

import hashlib
import os
import shutil
import tempfile
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime

from local_cloud.fidelity.anchors import require

# Beside the folder of temporary files, so that a restart doesn't lose it.
_CACHE_NAME = "unpacked"
_KEPT_UNUSED_S = 3 * 86_400


def apply() -> None:
    """Let the worker's archives be unpacked once."""
    require(lambda_runtime.Worker._spawn, "zf.extractall(code_dir)", "lzf.extractall(layer_dir)")
    _forget_unused()
    archives = SimpleNamespace(**{**vars(zipfile), "ZipFile": _UnpackedOnce})
    lambda_runtime.zipfile = archives


class _UnpackedOnce(zipfile.ZipFile):
    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Link the archive's unpacked entries into ``path``."""
        if path is None or members is not None or pwd is not None:
            super().extractall(path, members, pwd)
            return
        unpacked = _cache_dir() / self._digest()
        if not unpacked.exists():
            self._unpack(unpacked)
        os.utime(unpacked)
        for entry in unpacked.iterdir():
            (Path(path) / entry.name).symlink_to(entry)

    def _unpack(self, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
        super().extractall(fresh)
        try:
            fresh.rename(target)
        except OSError:
            # Another environment was quicker with the same files.
            shutil.rmtree(fresh)

    def _digest(self) -> str:
        entries = sorted((info.filename, info.CRC, info.file_size) for info in self.infolist())
        return hashlib.sha256(repr(entries).encode()).hexdigest()


def _forget_unused() -> None:
    """Remove what no environment has used for days, such as the layers of earlier deployments."""
    limit = time.time() - _KEPT_UNUSED_S
    for folder in _cache_dir().glob("*"):
        if folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)


def _cache_dir() -> Path:
    return Path(tempfile.gettempdir()).parent / _CACHE_NAME
