"""The templates that the CDK wrote, kept by what they are made from: to write them again takes longer than
to compare them with what stands.
"""

import contextlib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

# All that the app reads; of the Lambda bundles their digests.
SOURCES = (
    "app.py", "cdk.json", "infra_cdk", "lambdas", "layers", "training_job", "use_cases", "requirements.lock",
    "package-lock.json",
)  # fmt: skip
BUNDLES, KEPT = ".build/*/*.sha256", ".build/templates"
MOST_KEPT = 4


@contextlib.contextmanager
def kept_templates(clone: Path, *choices: str) -> Iterator[tuple[str, ...]]:
    """Yield the options of ``cdk deploy`` that take what is kept of the same sources and choices, if it is.

    Else they name the folder that new ones are written to; it is kept if nothing fails.
    """
    kept = clone / KEPT / _digest(clone, choices)
    if kept.is_dir():
        yield ("--app", str(kept))
        return
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".") as folder:
        written = Path(folder) / "written"
        yield ("--output", str(written))
        with contextlib.suppress(OSError):  # another deployment has kept the same
            written.rename(kept)
    _forget(kept.parent)


def _digest(clone: Path, choices: tuple[str, ...]) -> str:
    digest = hashlib.sha256("\0".join(choices).encode())
    for path in sorted(_files(clone)):
        digest.update(path.relative_to(clone).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _files(clone: Path) -> Iterator[Path]:
    for path in (*clone.glob(BUNDLES), *(clone / name for name in SOURCES)):
        found = path.rglob("*") if path.is_dir() else [path]
        yield from (each for each in found if each.is_file() and "__pycache__" not in each.parts)


def _forget(folder: Path) -> None:
    """Remove all but the newest."""
    kept = sorted((each for each in folder.glob("[!.]*")), key=lambda each: each.stat().st_mtime)
    for each in kept[:-MOST_KEPT]:
        shutil.rmtree(each, ignore_errors=True)
