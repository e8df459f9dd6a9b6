"""What ``make check`` runs for a change."""

from pathlib import Path

import grimp
import pytest

from tests.selection import MIRRORS, PACKAGES, ROOT, module_of, nearest_tests


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES)


def test_a_module_is_tested_by_what_imports_it(graph: grimp.ImportGraph) -> None:
    found = nearest_tests(["layers/bikecast/python/bikecast/evaluation/gate.py"], graph)
    assert "tests/unit/evaluation/test_gate.py" in found
    assert "tests/dashboards/test_grafana.py" not in found


def test_a_changed_test_comes_first_and_one_that_is_deleted_does_not(graph: grimp.ImportGraph) -> None:
    changed = ["console/ui.py", "tests/unit/test_requests.py", "tests/unit/test_deleted.py"]
    found = nearest_tests(changed, graph)
    assert found[0] == "tests/unit/test_requests.py"
    assert "tests/unit/test_deleted.py" not in found


def test_files_that_nobody_imports_are_tested_by_their_mirror(graph: grimp.ImportGraph) -> None:
    of_pages = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("tests/unit/docs/test_*.py"))
    assert nearest_tests(["README.md"], graph) == of_pages
    assert of_pages
    found = nearest_tests(["use_cases/obesity/search.toml"], graph)
    assert found == ["tests/unit/use_cases/obesity/test_obesity.py"]


def test_end_to_end_tests_are_left_to_the_whole_run(graph: grimp.ImportGraph) -> None:
    assert not [name for name in nearest_tests(["tests/deployment.py"], graph) if "e2e" in name]


def test_every_mirror_exists() -> None:
    assert [place for _, place in MIRRORS if not (ROOT / place).exists()] == []


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("layers/bikecast/python/bikecast/evaluation/__init__.py", "bikecast.evaluation"),
        ("console/ui.py", "console.ui"),
        ("README.md", None),
    ],
)
def test_a_file_is_known_by_the_name_under_which_it_is_imported(path: str, module: str | None) -> None:
    assert module_of(path) == module


def test_what_is_end_to_end_is_in_the_folder_that_is_collected_for_it_and_nothing_else_is() -> None:
    """Or `make test` would run it twice or never."""
    marked = {path for path in (ROOT / "tests").rglob("test_*.py") if "mark.e2e" in path.read_text()}
    assert marked - {Path(__file__)} == set((ROOT / "tests/e2e").glob("test_*.py"))
