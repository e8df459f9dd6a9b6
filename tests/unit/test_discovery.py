"""Use cases are found by name, and a declaration that fails says where."""

import sys
from pathlib import Path

import pytest

import use_cases
from bikecast import discovery
from bikecast.errors import InputError
from console.use_cases import use_case_rows

BROKEN = "from bikecast import use_case as uc\n\nX = uc.Number(0, 5, unit='hPa')\n"


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A use case beside the others whose declaration cannot be imported."""
    folder = tmp_path / "use_cases/broken"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "use_case.py").write_text(BROKEN)
    places = [*use_cases.__path__, str(folder.parent)]
    monkeypatch.setattr(use_cases, "__path__", places)
    assert use_cases.__spec__ is not None
    monkeypatch.setattr(use_cases.__spec__, "submodule_search_locations", places)
    for module in [name for name in sys.modules if name.startswith("use_cases.broken")]:
        monkeypatch.delitem(sys.modules, module)
    return "broken"


def test_a_declaration_that_fails_is_told_with_its_line(broken: str) -> None:
    with pytest.raises(InputError, match=r"of broken fails in line 3 of .*use_case.py: TypeError: .*'unit'"):
        discovery.load(broken)


def test_the_others_are_listed_beside_one_that_fails(broken: str) -> None:
    kinds = {row["name"]: row["kind"] for row in use_case_rows()}
    assert kinds.pop(broken) == "broken"
    assert set(kinds.values()) == {"declared", "own code"}


def test_an_unknown_name_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(InputError, match=r"must be one of .*obesity.* \(got 'obese'\)"):
        discovery.load("obese")
