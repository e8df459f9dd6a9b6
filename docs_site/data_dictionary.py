"""The data dictionary of a use case, made from the contracts that its tables are checked by."""

from collections.abc import Iterator
from typing import Any

from bikecast.examples.contract import declared_columns
from bikecast.examples.keys import table_key
from bikecast.use_case import Category, Feature, Input, Moment, Number, Text, UseCase
from bikecast.use_case.inputs import Kind
from docs_site.markdown import code, page, table

COLUMNS = ("column", "meaning", "type", "unit", "values")
OPTIONAL = ", optional"


def declared_dictionary(use_case: UseCase) -> str:
    """Return the page of a declared use case."""
    return page(f"{use_case.name}: data", [f"{use_case.title}.", *_table(use_case), *_features(use_case)])


def _table(use_case: UseCase) -> Iterator[str]:
    examples = use_case.examples
    yield "## Table"
    singular, plural = use_case.row
    yield f"One row is one {singular}; the table holds {plural} under {code(table_key(use_case.name, '*'))}."
    yield table(COLUMNS, (_column(item) for item in declared_columns(use_case)))
    if examples.key:
        yield f"Rows are identified by {', '.join(code(name) for name in examples.key)}."
    if examples.rules:
        rows = [(rule.name, rule.sentence) for rule in examples.rules]
        yield "Rows that break a rule are kept in quarantine and counted under its name:"
        yield table(("rule", "why"), rows)


def _column(item: Input) -> tuple[str, ...]:
    missing = item.optional or (isinstance(item.kind, Category) and item.kind.unknown == "missing")
    kind, unit, values = _kind(item.kind, item.unit)
    return (code(item.name), item.meaning, kind + (OPTIONAL if missing else ""), unit, values)


def _kind(kind: Kind, unit: str) -> tuple[str, str, str]:
    match kind:
        case Number():
            return ("whole number" if kind.integer else "number"), unit, f"{kind.low:g} to {kind.high:g}"
        case Category():
            return "category", unit, ", ".join(code(level) for level in kind.levels)
        case Moment():
            return ("wall time" if kind.clock else "day"), unit, ""
        case Text():
            return "text", unit, ""


def _features(use_case: UseCase) -> Iterator[str]:
    yield "## Features"
    yield "The model's columns, built from the table's by one function in training, serving and monitoring."
    rows = [(code(each.name), each.meaning, _levels(each)) for each in use_case.features.columns]
    yield table(("feature", "meaning", "levels"), rows)


def _levels(feature: Feature) -> str:
    return ", ".join(code(level) for level in feature.levels)


def contract_table(schema: Any) -> str:
    """Return the columns of a pandera schema: its types, its checks, and what it says of each column."""
    return table(COLUMNS, (_contract_column(column) for column in schema.columns.values()))


def _contract_column(column: Any) -> tuple[str, ...]:
    unit = (column.metadata or {}).get("unit", "")
    values = ", ".join(_check(check) for check in column.checks)
    missing = column.nullable or not column.required
    kind = f"{column.dtype}{OPTIONAL if missing else ''}"
    return code(column.name), column.description or "", kind, unit, values


def _check(check: Any) -> str:
    known = check.statistics or {}
    if "min_value" in known:
        return f"{known['min_value']:g} to {known['max_value']:g}"
    if "allowed_values" in known:
        return ", ".join(code(value) for value in known["allowed_values"])
    return str(check.name)
