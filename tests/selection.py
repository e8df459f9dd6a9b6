"""Which tests ``make check`` runs: those nearest to what differs from another commit.

``python -m tests.selection main`` prints test files, the nearest first. A test is near a changed module if it
imports it, at most through one other module. Files that nobody imports are found by the folder that tests
them. As a plugin of pytest (``-p tests.selection``) it skips what does not start in time.
"""

import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "bikecast", "infra_cdk", "lambdas", "training_job", "use_cases", "local_cloud", "console", "layers",
    "dashboards", "benchmarks", "docs_site", "tests",
)  # fmt: skip
SOURCES = (ROOT, ROOT / "layers/bikecast/python")
MOST_STEPS = 2
LIMIT_S = 75
# What runs a file without importing it: steps and use cases are found by name, pages and stacks are read.
MIRRORS = (
    ("*.md", "tests/unit/docs"),
    ("Makefile", "tests/unit/docs"),
    ("use_cases/citibike/steps/*", "tests/training_job/test_watching_steps.py"),
    ("use_cases/citibike/*", "tests/unit/use_cases/citibike"),
    ("use_cases/obesity/*", "tests/unit/use_cases/obesity"),
    ("use_cases/green_taxi/*", "tests/unit/use_cases/green_taxi"),
    ("use_cases/ride_duration/*", "tests/unit/use_cases/ride_duration"),
    ("training_job/rows/*", "tests/training_job/test_rows.py"),
    ("training_job/migrations/*", "tests/training_job/test_migrations.py"),
    ("training_job/migrations/*", "tests/training_job/test_first_database.py"),
    ("lambdas/operate/*", "tests/aws/serving/test_operate_handler.py"),
    ("lambdas/*/Dockerfile*", "tests/infra/test_images.py"),
    ("training_job/Dockerfile*", "tests/infra/test_images.py"),
    ("dashboards/*", "tests/dashboards"),
    ("local_cloud/fidelity/*", "tests/local_cloud/test_fidelity.py"),
)


def changed_files(base: str) -> list[str]:
    """Return the files that differ from where this branch left ``base``, new ones included."""
    fork = _git("merge-base", base, "HEAD")[0]
    differing = _git("diff", "--name-only", fork)
    return sorted({*differing, *_git("ls-files", "--others", "--exclude-standard")})


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def nearest_tests(changed: Iterable[str], graph: "grimp.ImportGraph") -> list[str]:
    """Return test files: changed ones, then by distance of imports, then those that mirror a changed file."""
    paths = list(changed)
    named = [folder for path in paths for pattern, folder in MIRRORS if fnmatch(path, pattern)]
    mirrored = [test for folder in named for test in _test_files(ROOT / folder)]
    modules = {name for name in map(module_of, paths) if name in graph.modules}
    imported = [path for name in _importers(modules, graph) if (path := _test_file(name)) is not None]
    found = dict.fromkeys([*(path for path in paths if _is_test(ROOT / path)), *imported, *mirrored])
    return [path for path in found if not path.startswith("tests/e2e/")]


def module_of(path: str) -> str | None:
    """Return the name under which a file of ours is imported, None if it is not Python."""
    if not path.endswith(".py"):
        return None
    inside = path.removeprefix("layers/bikecast/python/").removesuffix(".py").removesuffix("/__init__")
    return inside.replace("/", ".")


def _importers(modules: set[str], graph: "grimp.ImportGraph") -> Iterator[str]:
    """Yield modules that import one of these, directly first, up to ``MOST_STEPS`` away."""
    seen, edge = set(modules), modules
    yield from sorted(modules)
    for _ in range(MOST_STEPS):
        edge = {name for module in edge for name in graph.find_modules_that_directly_import(module)} - seen
        seen |= edge
        yield from sorted(edge)


def _test_file(module: str) -> str | None:
    path = ROOT / f"{module.replace('.', '/')}.py"
    return str(path.relative_to(ROOT)) if module.startswith("tests.") and _is_test(path) else None


def _test_files(place: Path) -> list[str]:
    files = sorted(place.rglob("test_*.py")) if place.is_dir() else [place]
    return [str(path.relative_to(ROOT)) for path in files if path.exists()]


def _is_test(path: Path) -> bool:
    return path.is_relative_to(ROOT / "tests") and path.match("test_*.py") and path.exists()


STARTED = pytest.StashKey[float]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the clock, in each process of its own."""
    config.stash[STARTED] = time.monotonic()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what does not start in time."""
    if time.monotonic() - item.config.stash[STARTED] > LIMIT_S:
        pytest.skip(f"not within {LIMIT_S} s: make test-unit runs it")


def main(arguments: Sequence[str]) -> int:
    """Print the files, one a line."""
    sys.path[:0] = map(str, SOURCES)
    print("\n".join(nearest_tests(changed_files(arguments[0]), grimp.build_graph(*PACKAGES))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
