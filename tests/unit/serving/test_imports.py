"""What each function imports: nothing that its bundle lacks, nothing slow that it does not need."""

import subprocess
import sys

import pytest

HEAVY = {"pandas", "mlflow", "sklearn", "scipy", "xgboost", "pyarrow", "sqlalchemy", "evidently"}
MODEL = {"numpy", "onnxruntime", "holidays"}


def _imported(module: str) -> set[str]:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("function", "unwanted"),
    [
        ("predict", HEAVY | {"psycopg"}),
        ("operate", HEAVY | MODEL | {"psycopg"}),
        ("capture_predictions", HEAVY | MODEL | {"fastapi", "mangum"}),
    ],
)
def test_a_function_imports_only_what_it_needs(function: str, unwanted: set[str]) -> None:
    assert _imported(f"lambdas.{function}.handler") & unwanted == set()
