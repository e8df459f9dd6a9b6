"""The two data sources and how a panel asks them."""

from typing import Any

POSTGRES = {"type": "grafana-postgresql-datasource", "uid": "bikecast-postgres"}
CLOUDWATCH = {"type": "cloudwatch", "uid": "bikecast-cloudwatch"}


def sql(*statements: str, shape: str = "time_series") -> list[dict[str, Any]]:
    """Return a panel's queries, named A, B, ..."""
    return [
        {
            "refId": chr(ord("A") + index),
            "datasource": POSTGRES,
            "format": shape,
            "rawQuery": True,
            "editorMode": "code",
            "rawSql": statement,
        }
        for index, statement in enumerate(statements)
    ]
