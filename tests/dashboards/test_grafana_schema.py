"""Grafana's own typed schema, as its foundation SDK publishes it, knows every word of our files.

A key that the schema does not know is lost when a file is read into the SDK's models; one that has another
kind of value there comes back otherwise. Both are told by their path.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.alerting import Rule
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import build
from dashboards.alerts import alert_rules

plugins.register_default_plugins()
# The schema knows targets of Grafana's own annotations only; those of a data source are that one's queries.
UNTYPED = re.compile(r"dashboard\.annotations\.list\[\d\]\.target\.\w+")


def _typed(model: object) -> Any:
    return json.loads(JSONEncoder(sort_keys=True).encode(model))


def _lost(ours: Any, typed: Any, path: str) -> Iterator[str]:
    """Yield the paths of what is ours and is not, or not so, in the typed model."""
    if isinstance(ours, dict) and isinstance(typed, dict):
        for name, value in ours.items():
            if name in typed:
                yield from _lost(value, typed[name], f"{path}.{name}")
            elif value is not None:
                yield f"{path}.{name}"
    elif isinstance(ours, list) and isinstance(typed, list) and len(ours) == len(typed):
        for number, (mine, theirs) in enumerate(zip(ours, typed, strict=True)):
            yield from _lost(mine, theirs, f"{path}[{number}]")
    elif ours != typed:
        yield f"{path}: {ours!r} is {typed!r}"


def _unknown(board: dict[str, Any]) -> list[str]:
    lost = _lost(board, _typed(Dashboard.from_json(board)), "dashboard")
    return [path for path in lost if not UNTYPED.fullmatch(path)]


def test_the_schema_knows_every_key_of_the_dashboard() -> None:
    ours = build.dashboard()
    assert _unknown(ours) == []


@pytest.mark.parametrize("rule", alert_rules()["groups"][0]["rules"], ids=lambda rule: rule["uid"])
def test_the_schema_knows_every_key_of_an_alert_rule(rule: dict[str, Any]) -> None:
    assert list(_lost(rule, _typed(Rule.from_json(rule)), "rule")) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("panels", 0, "fieldConfig", "defaults", "units"), "ms"),
        (("panels", 4, "fieldConfig", "defaults", "custom", "showPoint"), "auto"),
        (("templating", "list", 0, "multiple"), True),
        (("timezon",), "utc"),
    ],
)
def test_a_misspelt_key_is_told(path: tuple[str | int, ...], value: object) -> None:
    spoilt = json.loads(json.dumps(build.dashboard()))
    place = spoilt
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    [told] = _unknown(spoilt)
    assert told.endswith(f".{path[-1]}")
