"""A database in a template is a database that answers.

AWS: AWS::RDS::DBInstance is complete once the server accepts connections; deleting it deletes it;
its endpoint stays the same.
MiniStack: from CloudFormation it is a record with an address that doesn't exist. After a restart
the server comes back some time later, on another port if an old connection is still closing.
"""

import contextlib
import functools
import socket
import struct
import time
from typing import Any

from ministack.services import rds
from ministack.services.cloudformation import provisioners

from local_cloud.fidelity.anchors import require

_TYPE = "AWS::RDS::DBInstance"
_TIMEOUT_S = 120.0
_PROTOCOL_3 = 196608


def apply() -> None:
    """Start, await and remove real servers."""
    require(provisioners._rds_db_instance_create, "_rds._instances[db_id] = instance")
    require(rds._start_rds_container_for_instance, 'host_port = instance.get("_HostPort") or _next_port()')
    create, delete = provisioners._rds_db_instance_create, provisioners._rds_db_instance_delete
    provisioners._rds_db_instance_create = _creating(create)
    provisioners._rds_db_instance_delete = _deleting(delete)
    handlers = provisioners._RESOURCE_HANDLERS[_TYPE]
    if handlers["create"] is not create or handlers["delete"] is not delete:
        raise AssertionError(f"{_TYPE} is handled by other functions than expected")
    handlers.update(create=provisioners._rds_db_instance_create, delete=provisioners._rds_db_instance_delete)
    require(rds._is_host_port_free, "bind(")
    rds._is_host_port_free = _is_free
    rds.load_persisted_state = _awaiting(rds.load_persisted_state)


def _is_free(port: int) -> bool:
    """Whether a server can listen; connections of its predecessor that are closing don't count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return _binds(probe, port)


def _binds(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def answers(port: int, user: str) -> bool:
    """Whether a PostgreSQL server asks ``user`` for a password; one that is starting up refuses."""
    parameters = b"\0".join((b"user", user.encode(), b"database", b"postgres", b"", b""))
    message = struct.pack(">ii", len(parameters) + 8, _PROTOCOL_3) + parameters
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as client:
        client.sendall(message)
        return client.recv(1) == b"R"
    return False


def _creating(create: Any) -> Any:
    @functools.wraps(create)
    def create_and_await(logical_id: str, properties: Any, stack_name: str) -> Any:
        db_id, _ = create(logical_id, properties, stack_name)
        instance = rds._instances[db_id]
        rds._start_rds_container_for_instance(db_id, instance)
        if instance["DBInstanceStatus"] == "failed" or not _await(instance):
            raise ValueError(f"the database {db_id} did not start; see the container engine's log")
        instance["Endpoint"].update(Address="127.0.0.1", Port=instance["_HostPort"])
        return db_id, provisioners._rds_db_instance_attrs(instance)

    return create_and_await


def _deleting(delete: Any) -> Any:
    @functools.wraps(delete)
    def delete_with_data(physical_id: str, properties: Any) -> None:
        instance = rds._instances.get(physical_id) or {}
        delete(physical_id, properties)
        client = rds._get_docker()
        if client is None or not instance.get("_docker_container_id"):
            return
        from docker.errors import NotFound

        with contextlib.suppress(NotFound):
            client.containers.get(instance["_docker_container_id"]).remove(force=True)
        with contextlib.suppress(NotFound):
            client.volumes.get(instance["_docker_volume_name"]).remove()

    return delete_with_data


def _awaiting(load: Any) -> Any:
    @functools.wraps(load)
    def load_and_await(data: Any) -> None:
        load(data)
        for instance in list(rds._instances._data.values()):
            if instance.get("_HostPort") and instance.get("DBInstanceStatus") != "stopped":
                _await(instance)

    return load_and_await


def _await(instance: dict[str, Any]) -> bool:
    deadline = time.monotonic() + _TIMEOUT_S
    while time.monotonic() < deadline:
        if answers(instance["_HostPort"], instance["MasterUsername"]):
            return True
        time.sleep(0.1)
    return False
