"""Alert rules: one number each, wrong when above zero."""

from typing import Any

from dashboards import queries
from dashboards.sources import POSTGRES, sql


def alert_rules() -> dict[str, Any]:
    """Return the rules as Grafana provisions them."""
    rules = [
        _rule("model-degraded", "The last window is degraded or severe", queries.ERROR_OVER_LIMIT),
        _rule("monitor-silent", "No window was judged for eight days", queries.NO_WINDOW_LATELY),
        _rule("paused-long", "Promotion has been paused for more than a day", queries.PAUSED_LONG),
    ]
    group = {"orgId": 1, "name": "bikecast", "folder": "bikecast", "interval": "10m", "rules": rules}
    return {"apiVersion": 1, "groups": [group]}


def _rule(uid: str, title: str, statement: str) -> dict[str, Any]:
    query = {"refId": "A", "datasourceUid": POSTGRES["uid"], "relativeTimeRange": {"from": 86400, "to": 0}}
    above = {
        "evaluator": {"type": "gt", "params": [0]},
        "operator": {"type": "and"},
        "query": {"params": ["A"]},
    }
    condition = {
        "refId": "B",
        "datasourceUid": "__expr__",
        "model": {"refId": "B", "type": "threshold", "expression": "A", "conditions": [above]},
    }
    return {
        "uid": f"bikecast-{uid}",
        "title": title,
        "condition": "B",
        "data": [query | {"model": sql(statement, shape="table")[0]}, condition],
        "for": "0s",
        "noDataState": "Alerting",
        "execErrState": "Error",
        "labels": {"service": "bikecast"},
    }
