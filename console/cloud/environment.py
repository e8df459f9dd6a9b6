"""The variables with which any AWS client, SDK or CDK command reaches the embedded cloud."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from console.cloud.session import running_connection
from console.errors import NoCloudError
from console.settings import CLONE
from local_cloud.connection import FOREIGN_VARIABLES


def client_environment() -> dict[str, str]:
    """Return the variables, with this clone's programs first on the search path.

    Raises:
        NoCloudError: The embedded cloud does not run.
    """
    connection = running_connection()
    if connection is None:
        raise NoCloudError("no embedded cloud runs in this clone: start it with `bikecast up`")
    return connection.client_environment() | {"PATH": search_path(), "JSII_NODE": str(program("node"))}


def search_path() -> str:
    """Return the search path with this clone's programs first, each folder once."""
    folders = [*map(str, (program("bikecast").parent, CLONE / "node_modules/.bin"))]
    known = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(dict.fromkeys([*folders, *known]))


def program(name: str) -> Path:
    """Return the path of a program of this clone's environment."""
    return Path(sys.executable).with_name(name)


def shell_lines(variables: Mapping[str, str]) -> str:
    """Return what a POSIX shell evaluates to set the variables and to forget another account's."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join([f"unset {' '.join(FOREIGN_VARIABLES)}", *exports])
