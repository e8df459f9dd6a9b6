"""Bytes that others can write are never executed: nothing unpickles, and no step loads a model by MLflow."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("layers/bikecast/python/bikecast", "training_job", "lambdas", "use_cases", "console")
MODULES = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
CALLS = {"load_model", "unwrap_python_model", "read_pickle"}


def _breaches(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] in MODULES)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            yield str(node.module)
        if isinstance(node, ast.Call):
            yield from _calls(node)


def _calls(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in CALLS:
        yield str(name)
    for keyword in call.keywords:
        allowed = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
        if keyword.arg == "allow_pickle" and not allowed:
            yield "allow_pickle"


def test_nothing_is_unpickled() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert len(files) > 100
    found = {str(path.relative_to(ROOT)): what for path in files if (what := list(_breaches(path)))}
    assert found == {}


def test_a_breach_would_be_found(tmp_path: Path) -> None:
    file = tmp_path / "bad.py"
    file.write_text(
        "import pickle\nfrom joblib import load\nmlflow.pyfunc.load_model(1)\nnp.load(x, allow_pickle=True)\n"
    )
    assert list(_breaches(file)) == ["pickle", "joblib", "load_model", "allow_pickle"]
