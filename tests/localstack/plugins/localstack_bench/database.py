"""RDS: the project's own PostgreSQL, started as the instance is made."""

import os
from pathlib import Path
from typing import Any, ClassVar

from . import surroundings
from .resources import StandIn, generated_name, plugin

RUNNING: list[object] = []  # a server ends when nobody holds its input any more


class SubnetGroup(StandIn):
    """A name."""

    TYPE = "AWS::RDS::DBSubnetGroup"
    SCHEMA: ClassVar = {
        "primaryIdentifier": ["/properties/DBSubnetGroupName"],
        "properties": {"DBSubnetGroupName": {}},
    }

    def describe(self, request: Any, model: dict[str, Any]) -> dict[str, Any]:
        """Name it."""
        return {"DBSubnetGroupName": generated_name(request).lower()}


class Instance(StandIn):
    """A server with the owner and the database that the template asks for."""

    TYPE = "AWS::RDS::DBInstance"
    SCHEMA: ClassVar = {
        "primaryIdentifier": ["/properties/DBInstanceIdentifier"],
        "properties": {"DBInstanceIdentifier": {}, "Endpoint": {}, "DBInstanceArn": {}},
    }

    def describe(self, request: Any, model: dict[str, Any]) -> dict[str, Any]:
        """Start it, once."""
        port = os.environ["BENCH_DATABASE_PORT"]
        if not RUNNING:
            RUNNING.append(start_postgres(model, port=port))
        name = generated_name(request).lower()
        return {
            "DBInstanceIdentifier": name,
            "DBInstanceArn": f"arn:aws:rds:{surroundings.REGION}:{surroundings.ACCOUNT}:db:{name}",
            "Endpoint": {"Address": "127.0.0.1", "Port": port},
        }


def start_postgres(model: dict[str, Any], *, port: str) -> object:
    """Start the server that a template's instance stands for."""
    login = {
        "POSTGRES_USER": model["MasterUsername"],
        "POSTGRES_PASSWORD": model["MasterUserPassword"],
        "POSTGRES_DB": model["DBName"],
    }
    path = {"PYTHONPATH": str(surroundings.project())}
    argv = [surroundings.project_python(), "-m", "local_cloud.engine.postgres", port]
    volume = Path(os.environ["BENCH_DATABASE_VOLUME"])
    environment = surroundings.inherited() | login | path
    return surroundings.start(
        [*argv, str(volume)], environment, cwd=Path("/tmp"), log=volume.with_suffix(".log")
    )


SubnetGroupPlugin = plugin(SubnetGroup, SubnetGroup.TYPE)
InstancePlugin = plugin(Instance, Instance.TYPE)
