"""Ports of this machine: free, or taken by whom."""

import socket

import psutil

from bikecast.errors import DeploymentError
from local_cloud.settings import variable


def require_free(port: int, *, field: str, purpose: str) -> None:
    """Make sure that a loopback port can be opened.

    Raises:
        DeploymentError: It is taken; the message names the port, its owner and the variable to change.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            taken = f"port {port} for {purpose} is taken{_owner(port)}"
            raise DeploymentError(f"{taken}; stop that program or set {variable(field)}") from error


def is_open(port: int) -> bool:
    """Whether something on loopback answers a connection to ``port``."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _owner(port: int) -> str:
    try:
        holders = [c.pid for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port and c.pid]
        names = {f"{psutil.Process(pid).name()} (process {pid})" for pid in holders}
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""
    return f" by {', '.join(sorted(names))}" if names else ""
