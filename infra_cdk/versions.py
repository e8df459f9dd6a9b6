"""Which code a deployable runs: the commit that the deployer names, else a hash of its sources."""

import hashlib
from functools import cache

from constructs import Construct

from bikecast import __version__
from infra_cdk.settings import ROOT

CONTEXT_KEY = "code_version"
DIGITS = 12


def code_version(scope: Construct, folder: str) -> str:
    """Return the version of a deployable: ``-c code_version=...``, or one that changes with its sources only.

    Args:
        scope: Any construct of the app.
        folder: The deployable's folder below the project's root.
    """
    named = scope.node.try_get_context(CONTEXT_KEY)
    return str(named) if named else f"{__version__}+{_hash(folder)}"


@cache
def _hash(folder: str) -> str:
    digest = hashlib.sha256()
    for root in (ROOT / folder, ROOT / "layers/bikecast/python/bikecast", ROOT / "use_cases"):
        for path in sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:DIGITS]
