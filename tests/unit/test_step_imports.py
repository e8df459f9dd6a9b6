"""What each step imports before it does anything: libraries that it may not need cost seconds at every start.

Read from the source, because to import them all would take longer than the other tests of this folder.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from bikecast.names import Step

ROOT = Path(__file__).resolve().parents[2]
PLACES = {"bikecast": ROOT / "layers/bikecast/python", "training_job": ROOT, "use_cases": ROOT}
HEAVY = {
    "alembic", "duckdb", "evidently", "fastapi", "matplotlib", "mlflow", "onnx", "onnxruntime", "optuna",
    "pandas", "pandera", "psycopg", "scipy", "sklearn", "sqlalchemy", "xgboost",
}  # fmt: skip
# What else a step needs it imports where it uses it, as it does the libraries of the families that it fits.
ALLOWED = {
    Step.PREPARE: {"pandas", "optuna"},
    Step.TUNE: {"pandas", "optuna"},
    Step.TRAIN: {"pandas", "optuna", "mlflow", "matplotlib"},
    Step.EVALUATE: {"pandas", "matplotlib"},
    Step.PROMOTE: {"pandas"},
    Step.ROLLBACK: {"pandas"},
    Step.INGEST_MONTH: {"pandas", "duckdb"},
    Step.PUBLISH_TABLES: {"pandas", "duckdb", "pandera"},
    Step.RECORD_ACTUALS: {"pandas", "pandera"},
    Step.REFRESH_LEVEL: {"pandas"},
    Step.PREDICT_PERIOD: {"pandas"},
    Step.REFRESH_DASHBOARD: set(),
    Step.RESUME_AUTOMATION: set(),
    Step.CLOSE_INCIDENT: set(),
    Step.MIGRATE: set(),
    Step.JUDGE_WINDOWS: set(),
}


@pytest.mark.parametrize("step", ALLOWED)
def test_a_step_imports_no_more_than_it_needs(step: Step) -> None:
    module = step.value.replace("-", "_")
    own = _file_of(f"use_cases.citibike.steps.{module}")
    start = f"use_cases.citibike.steps.{module}" if own else f"training_job.steps.{module}"
    assert _heavy(start) <= ALLOWED[step]


@pytest.mark.parametrize(
    ("step", "allowed"),
    [
        ("load_files", {"pandas"}),
        ("prepare", {"pandas", "optuna"}),
        ("tune", {"pandas", "optuna"}),
        ("train", {"pandas", "optuna", "mlflow"}),
        ("evaluate", {"pandas", "optuna"}),
    ],
)
def test_a_step_of_declared_use_cases_imports_no_more_than_it_needs(step: str, allowed: set[str]) -> None:
    assert _heavy(f"training_job.rows.{step}") <= allowed


def test_imports_are_found_through_modules_and_packages() -> None:
    assert {"optuna", "mlflow", "matplotlib"} <= _heavy("use_cases.citibike.steps.train")


def _heavy(start: str) -> set[str]:
    """Return the heavy libraries that a module imports, itself or by what it imports of ours."""
    seen, waiting, found = set[str](), [start], set[str]()
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        names = _imports(module)
        found |= {name.partition(".")[0] for name in names} & HEAVY
        waiting += [name for name in names if _file_of(name) is not None]
    return found


@cache
def _imports(module: str) -> tuple[str, ...]:
    path = _file_of(module)
    assert path is not None
    parents = [module.rpartition(".")[0]] if "." in module else []
    return (*parents, *_named(ast.parse(path.read_text()).body))


def _named(statements: list[ast.stmt]) -> Iterator[str]:
    """Yield what is imported when a module is; what a function or a type checker imports is not."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
        elif isinstance(statement, ast.If) and ast.unparse(statement.test) != "TYPE_CHECKING":
            yield from _named(statement.body)


def _file_of(module: str) -> Path | None:
    place = PLACES.get(module.partition(".")[0])
    if place is None:
        return None
    path = place / module.replace(".", "/")
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)
