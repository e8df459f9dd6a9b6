"""``make mutation [MODULES=gate]``: small changes of the code that decides, each of which a test must notice.

mutmut finds a module by its folder, so a copy of the tree is made in which ``bikecast`` and ``training_job``
stand in ``src``. Each module is judged by its own tests alone. Lists the changes that no test noticed.
"""

import argparse
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STAGE = ROOT / ".build/mutation"
BIKECAST, JOB = "src/bikecast", "src/training_job"
COPIED = ("tests", "use_cases")
JUDGING = "tests/unit/evaluation"


@dataclass(frozen=True)
class Module:
    """What is changed, and by which tests that must be noticed."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


MODULES = {
    "gate": Module(
        (f"{BIKECAST}/evaluation/gate.py",),
        tuple(f"{JUDGING}/test_{name}.py" for name in ("gate", "gate_laws", "gate_limits")),
    ),
    "splits": Module(
        (f"{BIKECAST}/evaluation/splits/*.py",),
        (f"{JUDGING}/test_splits.py", f"{JUDGING}/test_split_limits.py"),
    ),
    "manifest": Module(
        tuple(
            f"{BIKECAST}/registry/{name}.py" for name in ("manifest", "champion_store", "champion_history")
        ),
        ("tests/unit/registry",),
    ),
    "verdicts": Module(
        (f"{BIKECAST}/drift.py", f"{BIKECAST}/monitoring/findings/verdicts.py"),
        ("tests/unit/test_drift.py", "tests/unit/test_verdicts.py"),
    ),
    "promote": Module((f"{JOB}/steps/promote.py",), ("tests/training_job/test_promote.py",)),
}
CONFIG = """
[tool.mutmut]
source_paths = ["src"]
only_mutate = {files}
also_copy = ["use_cases", "conftest.py"]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-p", "no:xdist"]
pytest_add_cli_args_test_selection = {tests}
use_git_change_detection = false
do_not_mutate_patterns = ["logger"]

[tool.pytest.ini_options]
pythonpath = ["src", "."]
timeout = 300
markers = ["e2e: ", "on_demand: "]
"""
# A changed module is slower than Hypothesis allows an example to be.
PROFILE = """
from hypothesis import settings

settings.register_profile("mutation", deadline=None)
settings.load_profile("mutation")
"""


def main() -> int:
    """Run the asked modules and list what goes unnoticed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", default=list(MODULES), help=", ".join(MODULES))
    survivors: list[str] = []
    for name in parser.parse_args().modules:
        survivors += _run(name, MODULES[name])
    print("\n".join(f"unnoticed: {name}" for name in survivors) or "every change is noticed")
    return 1 if survivors else 0


def _run(name: str, module: Module) -> list[str]:
    stage = STAGE / name
    shutil.rmtree(stage, ignore_errors=True)
    ignore = shutil.ignore_patterns("__pycache__", "*.pem")
    shutil.copytree(ROOT / "layers/bikecast/python/bikecast", stage / BIKECAST, ignore=ignore)
    shutil.copytree(ROOT / "training_job", stage / JOB, ignore=ignore)
    for folder in COPIED:
        shutil.copytree(ROOT / folder, stage / folder, ignore=ignore)
    missing = [each for each in (*module.files, *module.tests) if not any(stage.glob(each))]
    if missing:
        raise SystemExit(f"{name}: {', '.join(missing)} moved; name what is there in {__file__}")
    config = CONFIG.format(files=list(module.files), tests=list(module.tests))
    (stage / "pyproject.toml").write_text(config)
    (stage / "conftest.py").write_text(PROFILE)
    mutmut = [sys.executable, "-m", "mutmut"]
    env = {**os.environ, "PYTHONPATH": ""}
    subprocess.run([*mutmut, "run", "--max-children", "2"], cwd=stage, env=env, check=True)
    done = subprocess.run(
        [*mutmut, "results"], cwd=stage, env=env, check=True, capture_output=True, text=True
    )
    lines = (line.strip().partition(": ") for line in done.stdout.splitlines())
    return [mutant for mutant, _, _ in lines if mutant]


if __name__ == "__main__":
    sys.exit(main())
