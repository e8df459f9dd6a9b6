"""Ports of this machine: free, or taken by whom."""

import socket
from collections.abc import Collection, Mapping

import psutil

from bikecast.errors import DeploymentError
from local_cloud.settings import PURPOSES, variable


def require_free(ports: Mapping[str, int], *, ours: Collection[int] = ()) -> None:
    """Make sure that every loopback port can be opened, or is held by a process of ours.

    Args:
        ports: Ports by the field of the settings that chooses each.
        ours: Ids of the processes that are stopped before the ports are opened.
    Raises:
        DeploymentError: Some are taken or chosen twice; the message names each with its owner and variable.
    """
    problems = [_taken(field, port) for field, port in ports.items() if not _is_free(port, ours)]
    problems += _chosen_twice(ports)
    if problems:
        variables = ", ".join(variable(field) for field in ports)
        raise DeploymentError(
            "\n".join(problems)
            + f"\nNothing was changed. Stop those programs, or choose other ports with {variables}"
        )


def is_open(port: int) -> bool:
    """Whether something on loopback answers a connection to ``port``."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _taken(field: str, port: int) -> str:
    return f"port {port} for {PURPOSES[field]} ({variable(field)}) is taken{_owner(port)}"


def _chosen_twice(ports: Mapping[str, int]) -> list[str]:
    fields = {port: [field for field, other in ports.items() if other == port] for port in ports.values()}
    return [
        f"port {port} is chosen more than once: {', '.join(variable(field) for field in same)}"
        for port, same in fields.items()
        if len(same) > 1
    ]


def is_free(port: int) -> bool:
    """Whether ``port`` can be opened on loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_free(port: int, ours: Collection[int]) -> bool:
    return is_free(port) or (bool(holders := _holders(port)) and holders <= set(ours))


def _holders(port: int) -> set[int]:
    """Return the ids of the processes that listen on a port, those of other users left out."""
    try:
        found = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return set()
    return {
        c.pid for c in found if c.pid and c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port
    }


def _owner(port: int) -> str:
    try:
        names = {f"{psutil.Process(pid).name()} (process {pid})" for pid in _holders(port)}
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""
    return f" by {', '.join(sorted(names))}" if names else " by a process of another user"
