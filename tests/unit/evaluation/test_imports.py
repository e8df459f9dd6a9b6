"""The predictor imports this room, so it must stay light."""

import subprocess
import sys

HEAVY = ("pandas", "sklearn", "scipy", "xgboost", "pyarrow", "boto3", "mlflow", "fastapi", "onnx")
ALL = """
import importlib, pkgutil, sys
import bikecast.evaluation as room
for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
    importlib.import_module(module.name)
print(*sorted(name for name in sys.modules if "." not in name))
"""


def test_the_whole_room_needs_numpy_and_pydantic_alone() -> None:
    found = subprocess.run([sys.executable, "-c", ALL], capture_output=True, text=True, check=True)
    loaded = set(found.stdout.split())
    assert {"numpy", "pydantic"} <= loaded
    assert not loaded & set(HEAVY)
